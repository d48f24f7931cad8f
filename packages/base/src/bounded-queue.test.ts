import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.ts';

fc.configureGlobal({ seed: 20_261_121 });

test('gives back in order what it took, and takes no more than its bound', () => {
  const commands = fc.array(fc.oneof(fc.integer(), fc.constant('take')), { maxLength: 200 });
  fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 20 }), (steps, limit) => {
      const queue = new BoundedQueue<number>(limit);
      const model: number[] = [];
      for (const step of steps) {
        if (step === 'take') assert.equal(queue.take(), model.shift());
        else if (queue.offer(step as number)) model.push(step as number);
        else assert.equal(model.length, limit);
        assert.equal(queue.size, model.length);
        assert.ok(queue.size <= limit);
      }
    }),
  );
});

test('forgets taken items even when it is never empty', () => {
  const queue = new BoundedQueue<number>(4);
  for (let item = 0; item < 10_000; item += 1) {
    assert.ok(queue.offer(item));
    if (item > 2) assert.equal(queue.take(), item - 3);
  }
  queue.clear();
  assert.equal(queue.take(), undefined);
});

test('a bound below one is a mistake of the program', () => {
  assert.throws(() => new BoundedQueue(0), RangeError);
});
