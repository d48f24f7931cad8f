import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SeriesStore } from '../metrics/series-store.ts';
import { type GeneratedCall, generatedMetrics } from '../testing/generated-metrics.ts';
import { instantQuery, rangeQuery } from './promql-query.ts';

fc.configureGlobal({ seed: 20_261_121 });

const stepMs = 5000;
const atMs = 1_000_000;

/** Each round: productpage calls reviews v1 8 times, v2 twice with one 503, details 10 times. */
const calls: readonly GeneratedCall[] = [
  { from: 'productpage-v1', to: 'reviews', version: 'v1', count: 8 },
  { from: 'productpage-v1', to: 'reviews', version: 'v2', count: 1, durationMs: 80 },
  { from: 'productpage-v1', to: 'reviews', version: 'v2', count: 1, code: '503', durationMs: 300 },
  { from: 'productpage-v1', to: 'details', count: 10 },
];

const store = new SeriesStore();
for (let round = 0; round <= 24; round++) {
  store.beginRound(atMs - (24 - round) * stepMs);
  for (const reporter of ['source', 'destination'] as const) {
    const pod = `${reporter}-pod`;
    const gauges = `# TYPE pilot_xds gauge\npilot_xds{type="eds"} ${round}\npilot_xds{type="lds"} 2\n`;
    store.ingest(
      { id: `default/${pod}`, namespace: 'default', pod },
      Buffer.concat([generatedMetrics(calls, reporter, round), Buffer.from(gauges)]),
    );
  }
}

interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** `label values=value`, sorted; numbers with three digits. */
const ask = (query: string): readonly string[] | string => {
  const { data, problem } = instantQuery(store, query, atMs);
  if (problem !== undefined) return problem;
  const { resultType, result } = data as { resultType: string; result: unknown };
  const short = (text: string): string => String(Math.round(Number(text) * 1000) / 1000);
  if (resultType === 'scalar') return [short((result as readonly [number, string])[1])];
  return (result as readonly Row[])
    .map(({ metric, value }) => `${Object.values(metric).join(',')}=${short(value[1])}`)
    .sort();
};

const source = 'reporter="source"';

/** What Istio's and Kiali's dashboards ask, in their words, with the answers known beforehand. */
const dashboards: readonly (readonly [query: string, answer: readonly string[]])[] = [
  [`round(sum(irate(istio_requests_total{reporter=~"source|waypoint"}[1m])), 0.001)`, ['=4']],
  [`sum(rate(istio_requests_total{${source}}[1m]))`, ['=4']],
  [`sum(increase(istio_requests_total{${source}}[1m]))`, ['=240']],
  [
    `sum(rate(istio_requests_total{${source}, response_code!~"5.*"}[1m])) / sum(rate(istio_requests_total{${source}}[1m]))`,
    ['=0.95'],
  ],
  [
    `sum(rate(istio_requests_total{${source},response_code=~"5.*"}[1m])) by (destination_canonical_revision)`,
    ['v2=0.2'],
  ],
  [
    `sum by (destination_service_name) (rate(istio_requests_total{${source}}[60s]))`,
    ['details=2', 'reviews=2'],
  ],
  [
    `sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="default"} [60s])) by (destination_workload,response_code) > 0.3`,
    ['details-v1,200=2', 'reviews-v1,200=1.6'],
  ],
  [
    `histogram_quantile(0.50, sum(rate(istio_request_duration_milliseconds_bucket{${source}}[1m])) by (le, destination_service_name))`,
    ['details=3', 'reviews=3.5'],
  ],
  [
    `(histogram_quantile(0.99, sum(irate(istio_request_duration_milliseconds_bucket{${source},destination_service=~"reviews.*"}[1m])) by (le)) / 1000) or histogram_quantile(0.99, sum(irate(istio_request_duration_seconds_bucket{${source}}[1m])) by (le))`,
    ['=0.475'],
  ],
  [
    `sum(rate(istio_request_duration_milliseconds_sum{${source}}[1m])) by (destination_service_name) / sum(rate(istio_request_duration_milliseconds_count{${source}}[1m])) by (destination_service_name)`,
    ['details=3', 'reviews=40.4'],
  ],
  [
    `label_join(sum(rate(istio_requests_total{${source}, response_code="200"}[1m])) by (destination_workload, destination_workload_namespace), "destination_workload_var", ".", "destination_workload", "destination_workload_namespace")`,
    [
      'details-v1,default,details-v1.default=2',
      'reviews-v1,default,reviews-v1.default=1.6',
      'reviews-v2,default,reviews-v2.default=0.2',
    ],
  ],
  [`sum(istio_requests_total{${source}})`, ['=480']],
  // Two minutes are known: 480 requests in them, and in the ten.
  [`sum(rate(istio_requests_total{${source}}[10m]))`, ['=0.8']],
  [`sum(increase(istio_requests_total{${source}}[10m]))`, ['=480']],
  [
    `topk(1, sum(rate(istio_requests_total{${source}}[1m])) by (destination_workload))`,
    ['details-v1=2'],
  ],
  [`count(sum(istio_requests_total) by (destination_workload))`, ['=3']],
  [
    `count({__name__=~"istio_request.*",reporter="source"}) by (__name__)`,
    [
      'istio_request_duration_milliseconds_bucket=40',
      'istio_request_duration_milliseconds_count=4',
      'istio_request_duration_milliseconds_sum=4',
      'istio_requests_total=4',
    ],
  ],
  [`sum(pilot_xds) by (type)`, ['eds=48', 'lds=4']],
  [`max(pilot_xds)`, ['=24']],
  [`avg(avg_over_time(pilot_xds{type="eds"}[20s]))`, ['=22.5']],
  [`sum(rate(istio_tcp_sent_bytes_total{${source}}[1m]))`, []],
  [`sum(istio_requests_total{${source}} offset 1m)`, ['=240']],
  [
    `100 * (1 - sum(rate(istio_requests_total{${source},response_code=~"5.*"}[1m])) / sum(rate(istio_requests_total{${source}}[1m])))`,
    ['=95'],
  ],
  [
    `sum(rate(istio_requests_total{${source},destination_service_name="reviews"}[1m])) by (destination_canonical_revision) / ignoring(destination_canonical_revision) sum(rate(istio_requests_total{${source},destination_service_name="nobody"}[1m]))`,
    [],
  ],
  [`scalar(sum(pilot_xds{type="lds"})) + 2 ^ 3 * -1`, ['-4']],
  [`sum(pilot_xds) by (type) > bool 10`, ['eds=1', 'lds=0']],
  [`sum(pilot_xds) by (type) unless sum(pilot_xds{type="eds"}) by (type)`, ['lds=4']],
];

