import type { Config } from '../input/config.ts';
import type { ServiceEntry, WorkloadEntry } from '../input/service-entry.ts';
import { parseLocality } from '../proxy/locality.ts';
import type { MeshEndpoint, MeshService, ServicePort } from './mesh-service.ts';
import { selects, type Workload } from './workload.ts';

/** What ServiceEntries select from with `workloadSelector`: their own namespace's workloads. */
export interface SelectableWorkloads {
  readonly workloads: Iterable<Workload>;
  readonly workloadEntries: readonly Config<WorkloadEntry>[];
}

interface EntrySource {
  readonly entry: WorkloadEntry;
  readonly owner: { readonly name: string; readonly namespace: string };
}

/** Weight of endpoints that state none. */
const defaultWeight = 1;

const portNumber = (entry: WorkloadEntry, port: ServicePort): number =>
  entry.ports.get(port.name) ??
  (typeof port.targetPort === 'number' ? port.targetPort : port.number);

const entryEndpoint = (
  entry: WorkloadEntry,
  port: ServicePort,
  owner: { readonly name: string; readonly namespace: string },
): MeshEndpoint | undefined => {
  if (entry.address === undefined || entry.address === '') return undefined;
  return {
    address: entry.address,
    port: portNumber(entry, port),
    servicePortName: port.name,
    labels: entry.labels,
    namespace: owner.namespace,
    serviceAccount: entry.serviceAccount ?? '',
    workloadName: owner.name,
    locality: parseLocality(entry.locality ?? ''),
    weight: Math.max(entry.weight ?? defaultWeight, defaultWeight),
    health: 'healthy',
    network: entry.network ?? '',
    mutualTls: entry.labels.get('security.istio.io/tlsMode') === 'istio',
  };
};

const podEndpoint = (workload: Workload, port: ServicePort): MeshEndpoint | undefined => {
  const number =
    typeof port.targetPort === 'number'
      ? port.targetPort
      : workload.namedPorts.get(port.targetPort);
  if (workload.address === '' || number === undefined) return undefined;
  return {
    address: workload.address,
    port: number,
    servicePortName: port.name,
    labels: workload.labels,
    namespace: workload.namespace,
    serviceAccount: workload.serviceAccount,
    workloadName: workload.name,
    locality: workload.locality,
    weight: defaultWeight,
    health: 'healthy',
    network: '',
    mutualTls: workload.labels.get('security.istio.io/tlsMode') === 'istio',
  };
};

/**
 * Endpoints of one host of a ServiceEntry: those it lists, or those it selects, or, resolved by
 * DNS without either, the host itself.
 */
export const serviceEntryEndpoints = (
  config: Config<ServiceEntry>,
  service: MeshService,
  selectable: SelectableWorkloads,
): readonly MeshEndpoint[] => {
  const { spec } = config;
  const result: (MeshEndpoint | undefined)[] = [];
  const sources: EntrySource[] = spec.endpoints.map((entry) => ({ entry, owner: config }));
  const selector = spec.workloadSelector?.labels;
  if (selector !== undefined && spec.endpoints.length === 0) {
    for (const entry of selectable.workloadEntries) {
      if (entry.namespace !== config.namespace) continue;
      if (selects(selector, entry.spec.labels)) sources.push({ entry: entry.spec, owner: entry });
    }
    for (const workload of selectable.workloads) {
      if (workload.namespace !== config.namespace || !selects(selector, workload.labels)) continue;
      for (const port of service.ports) result.push(podEndpoint(workload, port));
    }
  } else if (sources.length === 0 && service.resolution.startsWith('dns')) {
    const itself = { ...emptyEntry, address: service.hostname };
    sources.push({ entry: itself, owner: config });
  }
  for (const { entry, owner } of sources) {
    for (const port of service.ports) result.push(entryEndpoint(entry, port, owner));
  }
  return result.filter((endpoint) => endpoint !== undefined);
};

const emptyEntry: WorkloadEntry = {
  address: undefined,
  ports: new Map(),
  labels: new Map(),
  network: undefined,
  locality: undefined,
  weight: undefined,
  serviceAccount: undefined,
};
