import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedMetrics } from '../testing/generated-metrics.ts';
import { sumOf } from './series.ts';
import { SeriesStore } from './series-store.ts';
import { type ToldRounds, tellRounds, toldSeries } from './told-rounds.ts';

const limits = { rounds: 16, maxSeries: 100, maxBytes: 1024 * 1024 };
const west = { id: 'cluster west', namespace: '', pod: '', cluster: 'west' };
const calls = [{ from: 'a-v1', to: 'b', count: 2, durationMs: 30 }];

/** Rounds at 10 s, 20 s ..., with two calls in each but the first. */
const measured = (rounds: number): SeriesStore => {
  const store = new SeriesStore(limits);
  for (let round = 1; round <= rounds; round++) {
    store.beginRound(round * 10_000);
    const metrics = generatedMetrics(calls, 'source', round);
    store.ingest({ id: 'x/a', namespace: 'x', pod: 'a' }, metrics);
    store.ingest({ id: 'x/a2', namespace: 'x', pod: 'a2' }, metrics);
  }
  return store;
};

const take = (store: SeriesStore, told: ToldRounds): void => {
  // As it goes over the wire.
  const read = JSON.parse(JSON.stringify(told)) as ToldRounds;
  for (const series of toldSeries(read)) store.add(west, series);
};

const requests = (store: SeriesStore, fromMs: number, toMs: number): number => {
  const { slots } = store.rounds.range(fromMs, toMs);
  return [...store.seriesOfMesh('istio_requests_total')].reduce(
    (sum, series) => sum + (series.kind === 'counter' ? sumOf(series.increments, slots) : 0),
    0,
  );
};

test('what pods of one workload counted is told once, in the rounds in which it happened', () => {
  const told = tellRounds(measured(4), 0);
  assert.equal(told.toMs, 40_000);
  assert.equal(told.sets.length, 1);
  const store = new SeriesStore(limits);
  // Rounds of its own, between the other's.
  for (const atMs of [5_000, 15_000, 25_000, 35_000]) store.beginRound(atMs);
  take(store, told);
  assert.equal(requests(store, 5_000, 15_000), 0);
  assert.equal(requests(store, 15_000, 25_000), 4);
  // The newest has what came after it.
  assert.equal(requests(store, 25_000, 35_000), 8);
  const [histogram] = store.seriesOfMesh('istio_request_duration_milliseconds');
  assert.ok(histogram?.kind === 'histogram');
  const { slots } = store.rounds.range(0, 40_000);
  const filled = histogram.bounds.filter((_, at) => sumOf(histogram.increments[at], slots) > 0);
  assert.deepEqual([filled, sumOf(histogram.sums, slots)], [[50], 360]);
  assert.deepEqual([...store.series('istio_requests_total')], []);
  assert.deepEqual(tellRounds(store, 0).sets, []);
});

test('only what is new is told, and nothing when nothing happened', () => {
  const store = measured(4);
  const since = (sinceMs: number): readonly unknown[] =>
    tellRounds(store, sinceMs).sets.flatMap(({ counters }) => Object.values(counters));
  assert.deepEqual(since(20_000), [
    [
      [30_000, 4],
      [40_000, 4],
    ],
  ]);
  assert.deepEqual(since(40_000), []);
});

test('what is too old is passed over, and what nobody tells any more is forgotten', () => {
  const told = tellRounds(measured(4), 0);
  const store = new SeriesStore(limits);
  take(store, told);
  assert.equal(store.use.series, 2);
  for (let round = 0; round < 40; round++) store.beginRound(100_000 + round * 10_000);
  assert.equal(store.use.series, 0);
  take(store, told);
  assert.equal(requests(store, 0, 1_000_000), 0);
  take(store, {
    toMs: 0,
    sets: told.sets.map((set) => ({ ...set, counters: { again: [[480_000, 3]] } })),
  });
  assert.equal([...store.seriesOfMesh('again')].length, 1);
});
