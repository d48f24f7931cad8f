import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type ClusterTable, compileCluster, type EndpointEntry } from '@lateen/routing';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { entryOf, seededDice } from '../testing/endpoints.ts';
import { fitsShares } from '../testing/statistics.ts';
import { EndpointSet } from './endpoint-set.ts';
import { xxHash64 } from './xx-hash.ts';
import type { LocalZone } from './zone-routing.ts';

const plain = compileCluster(create(ClusterSchema, { name: 'test' })).value as ClusterTable;

const setOf = (
  entries: readonly EndpointEntry[],
  over: Partial<ClusterTable> = {},
  drops: { readonly category: string; readonly fraction: number }[] = [],
  localZone: LocalZone | undefined = undefined,
) => {
  let panics = 0;
  const set = new EndpointSet(
    { ...plain, healthyPanicPercent: 0, ...over },
    {
      nowMs: () => 0,
      onPanic: () => {
        panics++;
      },
      localZone,
    },
  );
  set.replace({
    clusterName: 'test',
    endpoints: entries,
    priorities: 1,
    overprovisioningPercent: 140,
    drops,
  });
  return { set, panics: () => panics };
};

/** Endpoints `10.PRIORITY.ZONE.n`. */
const zone = (
  zone: string,
  count: number,
  more: Partial<EndpointEntry> & { readonly sick?: number } = {},
): EndpointEntry[] =>
  Array.from({ length: count }, (_, at) => {
    const { sick = 0, ...rest } = more;
    return entryOf(`10.${rest.priority ?? 0}.${zone}.${at + 1}`, {
      locality: { region: 'r', zone, subZone: '' },
      health: at < sick ? 'unhealthy' : 'healthy',
      ...rest,
    });
  });

