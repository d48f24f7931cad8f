import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '@lateen/base';
import { sumOf } from '../metrics/series.ts';
import { SeriesStore } from '../metrics/series-store.ts';
import { prometheusMetrics } from './prometheus-source.ts';

const labels = { reporter: 'source', path: 'a "quoted" \\ one\nand more' };
const counter = { __name__: 'istio_requests_total', ...labels };
const bucket = (le: string) => ({
  ...{ __name__: 'istio_request_duration_milliseconds_bucket', le },
  ...labels,
});

/** Answers as Prometheus does, or whatever else. */
const serve = async (
  context: TestContext,
  answer: (url: URL) => { readonly status?: number; readonly body: string },
): Promise<URL> => {
  const server = http.createServer(({ url = '' }, response) => {
    const { status = 200, body } = answer(new URL(url, 'http://prometheus'));
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as { port: number };
  return new URL(`http://reader:secret@127.0.0.1:${port}/base/`);
};

const result = (items: readonly unknown[]): string =>
  JSON.stringify({ status: 'success', data: { result: items } });

const incrementsOf = (store: SeriesStore, family: string): number[] => {
  const { slots } = store.rounds.range(0, Number.MAX_SAFE_INTEGER);
  const [series] = [...store.series(family)];
  assert.ok(series);
  assert.deepEqual({ ...series.labels }, labels);
  if (series.kind === 'counter') return slots.map((slot) => sumOf(series.increments, [slot]));
  assert.equal(series.kind, 'histogram');
  return slots.map((slot) => series.increments.reduce((sum, one) => sum + sumOf(one, [slot]), 0));
};

test('the past first, then the newest samples, counted as what grew', async (context) => {
  const asked: string[] = [];
  const url = await serve(context, ({ pathname, searchParams }) => {
    asked.push(`${pathname} ${searchParams.get('query')?.slice(0, 20)}`);
    if (pathname.endsWith('query_range')) {
      const end = Number(searchParams.get('end'));
      assert.equal(end - Number(searchParams.get('start')), 900);
      const values = [
        [end - 30, '100'],
        [end - 15, '107'],
        [end, '110'],
      ];
      return { body: result([{ metric: counter, values }]) };
    }
    const value = [0, '112.0'];
    const buckets = [bucket('1'), bucket('+Inf')].map((metric) => ({ metric, value }));
    return { body: result([{ metric: counter, value }, ...buckets]) };
  });
  const source = prometheusMetrics(url, silentLogger);
  const store = new SeriesStore();
  const nowMs = 1_000_000_000;
  await source.prepare(store, nowMs);
  assert.equal(store.rounds.oldestMs, nowMs - 30_000);
  assert.deepEqual(incrementsOf(store, 'istio_requests_total'), [7, 3]);
  const [target] = source.targets();
  assert.ok(target);
  store.beginRound(nowMs + 5_000);
  store.ingest(target, await source.fetch(target));
  assert.deepEqual(incrementsOf(store, 'istio_requests_total'), [7, 3, 2]);
  assert.deepEqual(incrementsOf(store, 'istio_request_duration_milliseconds'), [0, 0, 112]);
  assert.deepEqual(asked, [
    '/base/api/v1/query_range {__name__=~"istio_.*',
    '/base/api/v1/query {__name__=~"istio_.*',
  ]);
  assert.doesNotMatch(source.url, /secret/);
  source.close();
});

const refusals = [
  {
    name: 'an error of Prometheus',
    status: 503,
    body: '{"error":"too busy"}',
    says: /503.*too busy/,
  },
  { name: 'a page of something else', body: '<html>Hello', says: /is the path right/ },
  { name: 'JSON of something else', body: '{"data":{}}', says: /no result/ },
] as const;

for (const { name, body, says, ...more } of refusals) {
  test(`what is not an answer: ${name}`, async (context) => {
    const url = await serve(context, () => ({ body, ...more }));
    const source = prometheusMetrics(url, silentLogger);
    const [target] = source.targets();
    assert.ok(target);
    await assert.rejects(source.fetch(target), ({ message }: Error) => {
      assert.match(message, /^Prometheus at http:\/\/127\.0\.0\.1:\d+\/base: /);
      assert.match(message, says);
      return true;
    });
    // The past is not worth more than a line in the log.
    const store = new SeriesStore();
    await source.prepare(store, 0);
    assert.equal(store.rounds.newest, -1);
    source.close();
  });
}
