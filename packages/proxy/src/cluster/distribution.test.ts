import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadBalancing } from '@lateen/routing';
import { endpointsOf, entryOf, seededDice } from '../testing/endpoints.ts';
import { fitsShares } from '../testing/statistics.ts';
import type { LoadBalancer } from './balancer.ts';
import { Endpoint } from './endpoint.ts';
import { buildHashBalancer, buildLoadBalancer, type HashBalancing } from './load-balancer.ts';
import { plainShares } from './locality-weights.ts';
import { xxHash64 } from './xx-hash.ts';

const picks = 50_000;

const countPicks = (
  balancer: LoadBalancer,
  endpoints: readonly Endpoint[],
  times = picks,
): number[] => {
  const dice = seededDice(20_260_101);
  const counts = new Map<Endpoint | undefined, number>();
  for (let at = 0; at < times; at++) {
    const chosen = balancer.pick({ hash: undefined, dice });
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  return endpoints.map((endpoint) => counts.get(endpoint) ?? 0);
};

const options = { start: 0, nowMs: () => 0 };
const leastRequest = { kind: 'least-request', choiceCount: 2, activeRequestBias: 1 } as const;

test('drawn balancers have the shares they should, at a false alarm in a million', () => {
  const rows: readonly [LoadBalancing, readonly number[], readonly number[]][] = [
    [{ kind: 'random' }, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
    // Envoy's RANDOM does not look at weights.
    [{ kind: 'random' }, [1, 2, 3], [1, 1, 1]],
    [leastRequest, [1, 1, 1, 1], [1, 1, 1, 1]],
    [leastRequest, [1, 2, 3, 4], [1, 2, 3, 4]],
    [leastRequest, [100, 1], [100, 1]],
  ];
  for (const [settings, weights, shares] of rows) {
    const endpoints = endpointsOf(weights.length, weights);
    const counts = countPicks(buildLoadBalancer(settings, endpoints, options), endpoints);
    assert.ok(fitsShares(counts, shares), `${settings.kind} ${weights}: ${counts}`);
  }
  assert.ok(
    !fitsShares([10_600, 9_800, 9_800, 9_900, 9_900], [1, 1, 1, 1, 1]),
    'the test can fail',
  );
});

test('least request: the power of two choices, and bias by requests in flight', () => {
  const endpoints = endpointsOf(4);
  const [busy] = endpoints as [Endpoint];
  busy.active = 3;
  // Drawn with replacement: the busy one only when both draws hit it.
  const equal = countPicks(buildLoadBalancer(leastRequest, endpoints, options), endpoints);
  assert.ok(fitsShares(equal, [1 / 16, 5 / 16, 5 / 16, 5 / 16]), `${equal}`);
  const three = { ...leastRequest, choiceCount: 3 };
  const chosen = countPicks(buildLoadBalancer(three, endpoints, options), endpoints);
  assert.ok(fitsShares(chosen, [1 / 64, 21 / 64, 21 / 64, 21 / 64]), `${chosen}`);
  const uneven = endpointsOf(2, [2, 1]);
  (uneven[0] as Endpoint).active = 3;
  const weighted = countPicks(buildLoadBalancer(leastRequest, uneven, options), uneven);
  assert.ok(fitsShares(weighted, [2 / 4, 1]), `${weighted}`);
});

test('round robin is exact over every round', () => {
  for (const weights of [
    [1, 1, 1],
    [5, 1, 1],
    [1, 2, 3, 4],
    [70, 30],
  ]) {
    const endpoints = endpointsOf(weights.length, weights);
    const balancer = buildLoadBalancer({ kind: 'round-robin' }, endpoints, options);
    const round = weights.reduce((sum, weight) => sum + weight, 0);
    for (let at = 0; at < 3; at++) {
      assert.deepEqual(countPicks(balancer, endpoints, round), weights);
    }
  }
});

test('slow start: the new endpoint gets its part by age, aggression and minimum', () => {
  const rows: readonly [number, number, number, number][] = [
    // Age in percent of the window, aggression, minimum percent, expected factor.
    [0, 1, 10, 0.1],
    [5, 1, 10, 0.1],
    [50, 1, 10, 0.5],
    [25, 2, 10, 0.5],
    [25, 0.5, 10, 0.1],
    [25, 0.5, 1, 0.0625],
    [100, 1, 10, 1],
  ];
  for (const [age, aggression, minWeightPercent, factor] of rows) {
    const slowStart = { windowMs: 60_000, aggression, minWeightPercent };
    const nowMs = () => 100_000;
    const [old] = endpointsOf(1) as [Endpoint];
    const young = new Endpoint(entryOf('10.0.0.9'), 100_000 - age * 600);
    const endpoints = [old, young];
    const roundRobin = { kind: 'round-robin', slowStart } as const;
    const balancer = buildLoadBalancer(roundRobin, endpoints, { start: 0, nowMs });
    const [first = 0, second = 0] = countPicks(balancer, endpoints, 10_000);
    assert.ok(Math.abs(second / first - factor) < 0.002, `${age} %: ${second / first}`);
    const drawn = { ...leastRequest, slowStart };
    const least = buildLoadBalancer(drawn, endpoints, { start: 0, nowMs });
    assert.ok(fitsShares(countPicks(least, endpoints), [1, factor]), `least request at ${age} %`);
  }
});

const ring: HashBalancing = {
  kind: 'ring-hash',
  minimumRingSize: 1024,
  maximumRingSize: 8_388_608,
  hashFunction: 'xx-hash',
  consistentHashing: { useHostname: false },
};
const maglev: HashBalancing = {
  kind: 'maglev',
  tableSize: 65_537,
  consistentHashing: { useHostname: false },
};

const keys = Array.from({ length: 20_000 }, (_, at) => xxHash64(`user-${at}`));
const dice = seededDice(7);

const placeKeys = (settings: HashBalancing, endpoints: readonly Endpoint[]) => {
  const balancer = buildHashBalancer(settings, plainShares(endpoints));
  return keys.map((hash) => balancer.pick({ hash, dice }));
};

test('hashing spreads keys by weight', () => {
  for (const weights of [
    [1, 1, 1, 1, 1],
    [1, 2, 5],
  ]) {
    const endpoints = endpointsOf(weights.length, weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const settings of [ring, maglev]) {
      const placed = placeKeys(settings, endpoints);
      weights.forEach((weight, index) => {
        const share =
          placed.filter((endpoint) => endpoint === endpoints[index]).length / keys.length;
        const expected = weight / total;
        const deviation = Math.sqrt((expected * (1 - expected)) / keys.length);
        assert.ok(
          Math.abs(share - expected) < 4.9 * deviation,
          `${settings.kind} ${weights} ${index}: ${share}`,
        );
      });
    }
  }
});

/** Most of all keys that move when one of the endpoints goes, and how many moved for nothing. */
const moves = (
  endpoints: readonly Endpoint[],
  settings: HashBalancing,
): { readonly excess: number; readonly needless: number } => {
  const placed = placeKeys(settings, endpoints);
  const total = endpoints.reduce((sum, { entry }) => sum + entry.weight, 0);
  let excess = Number.NEGATIVE_INFINITY;
  let needless = 0;
  for (const gone of endpoints) {
    const left = endpoints.filter((endpoint) => endpoint !== gone);
    const next = placeKeys(settings, left);
    const moved = placed.filter((endpoint, at) => endpoint !== next[at]);
    excess = Math.max(excess, moved.length / keys.length - gone.entry.weight / total);
    needless = Math.max(needless, moved.filter((endpoint) => endpoint !== gone).length);
  }
  return { excess, needless };
};

test('when one of N endpoints goes, at most 1/N + 5 % of keys move', () => {
  for (const count of [2, 3, 5, 10, 20, 50]) {
    for (const settings of [ring, maglev]) {
      const { excess } = moves(endpointsOf(count), settings);
      assert.ok(excess <= 0.05, `${settings.kind}, ${count} endpoints: 1/N + ${excess}`);
    }
  }
});

test('a ring moves the keys of the endpoint that went, and no others, whatever the weights', () => {
  for (const weights of [
    [1, 1, 1],
    [1, 2, 5, 100],
    [3, 3, 3, 3, 3, 3, 3],
  ]) {
    const { excess, needless } = moves(endpointsOf(weights.length, weights), ring);
    assert.equal(needless, 0, `${weights}`);
    assert.ok(excess <= 0.02, `${weights}: ${excess}`);
  }
});

test('a new endpoint takes its part of the keys from all others, and nothing else moves', () => {
  const endpoints = endpointsOf(6);
  const before = placeKeys(ring, endpoints.slice(0, 5));
  const after = placeKeys(ring, endpoints);
  const moved = after.filter((endpoint, at) => endpoint !== before[at]);
  assert.ok(moved.every((endpoint) => endpoint === endpoints[5]));
  assert.ok(Math.abs(moved.length / keys.length - 1 / 6) < 0.02, `${moved.length}`);
});

test('a key has an order of its own for all endpoints, for tries that must avoid some', () => {
  const endpoints = endpointsOf(5);
  const balancer = buildHashBalancer(ring, plainShares(endpoints));
  for (const hash of keys.slice(0, 200)) {
    const order = [0, 1, 2, 3, 4].map((attempt) => balancer.pick({ hash, dice, attempt }));
    assert.equal(new Set(order).size, 5);
    const [first, second] = order;
    const left = endpoints.filter((endpoint) => endpoint !== first);
    assert.equal(buildHashBalancer(ring, plainShares(left)).pick({ hash, dice }), second);
  }
});

test('the order endpoints come in decides nothing', () => {
  const endpoints = endpointsOf(7);
  for (const settings of [ring, maglev]) {
    const placed = placeKeys(settings, endpoints);
    assert.deepEqual(placeKeys(settings, [...endpoints].reverse()), placed);
  }
});

test('hash_balance_factor passes over an endpoint that has too much, always to the same one', () => {
  const bounded = { ...ring, consistentHashing: { useHostname: false, hashBalanceFactor: 120 } };
  const endpoints = endpointsOf(5);
  const balancer = buildHashBalancer(bounded, plainShares(endpoints));
  const [hash] = keys;
  const home = balancer.pick({ hash, dice });
  assert.equal(home, buildHashBalancer(ring, plainShares(endpoints)).pick({ hash, dice }));
  const seen = new Map<Endpoint | undefined, number>();
  for (let at = 0; at < 100; at++) {
    const chosen = balancer.pick({ hash, dice });
    assert.equal(chosen, balancer.pick({ hash, dice }));
    if (chosen !== undefined) chosen.active++;
    seen.set(chosen, (seen.get(chosen) ?? 0) + 1);
  }
  // All with one key: nobody has more than 120 % of the average of 20.
  assert.ok(Math.max(...seen.values()) <= 25, `${[...seen.values()]}`);
  assert.equal(seen.size, 5);
});

test('hash keys: host names and metadata where asked for', () => {
  const byName = { ...maglev, consistentHashing: { useHostname: true } };
  const at = (host: string, hostname: string) => new Endpoint(entryOf(host, { hostname }), 0);
  const before = placeKeys(byName, [at('10.0.0.1', 'a'), at('10.0.0.2', 'b')]);
  const after = placeKeys(byName, [at('10.1.0.7', 'a'), at('10.1.0.8', 'b')]);
  const names = (placed: typeof before) => placed.map((endpoint) => endpoint?.entry.hostname);
  assert.deepEqual(names(after), names(before));
});
