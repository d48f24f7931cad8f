import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph, GraphEdge } from '../contract/graph.ts';
import { SeriesStore } from '../metrics/series-store.ts';
import { type GeneratedCall, generatedMetrics } from '../testing/generated-metrics.ts';
import { modelOf, sampleObjects } from '../testing/sample-mesh.ts';
import { buildGraph } from './build-graph.ts';
import type { GraphOptions } from './graph-options.ts';

const model = modelOf(sampleObjects);
const stepMs = 5000;
const atMs = 1_000_000;

const target = (pod: string) => ({ id: `default/${pod}`, namespace: 'default', pod });

/** Rounds in which each call happens `count` times a round; the first only sets where counting starts. */
const storeOf = (calls: readonly GeneratedCall[], rounds = 12): SeriesStore => {
  const store = new SeriesStore();
  for (let round = 0; round <= rounds; round++) {
    store.beginRound(atMs - (rounds - round) * stepMs);
    store.ingest(target('clients'), generatedMetrics(calls, 'source', round));
    store.ingest(target('servers'), generatedMetrics(calls, 'destination', round));
  }
  return store;
};

const graphOf = (calls: readonly GeneratedCall[], options: Partial<GraphOptions> = {}): Graph =>
  buildGraph(storeOf(calls), model, {
    ...{ view: 'versionedApp', atMs, windowMs: 60_000, namespaces: [], activeMs: 60_000 },
    ...{
      withServices: false,
      withIdle: false,
      withSeries: false,
      hideMoved: false,
      ruleChangedMs: 0,
    },
    ...options,
  });

const edge = (graph: Graph, source: string, to: string): GraphEdge => {
  const found = graph.edges.find((one) => one.source.includes(source) && one.target.includes(to));
  assert.ok(found, `${source} -> ${to} in ${graph.edges.map(({ id }) => id).join('; ')}`);
  return found;
};

const bookinfo: readonly GeneratedCall[] = [
  { from: 'productpage-v1', to: 'details', count: 10 },
  { from: 'productpage-v1', to: 'reviews', version: 'v1', count: 5 },
  { from: 'productpage-v1', to: 'reviews', version: 'v2', count: 4, mutualTls: false },
  { from: 'productpage-v1', to: 'reviews', version: 'v2', count: 1, code: '500', durationMs: 80 },
  { from: 'reviews-v2', to: 'ratings', count: 5, code: '404' },
];

test('numbers agree to the last request, counted once however many sides report them', () => {
  const graph = graphOf(bookinfo);
  const told = graph.edges.map(({ source, target: to, requests, errorShare, share }) => [
    ...[source, to].map((id) => id.replace('app:Kubernetes/default/', '')),
    requests,
    errorShare,
    share,
  ]);
  assert.deepEqual(told, [
    ['productpage@v1', 'details@v1', 120, 0, 1],
    ['productpage@v1', 'reviews@v1', 60, 0, 0.5],
    ['productpage@v1', 'reviews@v2', 60, 0.2, 0.5],
    ['reviews@v2', 'ratings@v1', 60, 0, 1],
  ]);
  const toV2 = edge(graph, 'productpage', 'reviews@v2');
  assert.equal(toV2.requestsPerSecond, 1);
  assert.deepEqual(toV2.responseCodes, { 200: 48, 500: 12 });
  assert.equal(toV2.mtlsShare, 0.2);
  assert.equal(toV2.p50Ms, 1 + 4 * (30 / 48));
  assert.equal(toV2.averageMs, (48 * 3 + 12 * 80) / 60);
  assert.equal(edge(graph, 'reviews@v2', 'ratings').clientErrorShare, 1);
});

test('health follows requests, and readiness', () => {
  const graph = graphOf(bookinfo);
  const health = new Map(
    graph.nodes.map(({ id, health: { state } }) => [id.split('/').at(-1), state]),
  );
  assert.deepEqual(Object.fromEntries(health), {
    'productpage@v1': 'degraded',
    'details@v1': 'healthy',
    'reviews@v1': 'healthy',
    'reviews@v2': 'failing',
    'ratings@v1': 'failing',
  });
});

test('views: app, workload, service, and services between', () => {
  const ids = (options: Partial<GraphOptions>): readonly string[] =>
    graphOf(bookinfo, options)
      .nodes.map(({ id }) => id.replace('Kubernetes/default/', ''))
      .sort();
  assert.deepEqual(ids({ view: 'app' }), [
    'app:details',
    'app:productpage',
    'app:ratings',
    'app:reviews',
  ]);
  assert.deepEqual(ids({ view: 'workload' }), [
    'wl:details-v1',
    'wl:productpage-v1',
    'wl:ratings-v1',
    'wl:reviews-v1',
    'wl:reviews-v2',
  ]);
  assert.deepEqual(ids({ view: 'service' }), [
    'svc:details',
    'svc:productpage',
    'svc:ratings',
    'svc:reviews',
  ]);
  const between = graphOf(bookinfo, { withServices: true });
  assert.equal(
    edge(between, 'app:Kubernetes/default/productpage', 'svc:Kubernetes/default/reviews').requests,
    120,
  );
  assert.equal(edge(between, 'svc:Kubernetes/default/reviews', 'reviews@v2').share, 0.5);
});

