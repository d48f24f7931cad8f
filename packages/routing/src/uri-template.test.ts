import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Findings } from './findings.ts';
import { compileUriTemplate } from './uri-template.ts';

const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['/', ['/'], ['', '//', '/a']],
  ['/a/*', ['/a/b', '/a/b.c', '/a/%2f'], ['/a', '/a/', '/a/b/c', '/a/b=c']],
  ['/a/**', ['/a/', '/a/b/c', '/a//'], ['/a', '/ab/c']],
  ['/*/b', ['/a/b'], ['/a/b/', '//b']],
  ['/a/*.json', ['/a/x.json'], ['/a/xjson', '/a/x.json/y', '/a/.json']],
  ['/{user}/x', ['/7/x'], ['/7/8/x']],
  ['/{rest=**}', ['/', '/a/b'], ['a']],
  ['/{v=videos/*}/y', ['/videos/1/y'], ['/video/1/y']],
  ['/a(b)+$', ['/a(b)+$'], ['/abb']],
  ['/a/', ['/a/'], ['/a']],
];

for (const [template, yes, no] of rows) {
  test(`template ${template}`, () => {
    const findings = new Findings();
    const { matches } = compileUriTemplate(template, findings, 'path');
    assert.deepEqual(findings.checked(true).diagnostics, []);
    for (const path of yes) assert.equal(matches(path), true, path);
    for (const path of no) assert.equal(matches(path), false, path);
  });
}

for (const template of [
  '',
  'a',
  '/a*',
  '/**/*',
  '/{',
  '/{x',
  '/a}b',
  '/a//b',
  '/{1}',
  '/a b',
  '/**/{x}',
]) {
  test(`no template: ${template}`, () => {
    const findings = new Findings();
    const { matches } = compileUriTemplate(template, findings, 'path');
    assert.equal(findings.checked(true).value, undefined);
    assert.equal(matches(template), false);
  });
}
