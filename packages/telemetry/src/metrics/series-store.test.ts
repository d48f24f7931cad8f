import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MetricsQuery, queryMetrics } from './metrics-query.ts';
import { decodeSeries, scanPrometheus } from './prometheus-scanner.ts';
import { defaultSeriesLimits, SeriesStore } from './series-store.ts';

fc.configureGlobal({ seed: 20_261_121 });

const target = { id: 'default/p', namespace: 'default', pod: 'p' };
const stepMs = 5000;
const query = (
  metric: string,
  fn: MetricsQuery['fn'],
  extra: Partial<MetricsQuery> = {},
): MetricsQuery => ({
  metric,
  fn,
  matchers: [],
  by: [],
  fromMs: 0,
  toMs: 100 * stepMs,
  stepMs: 100 * stepMs,
  windowMs: 100 * stepMs,
  ...extra,
});

const text = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\n')}\n`);

/** Scrapes one after the other, 5 s apart. */
const scraped = (
  scrapes: readonly (readonly string[])[],
  store = new SeriesStore(),
): SeriesStore => {
  scrapes.forEach((lines, index) => {
    store.beginRound((index + 1) * stepMs);
    store.ingest(target, text(lines));
  });
  return store;
};

interface Found {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const scan = (
  bytes: Uint8Array,
): { readonly found: readonly Found[]; readonly malformed: number } => {
  const found: Found[] = [];
  const { malformed } = scanPrometheus(
    bytes,
    {
      family: () => true,
      sample: (_, at, value) => {
        const decoded = decodeSeries(at);
        if (decoded === undefined) return;
        found.push({ name: decoded.name, labels: Object.fromEntries(decoded.labels), value });
      },
    },
    7,
  );
  return { found, malformed };
};

test('reads the text format: escapes, blanks, timestamps, special values, exemplars', () => {
  const { found, malformed } = scan(
    text([
      '# HELP a some help',
      '# TYPE a counter',
      'a{x="q\\"uote",y="back\\\\slash",z="new\\nline"} 1',
      'a{brace="}{,"} 2 1700000000000',
      '  b  3.5e2',
      'c{} +Inf',
      'd NaN',
      'e -12',
      'f{le="0.5"} 7 # {trace_id="x"} 0.3',
      'no value',
      'broken{x="y" 3',
      '',
      '# EOF',
    ]),
  );
  assert.deepEqual(found, [
    { name: 'a', labels: { x: 'q"uote', y: 'back\\slash', z: 'new\nline' }, value: 1 },
    { name: 'a', labels: { brace: '}{,' }, value: 2 },
    { name: 'b', labels: {}, value: 350 },
    { name: 'c', labels: {}, value: Number.POSITIVE_INFINITY },
    { name: 'd', labels: {}, value: Number.NaN },
    { name: 'e', labels: {}, value: -12 },
    { name: 'f', labels: { le: '0.5' }, value: 7 },
  ]);
  assert.equal(malformed, 2);
});

test('any bytes are read without an exception', () => {
  const piece = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    ' ',
    '\n',
    '#',
    '# TYPE a counter\n',
    '=',
    ',',
    '1',
    '+Inf',
    '\r\n',
    '\u0000',
    'ü',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map((parts) => Buffer.from(parts.join(''))),
        fc.uint8Array(),
      ),
      (bytes) => {
        const store = new SeriesStore();
        store.beginRound(1);
        store.ingest(target, bytes);
        scan(bytes);
      },
    ),
    { numRuns: 500 },
  );
});

test('what is printed is read again', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/);
  const labels = fc.dictionary(name, fc.string(), { maxKeys: 5 });
  const escapeValue = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  fc.assert(
    fc.property(name, labels, fc.double({ noNaN: true }), (family, set, value) => {
      const written = Object.entries(set).map(([key, one]) => `${key}="${escapeValue(one)}"`);
      const shown =
        value === Number.POSITIVE_INFINITY ? '+Inf' : String(value).replace('-Infinity', '-Inf');
      const { found } = scan(text([`${family}{${written.join(',')}} ${shown}`]));
      assert.deepEqual(found, [
        { name: family, labels: { ...set }, value: value === 0 ? 0 : value },
      ]);
    }),
  );
});

test('increments are exact over restarts, and what was before the first look does not count', () => {
  const line = (value: number): readonly string[] => [
    '# TYPE istio_requests_total counter',
    `istio_requests_total{a="b"} ${value}`,
  ];
  const store = scraped([line(1000), line(1010), line(1010), line(3), line(7)]);
  assert.equal(
    queryMetrics(store, query('istio_requests_total', 'increase'))[0]?.values[0],
    10 + 3 + 4,
  );
});

test('a series that comes up in a target we know counts from 0', () => {
  const store = scraped([
    ['# TYPE istio_requests_total counter', 'istio_requests_total{code="200"} 5'],
    [
      '# TYPE istio_requests_total counter',
      'istio_requests_total{code="200"} 6',
      'istio_requests_total{code="500"} 4',
    ],
  ]);
  const byCode = queryMetrics(store, query('istio_requests_total', 'increase', { by: ['code'] }));
  assert.deepEqual(
    byCode.map(({ labels, values }) => [labels['code'], values[0]]),
    [
      ['200', 1],
      ['500', 4],
    ],
  );
});

