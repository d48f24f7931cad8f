import type { ContainerStatus, Pod } from '@lateen/api';
import type {
  ContainerRow,
  PodRow,
  WorkloadDetail,
  WorkloadSummary,
} from '../contract/workload.ts';
import type { Eyes } from '../eyes.ts';
import { seriesSteps } from '../graph/build-graph.ts';
import type { Call, CallEnd } from '../graph/call.ts';
import { combineHealth, readyHealth, requestHealth } from '../graph/health-rule.ts';
import { peerTraffic, sumOfCalls, trafficNow, trafficSeries } from '../graph/traffic-view.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import { isReady, type MeshWorkload } from '../mesh/mesh-workload.ts';
import { ok, problem } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { chartWindow, nowWindowMs } from './window.ts';

const isOf = (end: CallEnd, { namespace, name }: MeshWorkload): boolean =>
  end.workload === name && end.namespace === namespace;

const sidesOf = (calls: readonly Call[], workload: MeshWorkload) => ({
  inbound: calls.filter(({ target }) => isOf(target, workload)),
  outbound: calls.filter(({ source }) => isOf(source, workload)),
});

const summaryOf = (
  workload: MeshWorkload,
  { calls, seconds }: { readonly calls: readonly Call[]; readonly seconds: number },
): WorkloadSummary => {
  const { kind, namespace, name, app, version, pods, desired, hasProxy, isGateway } = workload;
  const { inbound, outbound } = sidesOf(calls, workload);
  const ready = pods.filter(isReady).length;
  const total = desired ?? pods.length;
  const telling = inbound.length > 0 ? inbound : outbound;
  return {
    ...{ kind, namespace, name, app, version, isGateway },
    isInjected: hasProxy,
    pods: { ready, total },
    health: combineHealth(
      requestHealth(sumOfCalls(telling)),
      readyHealth(ready, total, 'replicas-missing'),
    ),
    inbound: trafficNow(inbound, seconds),
    outbound: trafficNow(outbound, seconds),
  };
};

const stateText = ({ state }: ContainerStatus): string => {
  if (state?.running !== undefined) return 'running';
  if (state?.terminated !== undefined)
    return `terminated: ${state.terminated.reason ?? `exit code ${state.terminated.exitCode}`}`;
  return `waiting: ${state?.waiting?.reason ?? 'ContainerCreating'}`;
};

const containerRows = ({ spec, status }: Pod): readonly ContainerRow[] => {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return [...spec.containers, ...(spec.initContainers ?? [])].map(({ name, image }) => {
    const found = statuses.find((one) => one.name === name);
    return {
      name,
      image: image ?? '',
      ready: found?.ready ?? false,
      restarts: found?.restartCount ?? 0,
      state: found === undefined ? 'waiting: ContainerCreating' : stateText(found),
    };
  });
};

const podRow = (pod: Pod): PodRow => ({
  name: pod.metadata.name,
  ip: pod.status?.podIP ?? '',
  phase: pod.status?.phase ?? 'Pending',
  ready: isReady(pod),
  startedAtMs: Date.parse(pod.status?.startTime ?? '') || 0,
  containers: containerRows(pod),
});

const trustDomain = 'cluster.local';

const detailOf = (
  workload: MeshWorkload,
  {
    eyes,
    model,
    windowMs,
  }: { readonly eyes: Eyes; readonly model: MeshModel; readonly windowMs: number },
): WorkloadDetail => {
  const { calls, range } = eyes.calls(windowMs);
  const now = eyes.calls(nowWindowMs);
  const { inbound, outbound } = sidesOf(calls, workload);
  const { namespace, name, labels, serviceAccount, hasProxy, pods } = workload;
  const services = model.servicesOfWorkload.get(`${namespace}/${name}`) ?? [];
  const steps = seriesSteps(eyes.store, { atMs: eyes.store.rounds.newestMs, windowMs });
  return {
    ...summaryOf(workload, { calls: now.calls, seconds: now.range.seconds }),
    labels,
    serviceAccount,
    principal: hasProxy ? `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}` : '',
    podRows: pods.map(podRow),
    services: services.map((service) => service.name),
    config: services.flatMap(({ config }) => config),
    inboundSeries: trafficSeries(inbound, steps),
    outboundSeries: trafficSeries(outbound, steps),
    callers: peerTraffic(inbound, 'source', range.seconds),
    callees: peerTraffic(outbound, 'target', range.seconds),
  };
};

const byName = (left: MeshWorkload, right: MeshWorkload): number =>
  `${left.namespace}/${left.name}` < `${right.namespace}/${right.name}` ? -1 : 1;

/** `GET workloads`, `GET workloads/{namespace}/{name}`. */
export const workloadRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'workloads',
    handle: ({ query }) => {
      const namespaces = new Set(query.list('namespaces'));
      const { calls, range } = eyes.calls(nowWindowMs);
      const workloads = [...eyes.model().workloads.values()]
        .filter(({ namespace }) => namespaces.size === 0 || namespaces.has(namespace))
        .toSorted(byName)
        .map((workload) => summaryOf(workload, { calls, seconds: range.seconds }));
      return ok({ workloads });
    },
  },
  {
    method: 'GET',
    path: 'workloads/{namespace}/{name}',
    handle: ({ params, query }) => {
      const model = eyes.model();
      const key = `${params['namespace']}/${params['name']}`;
      const workload = model.workloads.get(key);
      return workload === undefined
        ? problem('not-found', `there is no workload ${key}`)
        : ok(detailOf(workload, { eyes, model, windowMs: chartWindow(query) }));
    },
  },
];
