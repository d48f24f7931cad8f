import type {
  DestinationRule,
  EndpointSlice,
  KubeObject,
  Namespace,
  Pod,
  Service,
  ServiceEntry,
  VirtualService,
} from '@lateen/api';
import type { NamespaceRow } from '../contract/status.ts';
import { indexRules, type MeshService, meshServices } from './mesh-service.ts';
import { type MeshWorkload, meshWorkloads } from './mesh-workload.ts';

/** The mesh as its objects describe it, indexed for the graph and the pages. */
export interface MeshModel {
  readonly cluster: string;
  /** By `namespace/name`. */
  readonly workloads: ReadonlyMap<string, MeshWorkload>;
  /** Services by `namespace/name`; ServiceEntries by `ServiceEntry/namespace/name`. */
  readonly services: ReadonlyMap<string, MeshService>;
  /** By full host name. */
  readonly servicesByHost: ReadonlyMap<string, MeshService>;
  /** Services (no ServiceEntries) that select a workload, by `namespace/name`. */
  readonly servicesOfWorkload: ReadonlyMap<string, readonly MeshService[]>;
  readonly namespaces: readonly NamespaceRow[];
}

/** Reads objects of a kind. */
export interface ObjectSource {
  list<T extends KubeObject>(kind: string): readonly T[];
}

/** Istio's root namespace. */
export const rootNamespace = 'istio-system';

const isInjected = ({ metadata: { labels = {} } }: Namespace): boolean =>
  labels['istio-injection'] === 'enabled' ||
  (labels['istio-injection'] === undefined && labels['istio.io/rev'] !== undefined);

const namespaceRows = (namespaces: readonly Namespace[]): readonly NamespaceRow[] =>
  namespaces
    .map((namespace) => ({
      name: namespace.metadata.name,
      isInjected: isInjected(namespace),
      isControlPlane: namespace.metadata.name === rootNamespace,
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));

/** Computes the model of what the objects say now. Malformed objects of users are left out, not thrown at. */
export const meshModel = (objects: ObjectSource, cluster: string): MeshModel => {
  const withSpec = <T extends KubeObject>(kind: string): readonly T[] =>
    objects.list<T>(kind).filter(({ spec }) => typeof spec === 'object' && spec !== null);
  const workloads = meshWorkloads(withSpec<Pod>('Pod'), [
    ...withSpec('Deployment'),
    ...withSpec('StatefulSet'),
    ...withSpec('DaemonSet'),
  ]);
  const services = meshServices({
    services: objects.list<Service>('Service'),
    serviceEntries: withSpec<ServiceEntry>('ServiceEntry'),
    slices: objects.list<EndpointSlice>('EndpointSlice'),
    rules: indexRules(
      withSpec<VirtualService>('VirtualService'),
      withSpec<DestinationRule>('DestinationRule'),
    ),
    workloads,
  });
  const servicesOfWorkload = new Map<string, MeshService[]>();
  const servicesByHost = new Map<string, MeshService>();
  for (const service of services.values()) {
    for (const host of service.hosts) servicesByHost.set(host, service);
    if (service.kind !== 'Service') continue;
    for (const { namespace, name } of service.workloads) {
      const key = `${namespace}/${name}`;
      servicesOfWorkload.set(key, [...(servicesOfWorkload.get(key) ?? []), service]);
    }
  }
  return {
    cluster,
    workloads,
    services,
    servicesByHost,
    servicesOfWorkload,
    namespaces: namespaceRows(objects.list<Namespace>('Namespace')),
  };
};
