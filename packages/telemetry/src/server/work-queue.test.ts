import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue } from './work-queue.ts';

test('one after the other, in order, failures hinder nobody, too many are refused', async () => {
  const queue = new WorkQueue();
  const log: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = queue.run(async () => {
    await promise;
    log.push('first');
    throw new Error('broken');
  });
  const rest = Array.from({ length: 15 }, (_, index) =>
    queue.run(async () => {
      log.push(String(index));
    }),
  );
  assert.equal(
    queue.run(async () => undefined),
    undefined,
  );
  resolve();
  await assert.rejects(first ?? Promise.resolve(), /broken/);
  for (const one of rest) await one;
  assert.deepEqual(log.slice(0, 3), ['first', '0', '1']);
  assert.equal(await queue.run(async () => 'again'), 'again');
});
