import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { PushQueue } from './push-queue.ts';

const make = (run: (key: string, item: readonly number[]) => void = () => undefined) => {
  const done: [string, readonly number[]][] = [];
  let turns = 0;
  const queue = new PushQueue<string, readonly number[]>({
    merge: (pending, added) => [...pending, ...added],
    run: (key, item) => {
      done.push([key, item]);
      run(key, item);
    },
    yieldTurn: async () => {
      turns += 1;
      await setImmediate();
    },
  });
  return { queue, done, turns: () => turns };
};

describe('PushQueue', () => {
  it('merges what is added for a key that waits', async () => {
    const { queue, done } = make();
    queue.enqueue('a', [1]);
    queue.enqueue('b', [2]);
    queue.enqueue('a', [3]);
    assert.equal(queue.size, 2);
    await queue.idle;
    assert.deepEqual(done, [
      ['a', [1, 3]],
      ['b', [2]],
    ]);
  });

  it('runs again what is added while it runs or after it was empty', async () => {
    const { queue, done } = make((key, [item]) => {
      if (item === 1) queue.enqueue(key, [2]);
    });
    queue.enqueue('a', [1]);
    await queue.idle;
    queue.enqueue('a', [3]);
    await queue.idle;
    assert.deepEqual(
      done.map(([, item]) => item),
      [[1], [2], [3]],
    );
  });

  it('gives the event loop a turn every few pushes', async () => {
    const { queue, done, turns } = make();
    for (let index = 0; index < 20; index++) queue.enqueue(`proxy-${index}`, [index]);
    await queue.idle;
    assert.equal(done.length, 20);
    assert.equal(turns(), 2);
  });

  it('forgets a key that has gone', async () => {
    const { queue, done } = make();
    queue.enqueue('a', [1]);
    queue.forget('a');
    await queue.idle;
    assert.deepEqual(done, []);
  });
});
