import { selectProtocol } from '@lateen/api';
import type { Config } from '../input/config.ts';
import type { KubeService, KubeServicePort } from '../input/core.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { MeshService, Resolution, ServicePort } from './mesh-service.ts';

/** Annotation with which a Service limits who sees it. */
const exportToAnnotation = 'networking.istio.io/exportTo';

const resolutionOf = (spec: KubeService): Resolution => {
  if (spec.type === 'ExternalName') return 'alias';
  return spec.clusterIP === 'None' ? 'passthrough' : 'client-side';
};

const portOf = (port: KubeServicePort): ServicePort | undefined => {
  if (port.port === undefined) return undefined;
  const protocol = selectProtocol({
    port: port.port,
    name: port.name ?? '',
    protocol: port.protocol,
    appProtocol: port.appProtocol,
  });
  if (protocol === 'UDP') return undefined;
  return {
    name: port.name ?? '',
    number: port.port,
    protocol,
    targetPort: port.targetPort || port.port,
  };
};

const addressesOf = (spec: KubeService): readonly string[] => {
  const addresses = spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return addresses.filter((address) => address !== '' && address !== 'None');
};

const exportToOf = (config: Config<KubeService>, mesh: MeshConfig): readonly string[] => {
  const annotated = config.annotations.get(exportToAnnotation);
  if (annotated === undefined) return mesh.defaultServiceExportTo;
  return annotated.split(',').map((entry) => entry.trim());
};

/**
 * `name.namespace.svc.cluster.local` and what the mesh needs to know of the Service behind it; what it
 * is among several clusters is for the caller to add.
 */
export const kubernetesService = (config: Config<KubeService>, mesh: MeshConfig): MeshService => ({
  hostname: `${config.name}.${config.namespace}.svc.${mesh.domainSuffix}`,
  name: config.name,
  namespace: config.namespace,
  registry: 'Kubernetes',
  resolution: resolutionOf(config.spec),
  meshExternal: config.spec.type === 'ExternalName',
  addresses: addressesOf(config.spec),
  autoAddresses: [],
  ports: config.spec.ports.flatMap((port) => portOf(port) ?? []),
  selector: config.spec.selector,
  labels: config.labels,
  exportTo: exportToOf(config, mesh),
  creationTimestamp: config.creationTimestamp,
  externalName: config.spec.externalName ?? '',
  subjectAltNames: [],
  inCluster: new Map(),
  isClusterLocal: false,
});
