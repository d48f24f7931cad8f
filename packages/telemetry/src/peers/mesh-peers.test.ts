import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import type { MeshPlace } from '../clusters/other-clusters.ts';
import type { Graph } from '../contract/graph.ts';
import type { MetricsAnswer } from '../contract/series.ts';
import type { Status } from '../contract/status.ts';
import type { Trace, TraceList } from '../contract/trace.ts';
import { type GeneratedCall, generatedMetrics } from '../testing/generated-metrics.ts';
import { type RunningEyes, runningEyes } from '../testing/running-eyes.ts';
import { samplePod, sampleService } from '../testing/sample-mesh.ts';
import type { ReceivedSpan } from '../traces/received-span.ts';

const roundMs = 5_000;
const rounds = 6;

const namespace: KubeObject = {
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name: 'default', labels: { 'istio-injection': 'enabled' } },
};

/** What runs where: reviews are served by both. */
const east: readonly KubeObject[] = [
  namespace,
  ...[samplePod('productpage', 'v1'), samplePod('details', 'v1'), samplePod('reviews', 'v1')],
  ...['productpage', 'details', 'reviews'].map(sampleService),
];
const west: readonly KubeObject[] = [
  namespace,
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  ...[samplePod('reviews', 'v3'), samplePod('ratings', 'v1'), samplePod('ratings', 'v2')],
  ...['reviews', 'ratings'].map(sampleService),
];

const inEast = { fromCluster: 'east', toCluster: 'east' };
const inWest = { fromCluster: 'west', toCluster: 'west' };
const across: GeneratedCall = {
  ...{ from: 'productpage-v1', to: 'reviews', version: 'v3', count: 4 },
  ...{ fromCluster: 'east', toCluster: 'west', code: '500' },
};
const toDetails: GeneratedCall = { from: 'productpage-v1', to: 'details', count: 8, ...inEast };
const toRatings: GeneratedCall = { from: 'reviews-v3', to: 'ratings', count: 3, ...inWest };

/** Rounds of scrapes up to now; `offsetMs` apart from those of others. */
const scraped = (
  { eyes }: RunningEyes,
  offsetMs: number,
  calls: Readonly<Record<'source' | 'destination', readonly GeneratedCall[]>>,
): void => {
  const atMs = Date.now() - rounds * roundMs - offsetMs;
  for (let round = 0; round <= rounds; round++) {
    eyes.store.beginRound(atMs + round * roundMs);
    for (const reporter of ['source', 'destination'] as const) {
      const target = { id: `default/${reporter}`, namespace: 'default', pod: reporter };
      eyes.store.ingest(target, generatedMetrics(calls[reporter], reporter, round));
    }
  }
};

interface TwoClusters {
  readonly east: RunningEyes;
  readonly west: RunningEyes;
  readonly placeOf: (name: 'east' | 'west') => MeshPlace;
}