test('callers without a proxy, gateways, hosts outside, and requests that nobody answered', () => {
  const graph = graphOf([
    { from: 'x', to: 'productpage', count: 1, anonymous: true },
    {
      from: 'productpage-v1',
      to: 'PassthroughCluster',
      host: 'example.com',
      serviceNamespace: 'unknown',
      unanswered: true,
      count: 2,
    },
    { from: 'productpage-v1', to: 'httpbin.org', host: 'httpbin.org', unanswered: true, count: 3 },
    { from: 'productpage-v1', to: 'reviews', unanswered: true, code: '503', flags: 'UH', count: 4 },
  ]);
  const kinds = Object.fromEntries(graph.nodes.map(({ id, kind }) => [id, kind]));
  assert.deepEqual(kinds, {
    unknown: 'unknown',
    'app:Kubernetes/default/productpage@v1': 'workload',
    'ext:PassthroughCluster': 'external',
    'ext:httpbin.org': 'external',
    'svc:Kubernetes/default/reviews': 'service',
  });
  assert.deepEqual(edge(graph, 'productpage', 'Passthrough').hosts, ['example.com']);
  const lost = edge(graph, 'productpage', 'svc:');
  assert.deepEqual([lost.errorShare, lost.responseFlags], [1, { UH: 48 }]);
});

test('an endpoint that a ServiceEntry lists is the host outside, whatever workload it is said to be', () => {
  const graph = graphOf([
    { from: 'productpage-v1', to: 'httpbin-entry', host: 'httpbin.org', count: 3 },
  ]);
  assert.deepEqual(
    graph.nodes.filter(({ kind }) => kind === 'external').map(({ id, name }) => [id, name]),
    [['ext:httpbin.org', 'httpbin.org']],
  );
  assert.ok(graph.nodes.every(({ flags }) => !flags.isDead));
});

test('gRPC statuses count as what they are', () => {
  const graph = graphOf([
    { from: 'productpage-v1', to: 'ratings', grpcStatus: '0', count: 6 },
    { from: 'productpage-v1', to: 'ratings', grpcStatus: '14', count: 3 },
    { from: 'productpage-v1', to: 'ratings', grpcStatus: '5', count: 1 },
  ]);
  const { protocol, errorShare, clientErrorShare, responseCodes } = edge(
    graph,
    'product',
    'ratings',
  );
  assert.deepEqual(
    { protocol, errorShare, clientErrorShare },
    { protocol: 'grpc', errorShare: 0.3, clientErrorShare: 0.1 },
  );
  assert.deepEqual(responseCodes, { 'grpc:0': 72, 'grpc:14': 36, 'grpc:5': 12 });
});

test('idle nodes come from the objects, with what their rules do', () => {
  const graph = graphOf([], { withIdle: true, withServices: true });
  assert.deepEqual(graph.edges, []);
  const names = graph.nodes.map(({ kind, name, version }) =>
    `${kind} ${name} ${version ?? ''}`.trim(),
  );
  assert.ok(names.includes('gateway istio-ingressgateway latest'), names.join());
  assert.ok(names.includes('workload reviews v3'));
  const service = graph.nodes.find(({ kind, name }) => kind === 'service' && name === 'reviews');
  const { hasVirtualService, hasTimeouts, hasTrafficShifting, hasMirroring, isIdle } =
    service?.flags ?? {};
  assert.deepEqual(
    { hasVirtualService, hasTimeouts, hasTrafficShifting, hasMirroring, isIdle },
    {
      hasVirtualService: true,
      hasTimeouts: true,
      hasTrafficShifting: true,
      hasMirroring: false,
      isIdle: true,
    },
  );
  assert.equal(service?.health.state, 'idle');
});

test('a window in the past, and series', () => {
  const store = storeOf([{ from: 'productpage-v1', to: 'details', count: 10 }], 24);
  const graph = buildGraph(store, model, {
    ...{
      view: 'versionedApp',
      atMs: atMs - 60_000,
      windowMs: 30_000,
      namespaces: ['default'],
      activeMs: 60_000,
    },
    ...{
      withServices: false,
      withIdle: false,
      withSeries: true,
      hideMoved: false,
      ruleChangedMs: 0,
    },
  });
  const { requests, series } = edge(graph, 'productpage', 'details');
  assert.equal(requests, 60);
  assert.deepEqual(series?.requestsPerSecond.values, [2, 2, 2, 2, 2, 2]);
  assert.equal(graph.storedFromMs, atMs - 24 * stepMs);
});