test('a target younger than the store counts from 0', () => {
  const store = new SeriesStore();
  for (const atMs of [5000, 10_000, 15_000]) store.beginRound(atMs);
  store.ingest(
    target,
    text(['# TYPE istio_requests_total counter', 'istio_requests_total 9']),
    12_000,
  );
  store.ingest(
    { ...target, id: 'default/old' },
    text(['# TYPE istio_requests_total counter', 'istio_requests_total 9']),
    2000,
  );
  assert.equal(queryMetrics(store, query('istio_requests_total', 'increase'))[0]?.values[0], 9);
});

const histogramLines = (counts: readonly number[], sum: number): readonly string[] => {
  let total = 0;
  const bounds = ['10', '100', '+Inf'];
  return [
    '# TYPE istio_request_duration_milliseconds histogram',
    ...counts.map((count, index) => {
      total += count;
      return `istio_request_duration_milliseconds_bucket{a="b",le="${bounds[index]}"} ${total}`;
    }),
    `istio_request_duration_milliseconds_sum{a="b"} ${sum}`,
    `istio_request_duration_milliseconds_count{a="b"} ${total}`,
  ];
};

test('histograms: quantiles as Prometheus computes them, averages, restarts', () => {
  const metric = 'istio_request_duration_milliseconds';
  const store = scraped([
    histogramLines([5, 5, 0], 300),
    histogramLines([15, 15, 0], 1300),
    histogramLines([0, 0, 2], 900),
  ]);
  const value = (fn: MetricsQuery['fn'], toMs: number): number | null | undefined =>
    queryMetrics(store, query(metric, fn, { toMs, stepMs: toMs }))[0]?.values[0];
  assert.equal(value('increase', 10_000), 20);
  assert.equal(value('p50', 10_000), 10);
  assert.equal(value('p95', 10_000), 91);
  assert.equal(value('average', 10_000), 50);
  assert.equal(value('increase', 15_000), 22);
  assert.equal(value('p99', 15_000), 100, 'above the highest finite bound');
});

test('rates are per second of the rounds they cover', () => {
  const line = (value: number): readonly string[] => [
    '# TYPE istio_requests_total counter',
    `istio_requests_total ${value}`,
  ];
  const store = scraped([line(0), line(50), line(150)]);
  const answer = queryMetrics(
    store,
    query('istio_requests_total', 'rate', { fromMs: 5000, toMs: 15_000, stepMs, windowMs: stepMs }),
  );
  assert.deepEqual(answer[0]?.values, [10, 20]);
});

test('no more than the bounds, whatever comes', () => {
  const store = new SeriesStore({ rounds: 13, maxSeries: 50, maxBytes: 60_000 });
  for (let round = 0; round < 200; round++) {
    store.beginRound((round + 1) * stepMs);
    const lines = Array.from(
      { length: 20 },
      (_, index) => `istio_requests_total{host="h${round}-${index}"} ${round + 1}`,
    );
    store.ingest(target, text(['# TYPE istio_requests_total counter', ...lines]));
    const { series, bytes } = store.use;
    assert.ok(series <= 50 && bytes <= 60_000, `${series} series, ${bytes} bytes`);
  }
  assert.ok(store.use.evicted > 0);
  // Room comes back when what nobody writes any more has aged out.
  for (let round = 200; round < 240; round++) {
    store.beginRound((round + 1) * stepMs);
    store.ingest(
      target,
      text(['# TYPE istio_requests_total counter', `istio_requests_total{host="late"} ${round}`]),
    );
  }
  assert.equal(store.use.series, 1);
});

test('what no dashboard asks for is not kept, and what is forgotten is not counted again', () => {
  const store = new SeriesStore({ ...defaultSeriesLimits, rounds: 4 });
  for (let round = 0; round < 10; round++) {
    store.beginRound((round + 1) * stepMs);
    store.ingest(
      target,
      text([
        '# TYPE envoy_cluster_assignment_stale counter',
        'envoy_cluster_assignment_stale 3',
        '# TYPE istio_requests_total counter',
        `istio_requests_total ${round * 10}`,
      ]),
    );
  }
  assert.deepEqual(store.families(), [{ name: 'istio_requests_total', kind: 'counter' }]);
  assert.equal(queryMetrics(store, query('istio_requests_total', 'increase'))[0]?.values[0], 30);
});

test('samples handed on by a Prometheus, without types and by name, are what they were', () => {
  const federated = (count: number): readonly string[] =>
    ['_bucket', '_sum', '_count'].flatMap((suffix) => {
      const name = `istio_request_duration_milliseconds${suffix}`;
      const labels = 'instance="i",pod="p"';
      const lines =
        suffix === '_bucket'
          ? [
              `${name}{${labels},le="10"} ${count} 17`,
              `${name}{${labels},le="+Inf"} ${2 * count} 17`,
            ]
          : [`${name}{${labels}} ${2 * count} 17`];
      return [`# TYPE ${name} untyped`, ...lines];
    });
  const store = scraped([
    [...federated(0), '# TYPE istio_requests_total untyped', 'istio_requests_total{a="b"} 5 17'],
    [...federated(4), '# TYPE istio_requests_total untyped', 'istio_requests_total{a="b"} 9 17'],
  ]);
  const metric = 'istio_request_duration_milliseconds';
  assert.equal(queryMetrics(store, query(metric, 'increase'))[0]?.values[0], 8);
  assert.equal(queryMetrics(store, query(metric, 'p50'))[0]?.values[0], 10);
  assert.equal(queryMetrics(store, query('istio_requests_total', 'increase'))[0]?.values[0], 4);
});