/** Picks by the first three numbers of the address. */
const countPicks = (set: EndpointSet, groups: readonly string[], times = 20_000): number[] => {
  const dice = seededDice(11);
  const counts = new Map<string, number>();
  for (let at = 0; at < times; at++) {
    const key = set.pick({ hash: undefined, dice }, undefined)?.entry.key ?? 'none';
    const group = groups.find((name) => key.startsWith(`${name}.`)) ?? key;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  assert.equal(
    [...counts.values()].reduce((sum, count) => sum + count, 0),
    times,
  );
  return groups.map((group) => counts.get(group) ?? 0);
};

test('distribute: localities by weight, less what their sick endpoints cost', () => {
  const over = { localityWeighted: true };
  const weighted = [
    ...zone('1', 2, { localityWeight: 70 }),
    ...zone('2', 5, { localityWeight: 20 }),
    ...zone('3', 1, { localityWeight: 10 }),
    ...zone('4', 3, { localityWeight: 0 }),
  ];
  const groups = ['10.0.1', '10.0.2', '10.0.3', '10.0.4'];
  assert.deepEqual(countPicks(setOf(weighted, over).set, groups, 1000), [700, 200, 100, 0]);
  // Without the setting endpoints alone count.
  const counts = countPicks(setOf(weighted).set, groups, 1100);
  assert.deepEqual(counts, [200, 500, 100, 300]);
  // Half of 1 is sick: it keeps 1.4 x 50 %.
  const sick = [
    ...zone('1', 4, { localityWeight: 50, sick: 2 }),
    ...zone('2', 4, { localityWeight: 50 }),
  ];
  assert.deepEqual(countPicks(setOf(sick, over).set, groups.slice(0, 2), 1700), [700, 1000]);
  // One of four sick costs nothing.
  const fair = [
    ...zone('1', 4, { localityWeight: 50, sick: 1 }),
    ...zone('2', 4, { localityWeight: 50 }),
  ];
  assert.deepEqual(countPicks(setOf(fair, over).set, groups.slice(0, 2), 1000), [500, 500]);
});

test('failover: lower priorities take what the higher cannot carry', () => {
  const groups = ['10.0.1', '10.1.2'];
  const rows: readonly [number, readonly number[]][] = [
    // Sick of ten in the first priority, shares of both.
    [0, [100, 0]],
    [2, [100, 0]],
    [3, [98, 2]],
    [5, [70, 30]],
    [9, [14, 86]],
    [10, [0, 100]],
  ];
  for (const [sick, shares] of rows) {
    const entries = [...zone('1', 10, { sick }), ...zone('2', 10, { priority: 1 })];
    const counts = countPicks(setOf(entries).set, groups);
    const used = shares.flatMap((share, at) => (share > 0 ? [at] : []));
    assert.ok(shares.every((share, at) => share > 0 || counts[at] === 0));
    if (used.length > 1) assert.ok(fitsShares(counts, shares), `${sick} sick: ${counts}`);
  }
});

test('panic: health is ignored below the threshold, and never at 0', () => {
  const entries = zone('1', 4, { sick: 3 });
  const off = setOf(entries);
  assert.equal(new Set(picksOf(off.set)).size, 1);
  assert.equal(off.panics(), 0);
  const on = setOf(entries, { healthyPanicPercent: 50 });
  assert.equal(new Set(picksOf(on.set)).size, 4);
  assert.equal(on.panics(), 100);
  const none = setOf(zone('1', 2, { sick: 2 }));
  assert.deepEqual(new Set(picksOf(none.set)), new Set([undefined]));
});

const picksOf = (set: EndpointSet): (string | undefined)[] => {
  const dice = seededDice(3);
  return Array.from(
    { length: 100 },
    () => set.pick({ hash: undefined, dice }, undefined)?.entry.key,
  );
};

test('hashing: a key stays in its priority, localities weigh', () => {
  const loadBalancing = {
    kind: 'maglev',
    tableSize: 65_537,
    consistentHashing: { useHostname: false },
  } as const;
  const entries = [...zone('1', 2, { sick: 1 }), ...zone('2', 2, { priority: 1 })];
  const { set } = setOf(entries, { loadBalancing });
  const counts = [0, 0];
  for (let at = 0; at < 10_000; at++) {
    const pick = () => set.pick({ hash: xxHash64(`key ${at}`), dice: seededDice(at) }, undefined);
    const chosen = pick();
    assert.equal(pick(), chosen);
    const priority = chosen?.entry.priority ?? 0;
    counts[priority] = (counts[priority] ?? 0) + 1;
  }
  assert.ok(fitsShares(counts, [70, 30]), `${counts}`);
  const weighted = [
    ...zone('1', 1, { localityWeight: 90 }),
    ...zone('2', 4, { localityWeight: 10 }),
  ];
  const local = setOf(weighted, { loadBalancing, localityWeighted: true });
  const shares = countPicks(local.set, ['10.0.1', '10.0.2']);
  assert.ok(fitsShares(shares, [90, 10]), `${shares}`);
});

test('drop_overloads: each category drops its part', () => {
  const drops = [
    { category: 'throttle', fraction: 200_000 },
    { category: 'lb', fraction: 500_000 },
  ];
  const { set } = setOf(zone('1', 1), {}, drops);
  const dice = seededDice(5);
  const counts = new Map<string | undefined, number>();
  for (let at = 0; at < 20_000; at++) {
    const category = set.drawDrop(dice);
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  const seen = ['throttle', 'lb', undefined].map((category) => counts.get(category) ?? 0);
  assert.ok(fitsShares(seen, [0.2, 0.4, 0.4]), `${seen}`);
});

test('tries leave the priorities of those before, while others are fit', () => {
  const both = [...zone('0', 2, { priority: 0 }), ...zone('0', 2, { priority: 1 })];
  const dice = seededDice(5);
  const priorityOf = (entries: readonly EndpointEntry[], avoidPriorities: readonly number[]) => {
    const { set } = setOf(entries);
    return set.pick({ hash: undefined, dice, avoidPriorities }, undefined)?.entry.priority;
  };
  assert.equal(priorityOf(both, []), 0);
  assert.equal(priorityOf(both, [0]), 1);
  assert.equal(priorityOf(both, [1]), 0);
  assert.equal(priorityOf(both, [0, 1]), 0, 'all were tried: as at first');
  const sick = [...zone('0', 2, { priority: 0 }), ...zone('0', 2, { priority: 1, sick: 2 })];
  assert.equal(priorityOf(sick, [0]), 0, 'nothing else is fit');
});

test('zone aware routing: callers stay at home as far as it carries them', () => {
  const zones = (counts: Readonly<Record<string, number>>, more: Partial<EndpointEntry> = {}) =>
    Object.entries(counts).flatMap(([name, count]) => zone(name, count, more));
  const groups = ['10.0.a', '10.0.b', '10.0.c'];
  const picks = (
    servers: Readonly<Record<string, number>>,
    callers: Readonly<Record<string, number>>,
    zoneAware = { enabledPercent: 100, minClusterSize: 6 },
  ) => {
    const { set: own } = setOf(zones(callers));
    const localZone = {
      locality: 'r/a/',
      endpoints: () => own.endpoints,
      version: () => own.version,
    };
    const { set } = setOf(zones(servers), { zoneAware }, [], localZone);
    return countPicks(set, groups, 30_000);
  };
  // As many servers as callers at home, or more: nobody leaves.
  assert.deepEqual(picks({ a: 3, b: 3, c: 3 }, { a: 2, b: 2, c: 2 }), [30_000, 0, 0]);
  assert.deepEqual(picks({ a: 6, b: 2, c: 1 }, { a: 2, b: 2, c: 2 }), [30_000, 0, 0]);
  // Half of the callers here, a quarter of the servers: every second goes where there is room.
  assert.ok(fitsShares(picks({ a: 2, b: 3, c: 3 }, { a: 2, b: 1, c: 1 }), [4, 2, 2]));
  // Too few servers, none at home, or no callers known at home: zones do not count.
  assert.ok(fitsShares(picks({ a: 1, b: 1, c: 1 }, { a: 1, b: 1, c: 1 }), [1, 1, 1]));
  assert.deepEqual(picks({ b: 3, c: 3 }, { a: 1, b: 1, c: 1 })[0], 0);
  assert.ok(fitsShares(picks({ a: 3, b: 3, c: 3 }, { b: 1, c: 1 }), [1, 1, 1]));
  // Switched on for half of the requests.
  const half = { enabledPercent: 50, minClusterSize: 6 };
  const shares = [0.5 + 0.5 / 3, 0.5 / 3, 0.5 / 3];
  assert.ok(fitsShares(picks({ a: 3, b: 3, c: 3 }, { a: 1, b: 1, c: 1 }, half), shares));
});
