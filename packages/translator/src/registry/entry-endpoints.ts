import type { Config } from '../input/config.ts';
import { list, message, messageOrEmpty, type Reader, text } from '../input/reader.ts';
import type { ServiceEntry, WorkloadEntry } from '../input/service-entry.ts';
import { parseLocality } from '../proxy/locality.ts';
import { type ClusterPlace, networkLabel } from './cluster-registry.ts';
import type { MeshEndpoint, MeshService, ServicePort } from './mesh-service.ts';
import { selects, type Workload } from './workload.ts';

/** What ServiceEntries select from with `workloadSelector`: their own namespace's workloads. */
export interface SelectableWorkloads extends ClusterPlace {
  readonly workloads: Iterable<Workload>;
  readonly workloadEntries: readonly Config<WorkloadEntry>[];
}

interface EntrySource {
  readonly health: MeshEndpoint['health'];
  readonly entry: WorkloadEntry;
  readonly owner: { readonly name: string; readonly namespace: string };
}

/** Weight of endpoints that state none. */
const defaultWeight = 1;

/** Of WorkloadEntries whose agent checks the app. */
const healthChecksAnnotation = 'proxy.istio.io/health-checks-enabled';

interface Condition {
  readonly type: string | undefined;
  readonly status: string | undefined;
}

const conditions: Reader<{ readonly conditions: readonly Condition[] }> = messageOrEmpty({
  conditions: list(message<Condition>({ type: text, status: text })),
});

/** An entry with health checks is out of service until its condition `Healthy` says otherwise. */
const reportedHealth = ({ annotations, status }: Config<WorkloadEntry>): MeshEndpoint['health'] => {
  if (annotations.get(healthChecksAnnotation) !== 'true') return 'healthy';
  const found = conditions(status, 'status', () => undefined).conditions;
  const isHealthy = found.some((one) => one.type === 'Healthy' && one.status === 'True');
  return isHealthy ? 'healthy' : 'unhealthy';
};

const portNumber = (entry: WorkloadEntry, port: ServicePort): number =>
  entry.ports.get(port.name) ??
  (typeof port.targetPort === 'number' ? port.targetPort : port.number);

const entryEndpoint = (
  { entry, owner, health }: EntrySource,
  port: ServicePort,
  clusterId: string,
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
    health,
    network: entry.network ?? '',
    cluster: clusterId,
    mutualTls: entry.labels.get('security.istio.io/tlsMode') === 'istio',
  };
};

const podEndpoint = (
  workload: Workload,
  port: ServicePort,
  { clusterId, network }: ClusterPlace,
): MeshEndpoint | undefined => {
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
    network: workload.labels.get(networkLabel) ?? network,
    cluster: clusterId,
    mutualTls: workload.labels.get('security.istio.io/tlsMode') === 'istio',
  };
};

/** What the entry lists, or selects among WorkloadEntries, or, resolved by DNS without either, its host. */
const sourcesOf = (
  config: Config<ServiceEntry>,
  service: MeshService,
  { workloadEntries }: SelectableWorkloads,
): readonly EntrySource[] => {
  const { endpoints, workloadSelector } = config.spec;
  const health = 'healthy';
  if (endpoints.length > 0) return endpoints.map((entry) => ({ entry, owner: config, health }));
  if (workloadSelector !== undefined) {
    return workloadEntries
      .filter(
        ({ namespace, spec }) =>
          namespace === config.namespace && selects(workloadSelector.labels, spec.labels),
      )
      .map((entry) => ({ entry: entry.spec, owner: entry, health: reportedHealth(entry) }));
  }
  return service.resolution.startsWith('dns')
    ? [{ entry: { ...emptyEntry, address: service.hostname }, owner: config, health }]
    : [];
};

const selectedPods = (
  config: Config<ServiceEntry>,
  { workloads }: SelectableWorkloads,
): readonly Workload[] => {
  const { endpoints, workloadSelector } = config.spec;
  if (endpoints.length > 0 || workloadSelector === undefined) return [];
  return [...workloads].filter(
    ({ namespace, labels }) =>
      namespace === config.namespace && selects(workloadSelector.labels, labels),
  );
};

/** Endpoints of one host of a ServiceEntry, one for each address and service port. */
export const serviceEntryEndpoints = (
  config: Config<ServiceEntry>,
  service: MeshService,
  selectable: SelectableWorkloads,
): readonly MeshEndpoint[] => {
  const pods = selectedPods(config, selectable);
  const sources = sourcesOf(config, service, selectable);
  return [
    ...pods.flatMap((pod) =>
      service.ports.flatMap((port) => podEndpoint(pod, port, selectable) ?? []),
    ),
    ...sources.flatMap((source) =>
      service.ports.flatMap((port) => entryEndpoint(source, port, selectable.clusterId) ?? []),
    ),
  ];
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
