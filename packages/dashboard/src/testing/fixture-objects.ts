import type {
  GraphNode,
  PeerTraffic,
  ProxyConfigDump,
  ProxyRow,
  ServiceDetail,
  ServiceSummary,
  Status,
  WorkloadDetail,
  WorkloadSummary,
} from '@lateen/telemetry/contract';
import type { FixtureMesh } from './fixture-mesh.ts';
import { trafficNow, trafficSeries } from './fixture-traffic.ts';

const started = Date.now() - 3_600_000;

/** `GET status`. */
export const statusOf = (mesh: FixtureMesh): Status => ({
  product: 'Lateen',
  version: '0.1.0',
  nowMs: Date.now(),
  startedAtMs: started,
  cluster: 'Kubernetes',
  namespaces: [...new Set(mesh.nodes.map(({ namespace }) => namespace))]
    .filter((name) => name !== '')
    .sort()
    .map((name) => ({
      name,
      isInjected: name !== 'istio-system',
      isControlPlane: name === 'istio-system',
    })),
  access: { canWrite: true, reason: '', tokenAccepted: false },
  kubernetes: { ok: true, server: 'https://127.0.0.1:6443', error: '' },
  istiod: { ok: true, version: '1.30.0', error: '' },
  proxies: { total: 8, synced: 8, scraped: 8 },
  metrics: {
    source: 'embedded',
    error: '',
    url: '',
    scrapeIntervalMs: 5000,
    retentionMs: 900_000,
    series: { used: 1200, limit: 60_000, evicted: 0 },
    bytes: { used: 4_000_000, limit: 64_000_000, evicted: 0 },
  },
  tracing: {
    source: 'embedded',
    error: '',
    url: '',
    traces: { used: 40, limit: 5000, evicted: 0 },
    spans: { used: 320, limit: 100_000, evicted: 0 },
    bytes: { used: 900_000, limit: 64_000_000, evicted: 0 },
    otlpPort: 4318,
    otlpGrpcPort: 4317,
    zipkinPort: 9411,
  },
  warnings: [],
});

const rateInto = (mesh: FixtureMesh, names: readonly string[]): number =>
  mesh.flows.filter(({ to }) => names.includes(to)).reduce((sum, { rate }) => sum + rate, 0);

const errorsInto = (mesh: FixtureMesh, names: readonly string[]): number =>
  Math.max(
    0,
    ...mesh.flows.filter(({ to }) => names.includes(to)).map(({ errors }) => errors ?? 0),
  );

const peers = (mesh: FixtureMesh, ids: readonly string[], direction: 'in' | 'out'): PeerTraffic[] =>
  mesh.flows
    .filter(({ from, to }) => ids.includes(direction === 'in' ? to : from))
    .map((flow) => {
      const other = mesh.nodes.find(({ id }) => id === (direction === 'in' ? flow.from : flow.to));
      return {
        peer: {
          namespace: other?.namespace ?? '',
          name: other?.workload ?? other?.name ?? '',
          version: other?.version ?? '',
        },
        protocol: flow.protocol ?? 'http',
        requestsPerSecond: flow.rate,
        errorShare: flow.errors ?? 0,
        p95Ms: (flow.p50 ?? 10) * 2.6,
        mtlsShare: 1,
      };
    });

/** `GET services`. */
export const servicesOf = (mesh: FixtureMesh): ServiceSummary[] => {
  const groups = Map.groupBy(
    mesh.nodes.filter(({ namespace }) => namespace !== ''),
    ({ namespace, name }) => `${namespace}/${name}`,
  );
  return [...groups].sort().map(([key, nodes]) => {
    const [namespace = '', name = ''] = key.split('/');
    const ids = nodes.map(({ id }) => id);
    const errors = errorsInto(mesh, ids);
    return {
      kind: 'Service',
      namespace,
      name,
      type: name.includes('gateway') ? 'LoadBalancer' : 'ClusterIP',
      clusterIp: '127.7.128.14',
      hosts: [`${name}.${namespace}.svc.cluster.local`],
      ports: [{ name: 'http', port: 9080, targetPort: '9080', protocol: 'TCP' }],
      endpoints: { ready: nodes.length, total: nodes.length },
      versions: nodes.map(({ version }) => version ?? '').filter((version) => version !== ''),
      health:
        errors > 0.03 ? { state: 'degraded', reasons: [] } : { state: 'healthy', reasons: [] },
      traffic: trafficNow(rateInto(mesh, ids), errors, 14),
      config:
        name === 'reviews'
          ? [
              { kind: 'VirtualService', namespace, name: 'reviews' },
              { kind: 'DestinationRule', namespace, name: 'reviews' },
            ]
          : [],
    };
  });
};

