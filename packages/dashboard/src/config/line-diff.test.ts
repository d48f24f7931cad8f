import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLines, onlyChanges } from './line-diff.ts';

fc.configureGlobal({ seed: 20_261_121 });

const signs = { same: ' ', removed: '-', added: '+' } as const;
const print = (before: string, after: string): string[] =>
  diffLines(before, after).map(({ kind, text }) => signs[kind] + text);

const rows = [
  { before: '', after: '', lines: [] },
  { before: 'a\n', after: 'a\n', lines: [' a'] },
  { before: '', after: 'a\nb\n', lines: ['+a', '+b'] },
  { before: 'a\nb\nc\n', after: 'a\nx\nc\n', lines: [' a', '-b', '+x', ' c'] },
  { before: 'a\nb', after: 'b', lines: ['-a', ' b'] },
];

for (const { before, after, lines } of rows) {
  test(`diff of ${JSON.stringify(before)} and ${JSON.stringify(after)}`, () => {
    assert.deepEqual(print(before, after), lines);
  });
}

test('both texts can be read off a diff', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      const lines = diffLines(
        left.map((line) => `${line}\n`).join(''),
        right.map((line) => `${line}\n`).join(''),
      );
      assert.deepEqual(
        lines.filter(({ kind }) => kind !== 'added').map((line) => line.text),
        left,
      );
      assert.deepEqual(
        lines.filter(({ kind }) => kind !== 'removed').map((line) => line.text),
        right,
      );
    }),
  );
});

test('only changes and what is around them are shown', () => {
  const before = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
  const shown = onlyChanges(diffLines(before, before.replace('line 15', 'other')), 2);
  assert.deepEqual(
    shown.map((line) => line?.text),
    [undefined, 'line 13', 'line 14', 'line 15', 'other', 'line 16', 'line 17', undefined],
  );
});
