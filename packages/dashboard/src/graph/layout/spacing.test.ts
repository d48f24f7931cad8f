import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceOut } from './spacing.ts';

const rows = [
  { name: 'nothing', wanted: [], expected: [] },
  { name: 'one gets what it wants', wanted: [7], expected: [7] },
  { name: 'room for all', wanted: [0, 100, 200], expected: [0, 100, 200] },
  { name: 'two at one place share the pain', wanted: [0, 0], expected: [-10, 10] },
  { name: 'order is kept even when wishes are crossed', wanted: [50, 10], expected: [20, 40] },
  { name: 'a crowd spreads around its mean', wanted: [0, 0, 0], expected: [-20, 0, 20] },
];

for (const { name, wanted, expected } of rows) {
  test(`spacing: ${name}`, () => {
    const centres = spaceOut(
      wanted.map((each) => ({ wanted: each, height: 16 })),
      4,
    );
    assert.deepEqual(centres, expected);
  });
}

test('spacing: who insists more moves less', () => {
  const [first = 0, second = 0] = spaceOut(
    [
      { wanted: 0, height: 16, weight: 3 },
      { wanted: 0, height: 16, weight: 1 },
    ],
    4,
  );
  assert.equal(second - first, 20);
  assert.equal(first, -5);
});
