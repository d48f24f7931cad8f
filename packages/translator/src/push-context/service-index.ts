import { type Config, compareAge } from '../input/config.ts';
import type { ServiceEntry, WorkloadEntry } from '../input/service-entry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { allocateAddresses } from '../registry/auto-allocation.ts';
import { clusterLocality } from '../registry/cluster-local.ts';
import type { ClusterRegistry } from '../registry/cluster-registry.ts';
import { serviceEntryEndpoints } from '../registry/entry-endpoints.ts';
import { kubernetesService } from '../registry/kubernetes-service.ts';
import {
  type ClusterService,
  type MeshEndpoint,
  type MeshService,
  serviceKey,
} from '../registry/mesh-service.ts';
import { serviceEntryServices } from '../registry/service-entry-services.ts';
import { serviceNameLabel, sliceEndpoints } from '../registry/slice-endpoints.ts';

/** A ServiceEntry with the services it makes. */
interface EntryServices {
  readonly config: Config<ServiceEntry>;
  readonly services: readonly MeshService[];
}

/** All services of the mesh, oldest first, Kubernetes before ServiceEntries of the same name. */
export interface ServiceIndex {
  readonly services: readonly MeshService[];
  readonly byHostname: ReadonlyMap<string, readonly MeshService[]>;
  readonly byKey: ReadonlyMap<string, MeshService>;
  readonly entries: readonly EntryServices[];
}

const compareServices = (left: MeshService, right: MeshService): number => {
  const keyOf = ({ creationTimestamp, name, namespace }: MeshService): string =>
    `${creationTimestamp}\n${name}\n${namespace}`;
  const [one, other] = [keyOf(left), keyOf(right)];
  return one === other ? 0 : one < other ? -1 : 1;
};

/** The services of all clusters; those of one name are one, which knows what it is in each cluster. */
const kubernetesServices = (
  registries: readonly ClusterRegistry[],
  mesh: MeshConfig,
): Map<string, MeshService> => {
  const isLocal = clusterLocality(mesh);
  const found = new Map<
    string,
    MeshService & { readonly inCluster: Map<string, ClusterService> }
  >();
  for (const { clusterId, services } of registries) {
    for (const config of services) {
      const own = kubernetesService(config, mesh);
      const key = serviceKey(own);
      const known = found.get(key) ?? {
        ...own,
        inCluster: new Map<string, ClusterService>(),
        isClusterLocal: isLocal(own.hostname),
      };
      known.inCluster.set(clusterId, own);
      found.set(key, known);
    }
  }
  return new Map(found);
};

/**
 * When a hostname is declared twice in a namespace, Kubernetes wins, else the older. The first registry is
 * the proxies' own: what other clusters say of a service it has counts for endpoints only.
 */
export const buildServiceIndex = (
  registries: readonly ClusterRegistry[],
  serviceEntries: readonly Config<ServiceEntry>[],
  mesh: MeshConfig,
): ServiceIndex => {
  const auto = allocateAddresses(serviceEntries.toSorted(compareAge));
  const entries = serviceEntries.map((config) => ({
    config,
    services: serviceEntryServices(config, mesh, auto),
  }));
  const byKey = kubernetesServices(registries, mesh);
  for (const service of entries.flatMap((entry) => entry.services)) {
    const existing = byKey.get(serviceKey(service));
    if (existing === undefined) byKey.set(serviceKey(service), service);
  }
  const services = [...byKey.values()].sort(compareServices);
  return {
    services,
    byKey,
    entries,
    byHostname: Map.groupBy(services, ({ hostname }) => hostname),
  };
};

/** What endpoints are computed from besides services. */
export interface EndpointSources {
  /** The proxies' own first. */
  readonly registries: readonly ClusterRegistry[];
  readonly workloadEntries: readonly Config<WorkloadEntry>[];
  readonly domainSuffix: string;
}

/** Endpoints by service key, in the order of slices and entries. */
export type EndpointIndex = ReadonlyMap<string, readonly MeshEndpoint[]>;

type Found = readonly (readonly [key: string, endpoints: readonly MeshEndpoint[]])[];

const fromSlices = (registry: ClusterRegistry, domainSuffix: string): Found =>
  registry.slices.flatMap((slice) => {
    const name = slice.labels.get(serviceNameLabel);
    if (name === undefined) return [];
    const hostname = `${name}.${slice.namespace}.svc.${domainSuffix}`;
    return [[`${slice.namespace}/${hostname}`, sliceEndpoints(slice, registry)] as const];
  });

const fromEntries = (
  { entries, byKey }: ServiceIndex,
  { registries: [own], workloadEntries }: EndpointSources,
): Found => {
  const selectable = {
    workloads: [...(own?.workloads.values() ?? [])],
    workloadEntries,
    clusterId: own?.clusterId ?? '',
    network: own?.network ?? '',
  };
  return entries.flatMap(({ config, services }) =>
    services.flatMap((service) => {
      const key = serviceKey(service);
      const registered = byKey.get(key);
      if (registered !== service && registered?.registry !== 'Kubernetes') return [];
      return [[key, serviceEntryEndpoints(config, service, selectable)] as const];
    }),
  );
};

export const buildEndpointIndex = (
  index: ServiceIndex,
  sources: EndpointSources,
): EndpointIndex => {
  const result = new Map<string, MeshEndpoint[]>();
  const found = [
    ...sources.registries.flatMap((registry) => fromSlices(registry, sources.domainSuffix)),
    ...fromEntries(index, sources),
  ];
  for (const [key, endpoints] of found) {
    const existing = result.get(key);
    if (existing === undefined) result.set(key, [...endpoints]);
    else existing.push(...endpoints);
  }
  return result;
};
