import type { GraphEdge, GraphNode, GraphNodeFlags, Health } from '@lateen/telemetry/contract';

/** What traffic of an edge is like. */
interface Flow {
  readonly from: string;
  readonly to: string;
  readonly rate: number;
  readonly errors?: number;
  readonly p50?: number;
  readonly share?: number;
  readonly protocol?: 'http' | 'grpc' | 'tcp';
  readonly plain?: boolean;
}

/** A mesh that never was: nodes and the flows between them. */
export interface FixtureMesh {
  readonly nodes: readonly GraphNode[];
  readonly flows: readonly Flow[];
}

const noFlags: GraphNodeFlags = {
  hasVirtualService: false,
  hasDestinationRule: false,
  hasFaultInjection: false,
  hasTimeouts: false,
  hasMirroring: false,
  hasTrafficShifting: false,
  hasCircuitBreaker: false,
  isGateway: false,
  isOutside: false,
  isIdle: false,
  isRoot: false,
  isMissingProxy: false,
  isServiceEntry: false,
  isDead: false,
};

const healthy: Health = { state: 'healthy', reasons: [] };

interface NodeSketch {
  readonly id: string;
  readonly kind?: GraphNode['kind'];
  readonly namespace?: string;
  readonly name?: string;
  readonly version?: string;
  readonly cluster?: string;
  readonly flags?: Partial<GraphNodeFlags>;
  readonly health?: Health;
}

const sketchNode = (sketch: NodeSketch): GraphNode => {
  const name = sketch.name ?? sketch.id;
  const kind = sketch.kind ?? 'workload';
  const namespace = sketch.namespace ?? 'default';
  return {
    id: sketch.id,
    kind,
    cluster: sketch.cluster ?? 'Kubernetes',
    namespace,
    name,
    ...(kind === 'workload'
      ? {
          app: name,
          version: sketch.version ?? 'v1',
          workload: `${name}-${sketch.version ?? 'v1'}`,
        }
      : {}),
    ...(kind === 'gateway' ? { app: name, workload: name } : {}),
    ...(kind === 'unknown' ? {} : { service: name }),
    ...(kind === 'workload' ? { boxId: `${namespace}/${name}` } : {}),
    health: sketch.health ?? healthy,
    flags: { ...noFlags, ...sketch.flags },
    traffic: {
      inRequestsPerSecond: 0,
      outRequestsPerSecond: 0,
      inErrorShare: null,
      outErrorShare: null,
      inBytesPerSecond: 0,
      outBytesPerSecond: 0,
    },
  };
};

/** The sample application with a gateway, a database and a service outside. */
export const bookinfoMesh: FixtureMesh = {
  nodes: [
    sketchNode({
      id: 'istio-ingressgateway',
      kind: 'gateway',
      namespace: 'istio-system',
      flags: { isGateway: true, isRoot: true },
    }),
    sketchNode({ id: 'productpage', flags: { hasVirtualService: true } }),
    sketchNode({ id: 'details' }),
    sketchNode({
      id: 'reviews-v1',
      name: 'reviews',
      version: 'v1',
      flags: { hasTrafficShifting: true },
    }),
    sketchNode({
      id: 'reviews-v2',
      name: 'reviews',
      version: 'v2',
      flags: { hasTrafficShifting: true },
    }),
    sketchNode({
      id: 'reviews-v3',
      name: 'reviews',
      version: 'v3',
      flags: { hasTrafficShifting: true, isIdle: true },
      health: { state: 'idle', reasons: [] },
    }),
    sketchNode({
      id: 'ratings',
      flags: { hasFaultInjection: true, hasVirtualService: true },
      health: {
        state: 'degraded',
        reasons: [
          { code: 'error-share', message: '3.8 % of the requests fail.', values: { percent: 3.8 } },
        ],
      },
    }),
    sketchNode({ id: 'mongodb', namespace: 'data', flags: { hasCircuitBreaker: true } }),
    sketchNode({
      id: 'api.books.example',
      kind: 'external',
      namespace: '',
      flags: { isServiceEntry: true },
    }),
    sketchNode({ id: 'sleep', flags: { isRoot: true } }),
  ],
  flows: [
    { from: 'istio-ingressgateway', to: 'productpage', rate: 12.4, errors: 0.004, p50: 31 },
    { from: 'productpage', to: 'details', rate: 12.4, p50: 4 },
    { from: 'productpage', to: 'reviews-v1', rate: 6.1, share: 0.49, p50: 6 },
    { from: 'productpage', to: 'reviews-v2', rate: 6.3, share: 0.51, p50: 17, errors: 0.012 },
    { from: 'reviews-v2', to: 'ratings', rate: 6.3, errors: 0.064, p50: 9 },
    { from: 'details', to: 'api.books.example', rate: 1.2, p50: 180, plain: true },
    { from: 'ratings', to: 'mongodb', rate: 0, protocol: 'tcp' },
    { from: 'sleep', to: 'productpage', rate: 0.4, p50: 28 },
  ],
};

