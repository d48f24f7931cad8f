import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Probe } from '@lateen/api';
import { ManualClock } from '@lateen/base';
import { ProbeLoop } from './probe-loop.ts';
import { RestartBackOff } from './restart-back-off.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const setUp = (probe: Probe, eager: boolean) => {
  const clock = new ManualClock();
  const state = { ok: false, asked: 0 };
  const seen: string[] = [];
  const loop = new ProbeLoop({
    probe,
    eager,
    clock,
    run: async () => {
      state.asked += 1;
      return { ok: state.ok, message: 'no' };
    },
    onVerdict: (healthy) => seen.push(healthy ? 'healthy' : 'unhealthy'),
    onFailure: () => seen.push('failure'),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 25) {
      clock.advance(25);
      await settled();
    }
  };
  return { loop, state, seen, pass };
};

test('readiness is found at once after start, and failures count once a period', async () => {
  const { loop, state, seen, pass } = setUp({ periodSeconds: 2, failureThreshold: 2 }, true);
  loop.start();
  await pass(1_500);
  assert.deepEqual(seen, []);
  await pass(3_000);
  assert.deepEqual(seen, ['failure', 'failure', 'unhealthy']);
  state.ok = true;
  await pass(100);
  assert.equal(seen.at(-1), 'healthy');
  const { asked } = state;
  await pass(1_800);
  assert.equal(state.asked, asked);
});

test('liveness keeps its period, delay and thresholds', async () => {
  const probe = { periodSeconds: 1, initialDelaySeconds: 5, failureThreshold: 2 };
  const { loop, state, seen, pass } = setUp(probe, false);
  loop.start();
  await pass(4_900);
  assert.equal(state.asked, 0);
  await pass(2_000);
  assert.deepEqual(seen, ['failure', 'failure', 'unhealthy']);
  loop.stop();
  await pass(5_000);
  assert.equal(seen.length, 3);
});

test('a success between failures starts the count again', async () => {
  const { loop, state, seen, pass } = setUp({ periodSeconds: 1, failureThreshold: 2 }, false);
  loop.start();
  await pass(100);
  state.ok = true;
  await pass(1_000);
  state.ok = false;
  await pass(1_000);
  assert.deepEqual(seen, ['failure', 'healthy', 'failure']);
});

test('restarts: at once, then 10 s doubling to 5 min, forgotten after a long run', () => {
  const backOff = new RestartBackOff();
  const delays = Array.from({ length: 8 }, () => backOff.nextDelayMs(0) / 1_000);
  assert.deepEqual(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
  assert.equal(backOff.nextDelayMs(600_000), 0);
});
