import { type Config, compareAge } from '../input/config.ts';
import type { EndpointSlice, KubeService } from '../input/core.ts';
import type { ServiceEntry, WorkloadEntry } from '../input/service-entry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { allocateAddresses } from '../registry/auto-allocation.ts';
import { serviceEntryEndpoints } from '../registry/entry-endpoints.ts';
import { kubernetesService } from '../registry/kubernetes-service.ts';
import { type MeshEndpoint, type MeshService, serviceKey } from '../registry/mesh-service.ts';
import { serviceEntryServices } from '../registry/service-entry-services.ts';
import { serviceNameLabel, sliceEndpoints } from '../registry/slice-endpoints.ts';
import type { Workload } from '../registry/workload.ts';

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

/** When a hostname is declared twice in a namespace, Kubernetes wins, else the older. */
export const buildServiceIndex = (
  kubeServices: readonly Config<KubeService>[],
  serviceEntries: readonly Config<ServiceEntry>[],
  mesh: MeshConfig,
): ServiceIndex => {
  const auto = allocateAddresses(serviceEntries.toSorted(compareAge));
  const entries = serviceEntries.map((config) => ({
    config,
    services: serviceEntryServices(config, mesh, auto),
  }));
  const byKey = new Map<string, MeshService>();
  for (const config of kubeServices) {
    const service = kubernetesService(config, mesh);
    byKey.set(serviceKey(service), service);
  }
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
  readonly slices: readonly Config<EndpointSlice>[];
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly workloadEntries: readonly Config<WorkloadEntry>[];
  readonly domainSuffix: string;
}

/** Endpoints by service key, in the order of slices and entries. */
export type EndpointIndex = ReadonlyMap<string, readonly MeshEndpoint[]>;

export const buildEndpointIndex = (
  index: ServiceIndex,
  { slices, workloads, workloadEntries, domainSuffix }: EndpointSources,
): EndpointIndex => {
  const result = new Map<string, MeshEndpoint[]>();
  const add = (key: string, endpoints: readonly MeshEndpoint[]): void => {
    const existing = result.get(key);
    if (existing === undefined) result.set(key, [...endpoints]);
    else existing.push(...endpoints);
  };
  for (const slice of slices) {
    const name = slice.labels.get(serviceNameLabel);
    if (name === undefined) continue;
    const hostname = `${name}.${slice.namespace}.svc.${domainSuffix}`;
    add(`${slice.namespace}/${hostname}`, sliceEndpoints(slice, workloads));
  }
  const selectable = { workloads: [...workloads.values()], workloadEntries };
  for (const { config, services } of index.entries) {
    for (const service of services) {
      const registered = index.byKey.get(serviceKey(service));
      if (registered !== service && registered?.registry !== 'Kubernetes') continue;
      add(serviceKey(service), serviceEntryEndpoints(config, service, selectable));
    }
  }
  return result;
};