test('calls that went silent can be left out, before the window has passed', () => {
  const calls: readonly GeneratedCall[] = [{ from: 'productpage-v1', to: 'reviews', count: 1 }];
  const store = storeOf(calls, 6);
  for (let round = 1; round <= 3; round++) {
    store.beginRound(atMs + round * stepMs);
    // The same totals as before: nothing more was sent.
    store.ingest(target('clients'), generatedMetrics(calls, 'source', 6));
  }
  const edges = (activeMs: number): readonly (number | undefined)[] =>
    buildGraph(store, model, {
      ...{ view: 'versionedApp', atMs: atMs + 15_000, windowMs: 60_000, activeMs, namespaces: [] },
      ...{ withServices: false, withIdle: false, withSeries: false, hideMoved: true },
      ...{ ruleChangedMs: 0 },
    }).edges.map(({ lastActiveMs }) => lastActiveMs);
  assert.deepEqual(edges(60_000), [atMs]);
  assert.deepEqual(edges(15_000), [atMs]);
  assert.deepEqual(edges(10_000), []);
});

const toReviews = (version: string, count: number): GeneratedCall => ({
  ...{ from: 'productpage-v1', to: 'reviews', version, count },
});
const toRatings = (version: string, count: number): GeneratedCall => ({
  ...{ from: `reviews-${version}`, to: 'ratings', count },
});

const movedRows = [
  {
    name: 'moved away',
    before: [toReviews('v1', 5), toReviews('v2', 5)],
    after: [toReviews('v1', 10)],
    left: ['productpage > reviews@v1'],
  },
  {
    name: 'and what it caused further on',
    before: [toReviews('v1', 5), toReviews('v2', 5), toRatings('v2', 5)],
    after: [toReviews('v1', 10)],
    left: ['productpage > reviews@v1'],
  },
  {
    name: 'but not while others cause it',
    before: [toReviews('v1', 5), toReviews('v2', 5), toRatings('v2', 5)],
    after: [toReviews('v1', 10), { ...toReviews('v2', 5), from: 'test-v1', to: 'reviews' }],
    left: ['productpage > reviews@v1', 'reviews > ratings@v1', 'test > reviews@v2'],
  },
  {
    name: 'all traffic stopped',
    before: [toReviews('v1', 5), toReviews('v2', 5), toRatings('v2', 5)],
    after: [],
    left: ['productpage > reviews@v1', 'productpage > reviews@v2', 'reviews > ratings@v1'],
  },
  {
    name: 'only rare',
    before: [toReviews('v1', 50), toReviews('v2', 6)],
    after: [toReviews('v1', 15)],
    left: ['productpage > reviews@v1', 'productpage > reviews@v2'],
  },
  {
    name: 'rare, and a rule was changed',
    before: [toReviews('v1', 50), toReviews('v2', 6)],
    after: [toReviews('v1', 15)],
    ruleChangedMs: atMs - 1,
    left: ['productpage > reviews@v1'],
  },
  {
    name: 'rare, and a rule was changed long ago',
    before: [toReviews('v1', 50), toReviews('v2', 6)],
    after: [toReviews('v1', 15)],
    ruleChangedMs: atMs - 20_000,
    left: ['productpage > reviews@v1', 'productpage > reviews@v2'],
  },
];

for (const { name, before, after, left, ruleChangedMs = 0 } of movedRows) {
  test(`what two rounds of silence mean: ${name}`, () => {
    const store = storeOf(before, 6);
    const ids = { id: 'default/later', namespace: 'default', pod: 'later' };
    for (let round = 1; round <= 2; round++) {
      store.beginRound(atMs + round * stepMs);
      store.ingest(target('clients'), generatedMetrics(before, 'source', 6));
      if (after.length > 0) store.ingest(ids, generatedMetrics(after, 'source', round), atMs);
    }
    const graph = buildGraph(store, model, {
      ...{ view: 'versionedApp', atMs: atMs + 10_000, windowMs: 60_000, activeMs: 60_000 },
      ...{ withServices: false, withIdle: false, withSeries: false, namespaces: [] },
      ...{ hideMoved: true, ruleChangedMs },
    });
    const shown = graph.edges.map(({ source, target: to }) =>
      `${source} > ${to}`.replace(/@v\d >/, ' >').replaceAll('app:Kubernetes/default/', ''),
    );
    assert.deepEqual(shown.sort(), left);
  });
}
