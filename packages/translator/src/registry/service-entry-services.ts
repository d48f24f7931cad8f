import { parseProtocol } from '@lateen/api';
import type { Config } from '../input/config.ts';
import type { ServiceEntry, ServiceEntryPort } from '../input/service-entry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { type AutoAddresses, autoAddressKey } from './auto-allocation.ts';
import type { MeshService, Resolution, ServicePort } from './mesh-service.ts';

const resolutions: Readonly<Record<NonNullable<ServiceEntry['resolution']>, Resolution>> = {
  NONE: 'passthrough',
  STATIC: 'client-side',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns-round-robin',
  DYNAMIC_DNS: 'dynamic-dns',
};

const portOf = (port: ServiceEntryPort): ServicePort | undefined => {
  if (port.number === undefined) return undefined;
  return {
    name: port.name ?? '',
    number: port.number,
    protocol: parseProtocol(port.protocol ?? ''),
    targetPort: port.targetPort || port.number,
  };
};

/** One service for each host of a ServiceEntry; all share its ports, addresses and endpoints. */
export const serviceEntryServices = (
  config: Config<ServiceEntry>,
  mesh: MeshConfig,
  auto: AutoAddresses,
): readonly MeshService[] => {
  const { spec } = config;
  const shared = {
    name: config.name,
    namespace: config.namespace,
    registry: 'External' as const,
    resolution: resolutions[spec.resolution ?? 'NONE'],
    meshExternal: spec.location !== 'MESH_INTERNAL',
    addresses: spec.addresses,
    ports: spec.ports.flatMap((port) => portOf(port) ?? []),
    selector: spec.workloadSelector?.labels ?? new Map<string, string>(),
    labels: config.labels,
    exportTo: spec.exportTo.length > 0 ? spec.exportTo : mesh.defaultServiceExportTo,
    creationTimestamp: config.creationTimestamp,
    externalName: '',
    subjectAltNames: spec.subjectAltNames,
    inCluster: new Map(),
    isClusterLocal: false,
  };
  return spec.hosts.map((hostname) => ({
    ...shared,
    hostname,
    autoAddresses: auto.get(autoAddressKey(config, hostname)) ?? [],
  }));
};
