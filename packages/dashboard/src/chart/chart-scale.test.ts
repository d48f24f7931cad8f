import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaPath, chartRuns, linePath, niceCeiling } from './chart-scale.ts';

const ceilings = [
  [0, 1],
  [0.7, 1],
  [1.3, 2],
  [2.2, 2.5],
  [30, 50],
  [99, 100],
  [1000, 1000],
] as const;

for (const [value, ceiling] of ceilings) {
  test(`the scale for ${value} ends at ${ceiling}`, () => {
    assert.equal(niceCeiling(value), ceiling);
  });
}

test('a missing value breaks the line, a lone one is a dash', () => {
  const box = { width: 40, height: 10, top: 10, fromMs: 0, toMs: 4 };
  const runs = chartRuns({ startMs: 0, stepMs: 1, values: [0, 10, null, 5, null] }, box);
  assert.deepEqual(runs, [
    [
      [0, 10],
      [10, 0],
    ],
    [[30, 5]],
  ]);
  assert.equal(linePath(runs), 'M0.0 10.0L10.0 0.0M28.5 5.0h3');
  assert.equal(areaPath(runs, 10), 'M0.0 10L0.0 10.0L10.0 0.0L10.0 10Z');
});