/** Numbers that look like chance and are the same in each run. */
const dice = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

const stateOf = (roll: number): Health => {
  if (roll > 0.97)
    return {
      state: 'failing',
      reasons: [{ code: 'no-ready-endpoints', message: 'No endpoint is ready.', values: {} }],
    };
  return roll > 0.9 ? { state: 'degraded', reasons: [] } : healthy;
};

/** A mesh of so many services in tiers and namespaces, with so many edges. */
export const largeMesh = (services: number, edges: number): FixtureMesh => {
  const roll = dice(7);
  const tiers = 7;
  const names = [
    'shop',
    'payments',
    'catalog',
    'identity',
    'shipping',
    'search',
    'media',
    'platform',
  ];
  const nodes = Array.from({ length: services }, (_, index): GraphNode => {
    const namespace = names[Math.floor(roll() * names.length)] ?? 'shop';
    return sketchNode({ id: `svc-${index}`, namespace, health: stateOf(roll()) });
  });
  const tierOf = (index: number): number => Math.floor((index / services) * tiers);
  const flows = new Map<string, Flow>();
  while (flows.size < edges) {
    const from = Math.floor(roll() * services * 0.86);
    const tier = tierOf(from) + 1 + (roll() > 0.85 ? 1 : 0);
    const to = Math.floor(((tier + roll()) / tiers) * services);
    if (to >= services || to === from) continue;
    const rate = 10 ** (roll() * 3 - 0.5);
    flows.set(`${from} ${to}`, {
      from: `svc-${from}`,
      to: `svc-${to}`,
      rate,
      errors: roll() > 0.93 ? roll() * 0.2 : 0,
      p50: 10 ** (roll() * 2),
    });
  }
  return { nodes, flows: [...flows.values()] };
};

/** The edge of a flow; `wave` -1 to 1 makes it breathe. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: made-up answers, read from top to bottom
export const edgeOf = (flow: Flow, wave: number, windowSeconds: number): GraphEdge => {
  const protocol = flow.protocol ?? 'http';
  const rate = flow.rate * (1 + wave * 0.12);
  const requests = Math.round(rate * windowSeconds);
  const failed = Math.round(requests * (flow.errors ?? 0));
  const p50 = protocol === 'tcp' ? null : (flow.p50 ?? 10) * (1 + wave * 0.08);
  const isTcp = protocol === 'tcp';
  return {
    id: `${flow.from}|${flow.to}|${protocol}`,
    source: flow.from,
    target: flow.to,
    protocol,
    requestsPerSecond: isTcp ? 0 : rate,
    requests: isTcp ? 0 : requests,
    errorShare: isTcp ? null : (flow.errors ?? 0),
    clientErrorShare: isTcp ? null : 0,
    averageMs: p50 === null ? null : p50 * 1.2,
    p50Ms: p50,
    p90Ms: p50 === null ? null : p50 * 2.1,
    p95Ms: p50 === null ? null : p50 * 2.6,
    p99Ms: p50 === null ? null : p50 * 4.2,
    share: flow.share ?? 1,
    bytesPerSecondOut: isTcp ? 18_400 : rate * 420,
    bytesPerSecondIn: isTcp ? 96_200 : rate * 1900,
    connectionsPerSecond: isTcp ? 0.4 : 0,
    mtlsShare: flow.plain === true ? 0 : 1,
    sourcePrincipals: [`spiffe://cluster.local/ns/default/sa/bookinfo-${flow.from}`],
    targetPrincipals: [`spiffe://cluster.local/ns/default/sa/bookinfo-${flow.to}`],
    responseCodes: isTcp
      ? {}
      : { '200': requests - failed, ...(failed > 0 ? { '503': failed } : {}) },
    responseFlags: isTcp ? {} : { '-': requests - failed, ...(failed > 0 ? { UF: failed } : {}) },
    hosts: [`${flow.to}.default.svc.cluster.local`],
  };
};
