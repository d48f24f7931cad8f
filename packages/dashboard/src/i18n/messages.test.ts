import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chinese } from './chinese.ts';
import { english, type MessageKey } from './english.ts';
import { defaultLanguage, translateTo } from './translate.ts';

const keys = Object.keys(english) as MessageKey[];
const places = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)/g)].map(([, name]) => name ?? '').sort();

test('both languages have the same texts', () => {
  assert.deepEqual(Object.keys(chinese).sort(), keys.toSorted());
});

test('no text is empty, and both languages fill the same places', () => {
  for (const key of keys) {
    assert.notEqual(english[key].trim(), '', key);
    assert.notEqual(chinese[key].trim(), '', key);
    assert.deepEqual(places(chinese[key]), places(english[key]), key);
  }
});

test('Chinese texts are Chinese, but for names and units', () => {
  const latin = keys.filter((key) => !/[\u4e00-\u9fff]/.test(chinese[key]));
  const allowed =
    /^(flag\.has(VirtualService|DestinationRule)|flag\.isServiceEntry|legend\.tcp|object\.pods|chart\.at|explain\.url|language\.)/;
  assert.deepEqual(
    latin.filter((key) => !allowed.test(key)),
    [],
  );
});

test('every text is used', () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/i18n|test/.test(name))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
  const patterns = [...code.matchAll(/`([\w.]+\.)\$\{[^}]+\}(\.\w+)?`/g)];
  const isBuilt = (key: string): boolean =>
    patterns.some(([, start = '', end = '']) => key.startsWith(start) && key.endsWith(end));
  assert.deepEqual(
    keys.filter((key) => !code.includes(`'${key}'`) && !isBuilt(key)),
    [],
  );
});

const filled: readonly (readonly [string, string])[] = [
  [translateTo('en', 'namespaces.some', { count: 3 }), '3 namespaces'],
  [translateTo('en', 'config.errors', { count: 1 }), '1 error'],
  [translateTo('en', 'config.errors', { count: 0 }), '0 errors'],
  [translateTo('zh', 'config.errors', { count: 2 }), '2 个错误'],
  [translateTo('en', 'namespaces.some'), '{count} namespaces'],
];

for (const [actual, expected] of filled) {
  test(`text: ${expected}`, () => assert.equal(actual, expected));
}

test('the browser decides the language until the reader does', () => {
  assert.equal(defaultLanguage(['zh-CN', 'en']), 'zh');
  assert.equal(defaultLanguage(['de', 'en-GB', 'zh']), 'en');
  assert.equal(defaultLanguage([]), 'en');
});
