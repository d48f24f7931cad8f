import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planRollingUpdate, rolloutBounds } from './rolling-update.ts';

fc.configureGlobal({ seed: 20_261_121 });

test('percentages round in favour of progress and availability', () => {
  assert.deepEqual(rolloutBounds(10), { maxSurge: 3, maxUnavailable: 2 });
  assert.deepEqual(rolloutBounds(1), { maxSurge: 1, maxUnavailable: 0 });
  const none = { maxSurge: 0, maxUnavailable: 0 };
  assert.deepEqual(rolloutBounds(4, none), { maxSurge: 0, maxUnavailable: 1 });
});

test('one replica: the old pod stays until the new one is available', () => {
  const bounds = rolloutBounds(1);
  const one = { wanted: 1, available: 1 };
  const fresh = { wanted: 0, available: 0 };
  assert.deepEqual(planRollingUpdate(1, fresh, [one], bounds), { current: 1, old: [1] });
  const starting = { wanted: 1, available: 0 };
  assert.deepEqual(planRollingUpdate(1, starting, [one], bounds), { current: 1, old: [1] });
  assert.deepEqual(planRollingUpdate(1, one, [one], bounds), { current: 1, old: [0] });
});

test('any rollout ends, keeps within the surge and never drops below what must stay', () => {
  const shape = fc.record({
    wanted: fc.integer({ min: 0, max: 20 }),
    old: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 }),
    maxSurge: fc.integer({ min: 0, max: 5 }),
    maxUnavailable: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(shape, ({ wanted, old, ...strategy }) => {
      const bounds = rolloutBounds(wanted, strategy);
      let current = { wanted: 0, available: 0 };
      let others = old.map((count) => ({ wanted: count, available: count }));
      const total = (sets: { available: number }[]): number =>
        sets.reduce((all, set) => all + set.available, 0);
      const startAvailable = total(others);
      for (let step = 0; step < 200; step += 1) {
        const plan = planRollingUpdate(wanted, current, others, bounds);
        const pods = plan.current + plan.old.reduce((all, count) => all + count, 0);
        const before = others.reduce((all, set) => all + set.wanted, current.wanted);
        assert.ok(pods <= Math.max(wanted + bounds.maxSurge, before));
        others = plan.old.map((count) => ({ wanted: count, available: count }));
        const lowest = Math.min(wanted - bounds.maxUnavailable, startAvailable);
        assert.ok(total([current, ...others]) >= lowest);
        current = { wanted: plan.current, available: plan.current };
        if (plan.current === wanted && plan.old.every((count) => count === 0)) return;
      }
      assert.fail('the rollout did not end');
    }),
  );
});