/** `GET services/{namespace}/{name}`. */
export const serviceOf = (
  mesh: FixtureMesh,
  namespace: string,
  name: string,
): ServiceDetail | undefined => {
  const summary = servicesOf(mesh).find(
    (each) => each.namespace === namespace && each.name === name,
  );
  if (summary === undefined) return undefined;
  const nodes = mesh.nodes.filter((node) => node.namespace === namespace && node.name === name);
  const ids = nodes.map(({ id }) => id);
  return {
    ...summary,
    selector: { app: name },
    labels: { app: name, service: name },
    endpointRows: nodes.map((node, index) => ({
      address: `127.7.0.${index + 10}`,
      port: 9080,
      ready: true,
      pod: `${node.workload ?? node.name}-7d9f8`,
      workload: node.workload ?? node.name,
      version: node.version ?? '',
      node: 'lateen',
    })),
    inbound: trafficSeries(rateInto(mesh, ids), errorsInto(mesh, ids), 14),
    callers: peers(mesh, ids, 'in'),
    workloads: nodes.map((node) => ({
      peer: { namespace, name: node.workload ?? node.name, version: node.version ?? '' },
      protocol: 'http',
      requestsPerSecond: rateInto(mesh, [node.id]),
      errorShare: errorsInto(mesh, [node.id]),
      p95Ms: 31,
      mtlsShare: 1,
    })),
  };
};

const isWorkload = ({ kind }: GraphNode): boolean => kind === 'workload' || kind === 'gateway';

/** `GET workloads`. */
export const workloadsOf = (mesh: FixtureMesh): WorkloadSummary[] =>
  mesh.nodes.filter(isWorkload).map((node) => {
    const errors = errorsInto(mesh, [node.id]);
    const out = peers(mesh, [node.id], 'out');
    return {
      kind: 'Deployment',
      namespace: node.namespace,
      name: node.workload ?? node.name,
      app: node.app ?? '',
      version: node.version ?? '',
      pods: { ready: 1, total: 1 },
      isInjected: node.kind === 'workload',
      isGateway: node.kind === 'gateway',
      health: node.health,
      inbound: trafficNow(rateInto(mesh, [node.id]), errors, 14),
      outbound: trafficNow(
        out.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0),
        0,
        9,
      ),
    };
  });

/** `GET workloads/{namespace}/{name}`. */
export const workloadOf = (
  mesh: FixtureMesh,
  namespace: string,
  name: string,
): WorkloadDetail | undefined => {
  const summary = workloadsOf(mesh).find(
    (each) => each.namespace === namespace && each.name === name,
  );
  const node = mesh.nodes.find(
    (each) => each.namespace === namespace && (each.workload ?? each.name) === name,
  );
  if (summary === undefined || node === undefined) return undefined;
  const container = {
    image: 'docker.io/istio/examples:1.20',
    ready: true,
    restarts: 0,
    state: 'running',
  };
  return {
    ...summary,
    labels: { app: summary.app, version: summary.version },
    serviceAccount: `bookinfo-${node.name}`,
    principal: `spiffe://cluster.local/ns/${namespace}/sa/bookinfo-${node.name}`,
    podRows: [
      {
        name: `${name}-7d9f8b6c5-x2k4p`,
        ip: '127.7.0.14',
        phase: 'Running',
        ready: true,
        startedAtMs: started,
        containers: [
          { name: node.name, ...container },
          { name: 'istio-proxy', ...container, image: 'lateen/proxyv2' },
        ],
      },
    ],
    services: [node.name],
    config: [],
    inboundSeries: trafficSeries(summary.inbound.requestsPerSecond, 0.01, 14),
    outboundSeries: trafficSeries(summary.outbound.requestsPerSecond, 0, 9),
    callers: peers(mesh, [node.id], 'in'),
    callees: peers(mesh, [node.id], 'out'),
  };
};