const twoClusters = async (context: TestContext): Promise<TwoClusters> => {
  const folder = mkdtempSync(join(tmpdir(), 'eyes-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const placeOf = (name: 'east' | 'west'): MeshPlace => {
    const other = name === 'east' ? 'west' : 'east';
    return {
      ...{ name, others: () => [] },
      eyes: {
        socket: join(folder, name),
        others: () => [{ cluster: other, socket: join(folder, other) }],
      },
    };
  };
  const [one, two] = await Promise.all([
    runningEyes(east, {}, placeOf('east')),
    runningEyes(west, {}, placeOf('west')),
  ]);
  context.after(() => one.close());
  scraped(one, 0, { source: [across, toDetails], destination: [toDetails] });
  scraped(two, 2_000, { source: [toRatings], destination: [across, toRatings] });
  return { east: one, west: two, placeOf };
};

const graphOf = async ({ call }: RunningEyes, query = ''): Promise<Graph> => {
  const { status, body } = await call('GET', `graph?window=5m${query}`);
  assert.equal(status, 200);
  return body as Graph;
};

const told = ({ edges }: Graph): readonly (readonly unknown[])[] =>
  edges
    .map(({ source, target, requests, errorShare, p50Ms, mtlsShare }) => [
      `${source} > ${target}`,
      ...[requests, errorShare, p50Ms, mtlsShare],
    ])
    .toSorted();

const edges = [
  ['app:east/default/productpage@v1 > app:east/default/details@v1', 48, 0, 3, 1],
  ['app:east/default/productpage@v1 > app:west/default/reviews@v3', 24, 1, 3, 1],
  ['app:west/default/reviews@v3 > app:west/default/ratings@v1', 18, 0, 3, 1],
];

test('one graph, whichever cluster is asked, and counted once however often', async (context) => {
  const { east: one, west: two } = await twoClusters(context);
  context.after(() => two.close());
  for (const eyes of [one, two, one, two]) {
    const graph = await graphOf(eyes);
    assert.deepEqual(told(graph), edges);
    assert.deepEqual(graph.warnings, []);
    const other =
      eyes === one
        ? { name: 'west', dashboard: two.url, error: '' }
        : { name: 'east', dashboard: one.url, error: '' };
    assert.deepEqual(graph.otherClusters, [other]);
    const nodes = graph.nodes.map(({ id, flags, health: { state } }) => [
      ...[id, state, flags.isIdle, flags.isDead],
    ]);
    assert.deepEqual(nodes.toSorted(), [
      ['app:east/default/details@v1', 'healthy', false, false],
      ['app:east/default/productpage@v1', 'failing', false, false],
      ['app:east/default/reviews@v1', 'idle', true, false],
      ['app:west/default/ratings@v1', 'healthy', false, false],
      ['app:west/default/ratings@v2', 'idle', true, false],
      ['app:west/default/reviews@v3', 'failing', false, false],
    ]);
  }
  const services = (await graphOf(one, '&view=service')).edges.map(({ id }) => id);
  assert.deepEqual(services.toSorted(), [
    'svc:east/default/productpage|svc:east/default/details|http',
    'svc:east/default/productpage|svc:west/default/reviews|http',
    'svc:west/default/reviews|svc:west/default/ratings|http',
  ]);
  const chart = 'metrics/query?metric=istio_requests_total&fn=increase&step=5m';
  const match = '&match=reporter%3Dsource&match=source_cluster%3Dwest';
  const { body } = await one.call('GET', `${chart}&window=5m${match}`);
  assert.deepEqual((body as MetricsAnswer).series[0]?.values.at(-1), 18);
  const { namespaces } = (await one.call('GET', 'status')).body as Status;
  assert.deepEqual(
    namespaces.map(({ name, isInjected }) => [name, isInjected]),
    [
      ['default', true],
      ['shop', false],
    ],
  );
  // What goes on there is its own pages' to tell, and its own store's.
  assert.equal([...one.eyes.store.series('istio_requests_total')].length, 3);
});

const traceId = 'ab'.padStart(32, '0');

const span = (spanId: string, parentSpanId: string, fields: object = {}): ReceivedSpan => ({
  ...{ traceId, spanId: spanId.padStart(16, '0'), name: 'get', kind: 'server' },
  ...{ parentSpanId: parentSpanId === '' ? '' : parentSpanId.padStart(16, '0') },
  ...{ service: 'reviews', startUs: (Date.now() - 1_000) * 1000, durationUs: 1000 },
  ...{ status: 'unset', statusMessage: '', attributes: {}, events: [], dropped: 0, ...fields },
});

const traceOf = async ({ call }: RunningEyes): Promise<Trace> =>
  (await call('GET', `traces/${traceId}`)).body as Trace;
const listOf = async ({ call }: RunningEyes, query: string): Promise<TraceList> =>
  (await call('GET', `traces?${query}`)).body as TraceList;

test('one trace, whichever cluster is asked', async (context) => {
  const { east: one, west: two } = await twoClusters(context);
  context.after(() => two.close());
  one.eyes.traces.add(span('1', '', { service: 'productpage', durationUs: 9_000 }));
  one.eyes.traces.add(span('2', '1', { kind: 'client', service: 'productpage' }));
  two.eyes.traces.add(span('3', '2'));
  two.eyes.traces.add(span('4', '3', { kind: 'client', attributes: { tenant: 'x' } }));
  for (const eyes of [one, two]) {
    const query = 'service=productpage&tag=tenant%3Dx&minDurationMs=9';
    const { traces, unreachable, services } = await listOf(eyes, query);
    assert.deepEqual(
      traces.map(({ rootService, spanCount, isWhole }) => [rootService, spanCount, isWhole]),
      [['productpage', 4, true]],
    );
    assert.deepEqual([unreachable, services], [[], ['productpage', 'reviews']]);
    const { spans } = await traceOf(eyes);
    assert.deepEqual(
      spans.map(({ spanId, depth }) => [Number(spanId), depth]),
      [
        [1, 0],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
    );
  }
  // One that was asked for alone, by somebody who never saw a list.
  two.eyes.traces.add(span('5', '4'));
  assert.equal((await traceOf(one)).spanCount, 5);
});

/** Asks until an answer is as wanted. */
const until = async <T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> => {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    assert.ok(performance.now() < deadlineMs, JSON.stringify(answer));
    await new Promise((again) => setTimeout(again, 50));
  }
};

test('a cluster that goes leaves the others their own, is named, and comes back', async (context) => {
  const { east: one, west: two, placeOf } = await twoClusters(context);
  one.eyes.traces.add(span('1', '', { service: 'productpage' }));
  two.eyes.traces.add(span('3', '1'));
  await Promise.all([graphOf(one), listOf(one, '')]);
  await two.close();
  const graph = await graphOf(one);
  assert.deepEqual(told(graph), edges);
  const [lost] = graph.otherClusters ?? [];
  assert.deepEqual([lost?.name, lost?.dashboard], ['west', '']);
  assert.match(lost?.error ?? '', /ENOENT|ECONNREFUSED/);
  assert.deepEqual((await listOf(one, '')).unreachable, ['west']);
  const trace = await traceOf(one);
  assert.deepEqual([trace.spanCount, trace.unreachable], [2, ['west']]);
  const logs = await one.call('GET', `logs?traceId=${traceId}`);
  assert.match(JSON.stringify(logs.body), /"pod":"cluster west"/);
  const { otherClusters } = (await one.call('GET', 'status')).body as Status;
  assert.deepEqual([otherClusters?.length, otherClusters?.[0]?.name], [1, 'west']);
  const back = await runningEyes(west, {}, placeOf('west'));
  context.after(() => back.close());
  back.eyes.traces.add(span('4', '3'));
  await until(
    () => graphOf(one),
    ({ otherClusters = [] }) => otherClusters[0]?.error === '',
  );
  // It counts anew, and what it told before stays.
  assert.equal((await listOf(one, '')).traces[0]?.spanCount, 3);
});

test('a cluster that does not answer keeps nobody waiting twice', async (context) => {
  const { east: one, west: two, placeOf } = await twoClusters(context);
  await two.close();
  const asked: string[] = [];
  const silent = http.createServer(({ url = '' }) => asked.push(url));
  silent.listen(placeOf('west').eyes?.socket);
  await once(silent, 'listening');
  context.after(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const { otherClusters = [] } = await graphOf(one);
  assert.equal(otherClusters[0]?.error, 'no answer within 2000 ms');
  const before = asked.length;
  const graph = await graphOf(one);
  assert.equal(graph.edges.length, 2);
  // Nothing but a look whether it is back.
  assert.deepEqual(
    asked.slice(before).filter((url) => url !== '/hello'),
    [],
  );
});

test('a cluster that speaks otherwise is passed over', async (context) => {
  const { east: one, west: two, placeOf } = await twoClusters(context);
  await two.close();
  for (const answer of ['{}', '{"sets":[{}],"spans":[{}],"nodes":"x","lines":1}']) {
    const other = http.createServer((_, response) => response.end(answer));
    other.listen(placeOf('west').eyes?.socket);
    await once(other, 'listening');
    assert.equal((await graphOf(one)).edges.length, 2);
    assert.deepEqual((await listOf(one, '')).traces, []);
    assert.equal((await one.call('GET', `traces/${traceId}`)).status, 404);
    assert.equal((await one.call('GET', `logs?traceId=${traceId}`)).status, 200);
    const closed = once(other, 'close');
    other.close();
    other.closeAllConnections();
    await closed;
  }
});
