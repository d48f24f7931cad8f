import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, silentLogger } from '@lateen/base';
import { WorkQueue } from './work-queue.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('merges additions of a key and never works on it twice at a time', async () => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const queue = new WorkQueue({
    name: 'test',
    clock: new ManualClock(),
    log: silentLogger,
    reconcile: async (key) => {
      seen.push(key);
      if (seen.length === 1) await gate.promise;
    },
  });
  queue.add('a');
  queue.add('a');
  queue.add('a');
  await settle();
  assert.deepEqual(seen, ['a']);
  gate.resolve();
  await settle();
  assert.deepEqual(seen, ['a', 'a']);
});

test('retries a failed key after a growing wait', async () => {
  const clock = new ManualClock();
  let attempts = 0;
  const queue = new WorkQueue({
    name: 'test',
    clock,
    log: silentLogger,
    reconcile: async () => {
      attempts += 1;
      if (attempts < 3) throw new Error('not yet');
    },
  });
  queue.add('a');
  await settle();
  assert.equal(attempts, 1);
  clock.advance(19);
  await settle();
  assert.equal(attempts, 1);
  clock.advance(1);
  await settle();
  assert.equal(attempts, 2);
  clock.advance(40);
  await settle();
  assert.equal(attempts, 3);
  clock.advance(100_000);
  await settle();
  assert.equal(attempts, 3);
});
