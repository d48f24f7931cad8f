import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceOf } from '../testing/fixture-signals.ts';
import { layoutWaterfall, serviceHues } from './waterfall.ts';

const trace = traceOf('0');

test('bars lie where their spans are', () => {
  const { rows, wholeUs } = layoutWaterfall(trace, new Set());
  assert.equal(rows.length, 8);
  assert.equal(wholeUs, 48_200);
  const [root, page] = rows;
  assert.equal(root?.left, 0);
  assert.equal(root?.width, 100);
  assert.ok(Math.abs((page?.left ?? 0) - (700 / 48_200) * 100) < 1e-9);
});

test('own time is what no child covers', () => {
  const { rows } = layoutWaterfall(trace, new Set());
  assert.equal(rows[0]?.ownUs, 48_200 - 46_900);
  assert.equal(rows[1]?.ownUs, 46_900 - 5900 - 36_000);
  assert.equal(rows.at(-1)?.ownUs, 25_900);
});

test('folding hides everything below, and nothing beside', () => {
  const folded = new Set([trace.spans[4]?.spanId ?? '']);
  const { rows } = layoutWaterfall(trace, folded);
  assert.deepEqual(
    rows.map(({ span }) => span.depth),
    [0, 1, 2, 3, 2],
  );
});

test('each service has a colour of its own', () => {
  const hues = [...serviceHues(trace.spans).values()];
  assert.equal(hues.length, 5);
  assert.equal(new Set(hues).size, 5);
});