for (const [query, answer] of dashboards) {
  test(`PromQL: ${query}`, () => assert.deepEqual(ask(query), answer));
}

const refused: readonly (readonly [query: string, reason: RegExp])[] = [
  ['', /unexpected "the end"/],
  ['sum(', /unexpected "the end"/],
  ['istio_requests_total{a=b}', /a text in quotes/],
  ['istio_requests_total[5m]', /needs a function around it/],
  ['rate(istio_requests_total)', /rate needs a range/],
  ['nothing_like_this(up)', /function nothing_like_this is not supported/],
  ['constructor(up)', /function constructor is not supported/],
  ['istio_requests_total{a=~"("}', /is no regular expression/],
  ['{a=""}', /needs a metric name/],
  ['pilot_xds + on(type) group_left pilot_xds', /group_left is not supported/],
  ['pilot_xds / on(type) pilot_xds', /many-to-many/],
  ['"a" + 1', /not for texts/],
  ['('.repeat(200), /nested too deeply/],
];
for (const [query, reason] of refused) {
  test(`PromQL refused: ${query.slice(0, 60)}`, () => assert.match(String(ask(query)), reason));
}

test('a range has a value a step, and gaps where there is nothing', () => {
  const query = `sum(rate(istio_requests_total{${source}}[10s]))`;
  const { data } = rangeQuery(store, query, {
    startMs: atMs - 150_000,
    endMs: atMs,
    stepMs: 30_000,
  });
  const { result } = data as {
    result: readonly { values: readonly (readonly [number, string])[] }[];
  };
  assert.deepEqual(
    result[0]?.values.map(([time, value]) => [time, value]),
    [910, 940, 970, 1000].map((time) => [time, '4']),
  );
  assert.match(
    String(rangeQuery(store, query, { startMs: 0, endMs: atMs, stepMs: 1 }).problem),
    /steps/,
  );
  assert.match(
    String(rangeQuery(store, query, { startMs: Number.NaN, endMs: 1, stepMs: 1 }).problem),
    /steps/,
  );
});

test('any text is an answer or a reason, never an exception', () => {
  const word = fc.constantFrom(
    'sum',
    'rate',
    '(',
    ')',
    '[5m]',
    '{',
    '}',
    ',',
    '"a"',
    'pilot_xds',
    'by',
    '+',
    '/',
    '>',
    '1',
    'or',
    '=~',
    '-',
    'offset',
    '5m',
    'topk',
    'on',
    '"(a+)+$"',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
      ),
      (query) => {
        instantQuery(store, query, atMs);
      },
    ),
    { numRuns: 400 },
  );
});
