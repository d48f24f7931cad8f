import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '@lateen/base';
import { Debounce } from './debounce.ts';

const make = (delays: (change: readonly string[]) => { quietMs: number; maxMs: number }) => {
  const clock = new ManualClock(1_000);
  const flushed: { change: readonly string[]; firstMs: number; atMs: number }[] = [];
  const debounce = new Debounce<readonly string[]>({
    clock,
    merge: (pending, added) => [...pending, ...added],
    delaysOf: delays,
    flush: (change, firstMs) => flushed.push({ change, firstMs, atMs: clock.nowMs() }),
  });
  return { clock, flushed, debounce };
};

const config = { quietMs: 10, maxMs: 25 };

describe('Debounce', () => {
  it('flushes once after the quiet period, with all changes', () => {
    const { clock, flushed, debounce } = make(() => config);
    debounce.add(['a']);
    clock.advance(9);
    debounce.add(['b']);
    clock.advance(9);
    assert.deepEqual(flushed, []);
    clock.advance(1);
    assert.deepEqual(flushed, [{ change: ['a', 'b'], firstMs: 1_000, atMs: 1_019 }]);
    clock.advance(100);
    assert.equal(flushed.length, 1);
  });

  it('waits no longer than the maximum, however busy it is', () => {
    const { clock, flushed, debounce } = make(() => config);
    for (let step = 0; step < 10; step++) {
      debounce.add([String(step)]);
      clock.advance(5);
    }
    assert.deepEqual(
      flushed.map(({ atMs }) => atMs),
      [1_025, 1_050],
    );
    assert.equal(flushed.flatMap(({ change }) => change).length, 10);
  });

  it('goes by the delays of the merged change', () => {
    const { clock, flushed, debounce } = make((change) =>
      change.includes('config') ? config : { quietMs: 1, maxMs: 5 },
    );
    debounce.add(['endpoints']);
    clock.advance(1);
    assert.equal(flushed.length, 1);
    debounce.add(['endpoints']);
    debounce.add(['config']);
    clock.advance(9);
    assert.equal(flushed.length, 1);
    clock.advance(1);
    assert.equal(flushed.length, 2);
  });

  it('drops what waits when stopped', () => {
    const { clock, flushed, debounce } = make(() => config);
    debounce.add(['a']);
    debounce.stop();
    clock.advance(100);
    assert.deepEqual(flushed, []);
  });
});
