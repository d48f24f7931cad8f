import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lightRegexProblem } from './regex.ts';

const good = [
  '[0-9]+',
  '^/rex/([^/]+)/(.*)$',
  '(?i)a|[bc]*',
  '([[:alpha:]]+|x)',
  '[]a]+',
  '\\Q(*\\E+',
  '(\\d+)',
  'a|\\.+',
  '[^\\]]+',
  '',
];
for (const pattern of good) {
  test(`${pattern} is taken`, () => assert.equal(lightRegexProblem(pattern), undefined));
}

const bad = [
  ['*', /nothing to repeat/],
  ['(+a)', /nothing to repeat/],
  ['a|*', /nothing to repeat/],
  ['[a', /missing closing/],
  ['(a', /unbalanced/],
  ['a)', /unbalanced/],
  ['(?=a)', /lookaround/],
  ['(a)\\1', /back references/],
] as const;
for (const [pattern, problem] of bad) {
  test(`${pattern} is refused`, () => assert.match(lightRegexProblem(pattern) ?? '', problem));
}
