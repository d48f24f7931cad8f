import type { PushContext } from '@lateen/translator';

type MeshService = PushContext['services']['services'][number];

/** istiod's `/debug/registryz`: the services of the mesh, oldest first, under istiod's field names. */
export const registryServices = (push: PushContext | undefined): readonly unknown[] =>
  (push?.services.services ?? []).map(registryService);

/** By cluster; a host of a ServiceEntry is the same everywhere. */
const addressesOf = ({ inCluster, addresses }: MeshService): Readonly<Record<string, unknown>> =>
  inCluster.size === 0
    ? { Kubernetes: addresses }
    : Object.fromEntries([...inCluster].map(([cluster, own]) => [cluster, own.addresses]));

const registryService = (service: MeshService): unknown => ({
  hostname: service.hostname,
  creationTime: service.creationTimestamp,
  clusterVIPs: { Addresses: addressesOf(service) },
  ports: service.ports.map(({ name, number, protocol }) => ({ name, port: number, protocol })),
  Resolution: service.resolution,
  MeshExternal: service.meshExternal,
  Attributes: {
    ServiceRegistry: service.registry,
    Name: service.name,
    Namespace: service.namespace,
    Labels: Object.fromEntries(service.labels),
    LabelSelectors: Object.fromEntries(service.selector),
    ExportTo: service.exportTo,
  },
});
