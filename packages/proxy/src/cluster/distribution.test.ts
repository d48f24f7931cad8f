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

test('ring hash: positions on the ring are those of Envoy', () => {
  // From Envoy's ring_hash_lb_test.cc: 127.0.0.1:90 to :95 on a ring of 12.
  const positions: readonly [number, bigint][] = [
    [94, 833437586790550860n],
    [92, 928266305478181108n],
    [90, 1033482794131418490n],
    [95, 3551244743356806947n],
    [93, 3851675632748031481n],
    [91, 5583722120771150861n],
    [91, 6311230543546372928n],
    [93, 7700377290971790572n],
    [95, 13144177310400110813n],
    [92, 13444792449719432967n],
    [94, 15516499411664133160n],
    [90, 16117243373044804889n],
  ];
  const endpoints = [90, 91, 92, 93, 94, 95].map((port) => {
    const key = `127.0.0.1:${port}`;
    return new Endpoint(entryOf('127.0.0.1', { key }), 0);
  });
  const balancer = buildHashBalancer({ ...ring, minimumRingSize: 12 }, plainShares(endpoints));
  const at = (position: bigint): string | undefined => {
    const hash = { high: Number(position >> 32n), low: Number(position & 0xffff_ffffn) };
    return balancer.pick({ hash, dice })?.entry.key;
  };
  positions.forEach(([port, position], index) => {
    const next = positions[(index + 1) % positions.length]?.[0];
    assert.equal(at(position), `127.0.0.1:${port}`);
    assert.equal(at(position + 1n), `127.0.0.1:${next}`);
    assert.equal(at(position - 1n), `127.0.0.1:${port}`);
  });
});

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
        // Places on the ring are drawn: their number makes the deviation. Maglev's are exact.
        const places = settings.kind === 'ring-hash' ? 1024 * expected : Number.POSITIVE_INFINITY;
        const deviation = expected * Math.sqrt(1 / places + 1 / (expected * keys.length));
        assert.ok(
          Math.abs(share - expected) < 4.9 * deviation,
          `${settings.kind} ${weights} ${index}: ${share}`,
        );
      });
    }
  }
});

/** Most of all keys that move when one of the endpoints goes, and whether any moved for nothing. */
const moves = (
  endpoints: readonly Endpoint[],
  before: HashBalancing,
  after: HashBalancing,
): { readonly share: number; readonly needless: number } => {
  const placed = placeKeys(before, endpoints);
  let share = 0;
  let needless = 0;
  for (const gone of endpoints) {
    const left = endpoints.filter((endpoint) => endpoint !== gone);
    const next = placeKeys(after, left);
    const moved = placed.filter((endpoint, at) => endpoint !== next[at]);
    share = Math.max(share, moved.length / keys.length);
    needless = Math.max(needless, moved.filter((endpoint) => endpoint !== gone).length);
  }
  return { share, needless };
};

test('when one of N endpoints goes, at most 1/N + 5 % of keys move', () => {
  for (const count of [2, 3, 5, 10, 20]) {
    const endpoints = endpointsOf(count);
    const { share } = moves(endpoints, maglev, maglev);
    assert.ok(share <= 1 / count + 0.05, `maglev, ${count} endpoints: ${share}`);
    // With as many places for each endpoint as before, only the keys of the one that went move.
    const sized = (size: number) => ({ ...ring, minimumRingSize: 512 * size });
    const ringed = moves(endpoints, sized(count), sized(count - 1));
    assert.ok(
      ringed.share <= 1 / count + 0.1 / Math.sqrt(count),
      `ring, ${count}: ${ringed.share}`,
    );
    assert.equal(ringed.needless, 0);
  }
});

test("a ring keeps its size as endpoints go, as Envoy's: those left get more places, and keys", () => {
  for (const count of [2, 3, 5, 10, 20]) {
    const { share } = moves(endpointsOf(count), ring, ring);
    assert.ok(share <= 1 / count + 0.15, `${count} endpoints: ${share}`);
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
