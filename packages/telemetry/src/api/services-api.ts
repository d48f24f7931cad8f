import type { Service, ServiceEntry } from '@lateen/api';
import type { ServiceDetail, ServicePort, ServiceSummary } from '../contract/service.ts';
import type { Eyes } from '../eyes.ts';
import { seriesSteps } from '../graph/build-graph.ts';
import type { Call } from '../graph/call.ts';
import { combineHealth, readyHealth, requestHealth } from '../graph/health-rule.ts';
import { peerTraffic, sumOfCalls, trafficNow, trafficSeries } from '../graph/traffic-view.ts';
import type { MeshService } from '../mesh/mesh-service.ts';
import { ok, problem } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { chartWindow, nowWindowMs } from './window.ts';

const servicePorts = ({ spec }: Service): readonly ServicePort[] =>
  (spec?.ports ?? []).map(({ name, port, targetPort, protocol, nodePort }) => ({
    name: name ?? '',
    port,
    targetPort: String(targetPort ?? port),
    protocol: protocol ?? 'TCP',
    ...(nodePort !== undefined && { nodePort }),
  }));

const entryPorts = ({ spec }: ServiceEntry): readonly ServicePort[] =>
  (spec.ports ?? []).map(({ name, number, targetPort, protocol }) => ({
    name,
    port: number,
    targetPort: String(targetPort ?? number),
    protocol: protocol ?? 'TCP',
  }));

const kindFields = ({ kind, object }: MeshService) =>
  kind === 'Service'
    ? {
        type: (object as Service).spec?.type ?? 'ClusterIP',
        clusterIp: (object as Service).spec?.clusterIP ?? '',
        ports: servicePorts(object as Service),
      }
    : {
        type: (object as ServiceEntry).spec.location ?? 'MESH_EXTERNAL',
        clusterIp: (object as ServiceEntry).spec.addresses?.[0] ?? '',
        ports: entryPorts(object as ServiceEntry),
      };

/** Whether a call was for a service: by its name, or by one of its hosts. */
const isFor = ({ service }: Call, { namespace, name, hosts, kind }: MeshService): boolean =>
  (kind === 'Service' && service.name === name && service.namespace === namespace) ||
  hosts.includes(service.host.replace(/:\d+$/, ''));

/** Endpoint addresses, counted once however many ports they have. */
const endpointCounts = ({ endpoints }: MeshService) => {
  const ready = new Set(endpoints.filter((one) => one.ready).map(({ address }) => address));
  const total = new Set(endpoints.map(({ address }) => address));
  return { ready: ready.size, total: total.size };
};

const summaryOf = (
  service: MeshService,
  { calls, seconds }: { readonly calls: readonly Call[]; readonly seconds: number },
): ServiceSummary => {
  const endpoints = endpointCounts(service);
  const own = calls.filter((call) => isFor(call, service));
  return {
    kind: service.kind,
    namespace: service.namespace,
    name: service.name,
    ...kindFields(service),
    hosts: service.hosts,
    endpoints,
    versions: [...new Set(service.workloads.map(({ version }) => version))].sort(),
    health: combineHealth(
      requestHealth(sumOfCalls(own)),
      readyHealth(endpoints.ready, endpoints.total, 'endpoints-not-ready'),
    ),
    traffic: trafficNow(own, seconds),
    config: service.config,
  };
};

const byName = (left: MeshService, right: MeshService): number =>
  `${left.namespace}/${left.name}` < `${right.namespace}/${right.name}` ? -1 : 1;

const endpointRows = (service: MeshService): ServiceDetail['endpointRows'] =>
  service.endpoints.map(({ address, port, ready, pod, node }) => {
    const workload = service.workloads.find(({ pods }) =>
      pods.some(({ metadata }) => metadata.name === pod),
    );
    return {
      ...{ address, port, ready, pod, node },
      workload: workload?.name ?? '',
      version: workload?.version ?? '',
    };
  });

const detailOf = (service: MeshService, eyes: Eyes, windowMs: number): ServiceDetail => {
  const { calls, range } = eyes.calls(windowMs);
  const own = calls.filter((call) => isFor(call, service));
  const now = eyes.calls(nowWindowMs);
  const atMs = eyes.store.rounds.newestMs;
  const { spec, metadata } = service.object as Service;
  return {
    ...summaryOf(service, { calls: now.calls, seconds: now.range.seconds }),
    selector: service.kind === 'Service' ? (spec?.selector ?? {}) : {},
    labels: metadata.labels ?? {},
    endpointRows: endpointRows(service),
    inbound: trafficSeries(own, seriesSteps(eyes.store, { atMs, windowMs })),
    callers: peerTraffic(own, 'source', range.seconds),
    workloads: peerTraffic(own, 'target', range.seconds),
  };
};

/** `GET services`, `GET services/{namespace}/{name}`. */
export const serviceRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'services',
    handle: ({ query }) => {
      const namespaces = new Set(query.list('namespaces'));
      const { calls, range } = eyes.calls(nowWindowMs);
      const services = [...eyes.model().services.values()]
        .filter(({ namespace }) => namespaces.size === 0 || namespaces.has(namespace))
        .toSorted(byName)
        .map((service) => summaryOf(service, { calls, seconds: range.seconds }));
      return ok({ services });
    },
  },
  {
    method: 'GET',
    path: 'services/{namespace}/{name}',
    handle: ({ params, query }) => {
      const { services } = eyes.model();
      const key = `${params['namespace']}/${params['name']}`;
      const service = services.get(key) ?? services.get(`ServiceEntry/${key}`);
      return service === undefined
        ? problem('not-found', `there is no service ${key}`)
        : ok(detailOf(service, eyes, chartWindow(query)));
    },
  },
];
