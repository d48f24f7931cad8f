import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorityLoads } from './priority-load.ts';

/** `healthy/total` or `healthy+degraded/total` for each priority. */
const counts = (text: string) =>
  text.split(' ').map((part) => {
    const [fit = '', total = ''] = part.split('/');
    const [healthy = '', degraded = '0'] = fit.split('+');
    return { healthy: Number(healthy), degraded: Number(degraded), total: Number(total) };
  });

/** `healthy` or `healthy+degraded` percent, `!` in panic. */
const shown = (loads: ReturnType<typeof priorityLoads>): string =>
  loads
    .map(
      ({ healthy, degraded, panic }) =>
        `${healthy}${degraded > 0 ? `+${degraded}` : ''}${panic ? '!' : ''}`,
    )
    .join(' ');

test("fills priorities as Envoy's documentation and tests say", () => {
  // Panic threshold, endpoints, expected.
  const rows: readonly [number, string, string][] = [
    // The table of "Priority levels": P1 is all healthy.
    [50, '100/100 100/100', '100 0'],
    [50, '72/100 100/100', '100 0'],
    [50, '71/100 100/100', '99 1'],
    [50, '50/100 100/100', '70 30'],
    [50, '25/100 100/100', '35 65'],
    [50, '0/100 100/100', '0 100'],
    // Normalised total health below 100: shares are scaled up, sick priorities panic.
    [50, '25/100 25/100', '50! 50!'],
    // Whole percents; the first takes what rounding leaves.
    [50, '5/100 65/100', '8! 92'],
    // All in panic: by number of endpoints.
    [50, '0/100 0/100', '50! 50!'],
    [50, '0/1 0/3', '25! 75!'],
    // Panic off (Istio without minHealthPercent).
    [0, '0/2 0/2', '100 0'],
    [0, '1/4', '100'],
    [0, '1/4 1/4', '50 50'],
    // Spill-over over three.
    [0, '1/2 1/2 2/2', '70 30 0'],
    [0, '1/4 1/4 2/2', '35 35 30'],
    // Degraded ones take what the healthy ones cannot carry.
    [50, '0+2/2', '0+100'],
    [50, '1+1/2', '70+30'],
    [50, '1+1/2 2/2', '70 30'],
    // One of three left.
    [30, '1/3', '100'],
    [50, '1/3', '100!'],
  ];
  for (const [panic, endpoints, expected] of rows) {
    assert.equal(shown(priorityLoads(counts(endpoints), 140, panic)), expected, endpoints);
  }
});

test('overprovisioning moves the point of spill-over', () => {
  assert.equal(shown(priorityLoads(counts('9/10 10/10'), 100, 0)), '90 10');
  assert.equal(shown(priorityLoads(counts('5/10 10/10'), 200, 0)), '100 0');
});
