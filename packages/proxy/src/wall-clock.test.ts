import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from './wall-clock.ts';

/** Asked for a moment so far ahead, the clock is compared anew. */
const ahead = 1_001;
const now = (): number => wallMs(performance.now() + ahead) - ahead;

test('a clock that was set is followed, drift of milliseconds is not', (t) => {
  const before = now();
  assert.ok(Math.abs(before - Date.now()) < 1_000);
  const hour = 3_600_000;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + hour });
  assert.ok(Math.abs(now() - before - hour) < 1_000);
  t.mock.timers.reset();
  assert.ok(Math.abs(now() - before) < 1_000);
  const here = performance.now();
  t.mock.timers.enable({ apis: ['Date'], now: Math.round(wallMs(here)) + 5 });
  assert.ok(Math.abs(wallMs(here + ahead) - ahead - wallMs(here)) < 0.001);
});
