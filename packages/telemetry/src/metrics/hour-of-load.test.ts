/** An hour of load, in virtual time: every store stays within its bounds, and what is new is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogStore } from '../logs/log-store.ts';
import type { ReceivedSpan } from '../traces/received-span.ts';
import { TraceStore } from '../traces/trace-store.ts';
import { queryMetrics } from './metrics-query.ts';
import { SeriesStore } from './series-store.ts';

const stepMs = 5000;
const rounds = 3_600_000 / stepMs;

/** Label sets a proxy tells at a time, and how many of them are others each round. */
const labelSets = 60;
const replaced = 6;
const targets = ['a', 'b', 'c'].map((pod) => ({ id: `default/${pod}`, namespace: 'default', pod }));

/** The page of a proxy: one steady series, and a window of label sets that moves on. */
const page = (pod: string, round: number): Uint8Array => {
  const first = round * replaced;
  const hosts = Array.from({ length: labelSets }, (_, index) => `${pod}-${first + index}`);
  const lines = ['# TYPE istio_requests_total counter'];
  lines.push(`istio_requests_total{destination_service="steady-${pod}"} ${round * 7}`);
  for (const host of hosts) {
    lines.push(
      `istio_requests_total{destination_service="${host}",reporter="source"} ${round + 1}`,
    );
  }
  const family = 'istio_request_duration_milliseconds';
  lines.push(`# TYPE ${family} histogram`);
  for (const host of hosts.slice(0, labelSets / 4)) {
    const labels = `destination_service="${host}"`;
    lines.push(
      `${family}_bucket{${labels},le="1"} ${round}`,
      `${family}_bucket{${labels},le="+Inf"} ${round + 1}`,
      `${family}_sum{${labels}} ${round * 3}`,
      `${family}_count{${labels}} ${round + 1}`,
    );
  }
  return Buffer.from(`${lines.join('\n')}\n`);
};

test('metrics: thousands of series come and go within rounds, series and bytes', () => {
  const limits = { rounds: 181, maxSeries: 2_000, maxBytes: 2 * 1024 * 1024 };
  const store = new SeriesStore(limits);
  let peak = { series: 0, bytes: 0 };
  for (let round = 1; round <= rounds; round++) {
    store.beginRound(round * stepMs);
    for (const target of targets) store.ingest(target, page(target.pod, round));
    const { series, bytes } = store.use;
    assert.ok(series <= limits.maxSeries && bytes <= limits.maxBytes, `round ${round}`);
    peak = { series: Math.max(peak.series, series), bytes: Math.max(peak.bytes, bytes) };
  }
  assert.ok(
    peak.series > limits.maxSeries * 0.8 || peak.bytes > limits.maxBytes * 0.8,
    'the load is enough to reach a bound',
  );
  assert.ok(store.use.evicted > 0);
  const labels = [...store.series('istio_requests_total')].map(
    ({ labels: of }) => of['destination_service'] ?? '',
  );
  // What came last is there, what came first is not; what has always been there is exact.
  const newest = rounds * replaced + labelSets - 1;
  assert.ok(labels.includes(`a-${newest}`));
  assert.ok(!labels.includes('a-1'));
  const windowMs = 900_000;
  const [steady] = queryMetrics(store, {
    metric: 'istio_requests_total',
    fn: 'increase',
    matchers: [{ label: 'destination_service', matches: (value) => value === 'steady-b' }],
    by: [],
    fromMs: rounds * stepMs - windowMs,
    toMs: rounds * stepMs,
    stepMs: windowMs,
    windowMs,
  });
  assert.equal(steady?.values[0], (windowMs / stepMs) * 7);
});

test('spans and records: an hour at their usual rate, with the default bounds', () => {
  const traces = new TraceStore();
  const logs = new LogStore();
  const tracesPerRound = 25;
  const spans = 8;
  for (let round = 0; round < rounds; round++) {
    for (let trace = 0; trace < tracesPerRound; trace++) {
      const id = (round * tracesPerRound + trace + 1).toString(16).padStart(32, '0');
      for (let at = 0; at < spans; at++) traces.add(span(id, at, round * stepMs * 1000));
    }
    for (let at = 0; at < 100; at++) {
      logs.add({
        ...{ timeMs: round * stepMs, text: `line ${round} ${at} ${'x'.repeat(300)}` },
        ...{ severity: '', attributes: {}, resource: {}, traceId: '', from: '127.1.0.2' },
      });
    }
    const fill = traces.fill();
    for (const { used, limit } of Object.values(fill)) assert.ok(used <= limit, `round ${round}`);
  }
  const { traces: kept } = traces.fill();
  assert.equal(kept.used + kept.evicted, rounds * tracesPerRound);
  assert.ok(traces.get((rounds * tracesPerRound).toString(16).padStart(32, '0')) !== undefined);
  assert.equal(traces.get('1'.padStart(32, '0')), undefined);
  const { records, bytes, evicted } = logs.fill();
  assert.equal(records + evicted, rounds * 100);
  assert.ok(records <= 50_000 && bytes <= 64 * 1024 * 1024);
  const newest = logs.list((rounds - 1) * stepMs, () => true);
  assert.equal(newest.length, 100);
});

const span = (traceId: string, at: number, startUs: number): ReceivedSpan => ({
  traceId,
  spanId: at.toString(16).padStart(16, '0'),
  parentSpanId: at === 0 ? '' : (at - 1).toString(16).padStart(16, '0'),
  name: 'reviews.default.svc.cluster.local:9080/*',
  service: 'reviews.default',
  kind: at % 2 === 0 ? 'server' : 'client',
  startUs,
  durationUs: 1000,
  status: 'unset',
  statusMessage: '',
  attributes: { 'http.method': 'GET', 'http.url': 'http://reviews:9080/reviews/0' },
  events: [],
  dropped: 0,
});
