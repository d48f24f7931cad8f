import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@lateen/api';
import { ManualClock, silentLogger } from '@lateen/base';
import { queryMetrics } from '../metrics/metrics-query.ts';
import { SeriesStore } from '../metrics/series-store.ts';
import { samplePod } from '../testing/sample-mesh.ts';
import { type ScrapeTarget, scrapeTargetOf } from './scrape-target.ts';
import { Scraper, scrapeIntervalMs } from './scraper.ts';

const pod = (fields: object): Pod =>
  ({ ...samplePod('reviews', 'v1', '10.0.0.9'), ...fields }) as Pod;

test('what is scraped of pods', () => {
  const target = scrapeTargetOf(pod({}));
  assert.equal(target?.url.href, 'http://10.0.0.9:15020/stats/prometheus');
  assert.equal(target.id, 'default/reviews-v1-h-1');
  assert.equal(scrapeTargetOf(pod({ status: { phase: 'Pending' } })), undefined);
  assert.equal(scrapeTargetOf(pod({ spec: { containers: [{ name: 'a' }] } })), undefined);
  const istiod = pod({
    metadata: { name: 'istiod-1', namespace: 'istio-system', labels: { app: 'istiod' } },
    spec: { containers: [{ name: 'discovery' }] },
    status: { phase: 'Running', podIP: 'fd00::1' },
  });
  assert.equal(scrapeTargetOf(istiod)?.url.href, 'http://[fd00::1]:15014/metrics');
});

const target = (name: string): ScrapeTarget => ({
  ...{ id: `default/${name}`, namespace: 'default', pod: name, startedAtMs: 0 },
  url: new URL(`http://${name}/`),
});

test('a target that is only starting is no failing one', async () => {
  let isDown = true;
  const scraper = new Scraper({
    store: new SeriesStore(),
    clock: new ManualClock(1_000_000),
    log: silentLogger,
    targets: () => [target('a'), target('b')],
    fetchMetrics: async ({ pod: name }) => {
      if (isDown && name === 'b') throw new Error('refused');
      return Buffer.from('');
    },
    onRound: () => undefined,
  });
  const seen: number[] = [];
  for (let round = 0; round < 3; round++) {
    await scraper.round();
    seen.push(scraper.failing);
  }
  isDown = false;
  await scraper.round();
  assert.deepEqual([...seen, scraper.failing], [0, 0, 1, 0]);
});

test('rounds: targets that fail are told, those that go are forgotten, the next round comes in time', async () => {
  const clock = new ManualClock(1_000_000);
  const store = new SeriesStore();
  const counts = new Map([
    ['a', 0],
    ['b', 0],
  ]);
  let targets = [target('a'), target('b')];
  let failing = 'b';
  let woken = Promise.withResolvers<number>();
  const scraper = new Scraper({
    store,
    clock,
    log: silentLogger,
    targets: () => targets,
    fetchMetrics: async ({ pod: name }) => {
      if (name === failing) throw new Error('refused');
      counts.set(name, (counts.get(name) ?? 0) + 10);
      return Buffer.from(
        `# TYPE istio_requests_total counter\nistio_requests_total{pod="${name}"} ${counts.get(name)}\n`,
      );
    },
    onRound: (atMs) => woken.resolve(atMs),
  });
  const finished = async (): Promise<number> => {
    const atMs = await woken.promise;
    woken = Promise.withResolvers();
    // The loop asks for its timer after the round.
    await new Promise(setImmediate);
    return atMs;
  };
  const next = (): Promise<number> => {
    clock.advance(scrapeIntervalMs);
    return finished();
  };
  scraper.start();
  const first = await finished();
  assert.deepEqual(scraper.counts, { ok: 1, total: 2 });
  assert.match(scraper.state('default/b').error, /refused/);
  failing = '';
  assert.equal(await next(), first + scrapeIntervalMs);
  assert.deepEqual(scraper.counts, { ok: 2, total: 2 });
  targets = [target('a')];
  await next();
  scraper.stop();
  assert.deepEqual(scraper.counts, { ok: 1, total: 1 });
  const [increase] = queryMetrics(store, {
    ...{ metric: 'istio_requests_total', fn: 'increase', by: ['pod'], matchers: [] },
    ...{ fromMs: 0, toMs: clock.nowMs(), stepMs: clock.nowMs(), windowMs: clock.nowMs() },
  });
  assert.deepEqual([increase?.labels['pod'], increase?.values], ['a', [20]]);
});
