import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from './unified-diff.ts';

const diff = (before: string, after: string): string =>
  unifiedDiff({ name: 'a', lines: [...before] }, { name: 'b', lines: [...after] });

test('lines that are the same make no diff', () => {
  assert.equal(diff('', ''), '');
  assert.equal(diff('abc', 'abc'), '');
});

test('what differs is shown with seven lines around it, far differences apart', () => {
  assert.equal(diff('abc', 'axc'), '--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n');
  assert.equal(diff('', 'x'), '--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n');
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const lines = diff(letters, letters.replace('b', 'B').replace('y', 'Y')).split('\n');
  assert.deepEqual(
    lines.filter((line) => line.startsWith('@@')),
    ['@@ -1,9 +1,9 @@', '@@ -18,9 +18,9 @@'],
  );
  assert.equal(lines.filter((line) => line.startsWith(' ')).length, 8 + 8);
});

/** All words of two letters up to a length. */
const words = (length: number): readonly string[] =>
  length === 0 ? [''] : ['', ...words(length - 1).flatMap((word) => [`a${word}`, `b${word}`])];

test('whatever differs, the diff leads from one text to the other', () => {
  const texts = [...new Set(words(4))];
  for (const before of texts) {
    for (const after of texts.filter((one) => one !== before)) {
      const lines = diff(`${before}x`, `${after}x`).split('\n').slice(3, -1);
      const side = (mark: string): string =>
        lines
          .filter((line) => line[0] === ' ' || line[0] === mark)
          .reduce((all, line) => all + line.slice(1), '');
      assert.deepEqual([side('-'), side('+')], [`${before}x`, `${after}x`]);
    }
  }
});

test('texts that differ too much are shown whole', () => {
  const lines = (mark: string) => Array.from({ length: 3_000 }, (_, at) => `${mark}${at}`);
  const text = unifiedDiff({ name: 'a', lines: lines('a') }, { name: 'b', lines: lines('b') });
  assert.match(text, /^--- a\n\+\+\+ b\n@@ -1,3000 \+1,3000 @@\n-a0\n/);
});
