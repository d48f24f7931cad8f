import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './clock.ts';

test('runs what falls due in order of time, then of scheduling', () => {
  const clock = new ManualClock(1_000);
  const seen: string[] = [];
  const note = (name: string) => (): void => {
    seen.push(`${name}@${clock.nowMs()}`);
  };
  clock.schedule(20, note('late'));
  clock.schedule(10, note('first'));
  clock.schedule(10, note('second'));
  clock.schedule(5, () => clock.schedule(1, note('nested')));
  const cancel = clock.schedule(7, note('cancelled'));
  cancel();
  clock.advance(10);
  assert.deepEqual(seen, ['nested@1006', 'first@1010', 'second@1010']);
  assert.equal(clock.nowMs(), 1_010);
  clock.advance(10);
  assert.equal(seen.at(-1), 'late@1020');
});