const synced = { state: 'SYNCED', error: '' } as const;

/** `GET proxies`. */
export const proxiesOf = (mesh: FixtureMesh): ProxyRow[] =>
  workloadsOf(mesh).map((workload, index) => ({
    id: `${workload.name}-7d9f8b6c5-x2k4p.${workload.namespace}`,
    namespace: workload.namespace,
    pod: `${workload.name}-7d9f8b6c5-x2k4p`,
    cluster: 'Kubernetes',
    istiod: 'istiod-7c5',
    version: '1.30.0',
    type: workload.isGateway ? 'router' : 'sidecar',
    cds: synced,
    lds: index === 4 ? { state: 'ERROR', error: 'listener 0.0.0.0_9080: address in use' } : synced,
    eds: synced,
    rds: index === 3 ? { state: 'STALE', error: '' } : synced,
    sds: synced,
    scrape: {
      ok: true,
      lastMs: Date.now() - 1800,
      durationMs: 4,
      samples: 900,
      bytes: 81_000,
      error: '',
    },
  }));

/** `GET proxies/{namespace}/{pod}/config`. */
export const dumpOf = (id: string): ProxyConfigDump => ({
  id,
  listeners: [
    {
      name: '0.0.0.0_9080',
      address: '0.0.0.0',
      port: 9080,
      match: 'ALL',
      destination: 'Route: 9080',
    },
    {
      name: 'virtualInbound',
      address: '127.7.0.14',
      port: 9080,
      match: 'transport: tls; ALPN: istio-peer-exchange',
      destination: 'Cluster: inbound|9080||',
    },
  ],
  routes: [
    {
      name: '9080',
      virtualHost: 'reviews.default.svc.cluster.local:9080',
      domains: ['reviews', 'reviews.default', '127.7.128.14'],
      match: '/*',
      virtualService: 'reviews.default',
      destination: 'reviews|v1 50 %, reviews|v2 50 %',
    },
    {
      name: '9080',
      virtualHost: 'details.default.svc.cluster.local:9080',
      domains: ['details'],
      match: '/*',
      virtualService: '',
      destination: 'details',
    },
  ],
  clusters: [
    {
      name: 'outbound|9080|v1|reviews.default.svc.cluster.local',
      fqdn: 'reviews.default.svc.cluster.local',
      port: 9080,
      subset: 'v1',
      direction: 'outbound',
      type: 'EDS',
      destinationRule: 'reviews.default',
    },
    {
      name: 'outbound|9080|v2|reviews.default.svc.cluster.local',
      fqdn: 'reviews.default.svc.cluster.local',
      port: 9080,
      subset: 'v2',
      direction: 'outbound',
      type: 'EDS',
      destinationRule: 'reviews.default',
    },
  ],
  endpoints: [
    {
      address: '127.7.0.12:9080',
      status: 'HEALTHY',
      outlierCheck: 'OK',
      cluster: 'outbound|9080|v1|reviews.default.svc.cluster.local',
    },
    {
      address: '127.7.0.13:9080',
      status: 'UNHEALTHY',
      outlierCheck: 'FAILED',
      cluster: 'outbound|9080|v2|reviews.default.svc.cluster.local',
    },
  ],
  secrets: [
    {
      name: 'default',
      type: 'Cert Chain',
      status: 'ACTIVE',
      serialNumber: '5f:3a:91',
      notBeforeMs: started,
      notAfterMs: started + 86_400_000,
    },
    {
      name: 'ROOTCA',
      type: 'CA',
      status: 'ACTIVE',
      serialNumber: '01',
      notBeforeMs: started,
      notAfterMs: started + 3.15e11,
    },
  ],
});
