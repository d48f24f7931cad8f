import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { Findings } from './findings.ts';
import { compileRegex, parseSubstitution } from './regex.ts';
import { translateToNative } from './regex-translation.ts';

fc.configureGlobal({ seed: 20_261_121 });

const compile = (source: string) => {
  const findings = new Findings();
  const regex = compileRegex(source, findings, 'regex');
  return { regex, diagnostics: findings.checked(0).diagnostics };
};

test('a match is a full match', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['/api', '/api', true],
    ['/api', '/api/v1', false],
    ['/api.*', '/api/v1', true],
    ['a|ab', 'ab', true],
    ['^/x$', '/x', true],
    ['/x$|/y', '/x', true],
    ['(?i)abc', 'ABC', true],
    ['a.c', 'a\nc', false],
    ['[^/]+', 'a\nb', true],
    ['\\d+', '٣', false],
    ['.', '😀', true],
    ['^(.*?;)?(user=jason)(;.*)?$', 'a=b;user=jason;c=d', true],
    ['^(.*?;)?(user=jason)(;.*)?$', 'a=b;user=jasons', false],
    ['', '', true],
    ['', 'a', false],
    ['.*/ns/a/.*', 'spiffe://x/ns/a/sa/b', true],
    ['.*/ns/a/.*', 'x\n/ns/a/', false],
    ['.*\\.css', '/a.css', true],
    ['.*\\.css', '/a.css.js', false],
    ['/a\\.b.*', '/axb', false],
    ['/a.*', '/a\n', false],
    ['.*.*', 'x', true],
  ];
  for (const [source, value, expected] of rows) {
    assert.equal(compile(source).regex?.matches(value), expected, `${source} on ${value}`);
  }
});

test('what RE2 refuses is an error with the expression in its message', () => {
  for (const source of [
    '(?=a)',
    '(?<=a)b',
    '\\1',
    '(',
    'a{1001}',
    'a**',
    '(a{500}){500}',
    '[z-a]',
  ]) {
    const { regex, diagnostics } = compile(source);
    assert.equal(regex, undefined, source);
    assert.match(diagnostics[0]?.message ?? '', /is not a valid RE2 expression/, source);
    assert.equal(diagnostics[0]?.path, 'regex');
  }
});

test('the native engine is used only where it is linear', () => {
  const native = [
    '/productpage.*',
    '.*',
    '/api/v[0-9]+/.*',
    '[^/]+/x',
    '/status/(200|503)',
    'a?b{2,3}',
  ];
  for (const source of native) assert.ok(translateToNative(source), source);
  const refused = ['(a+)+', '(a|a)*', '.*.*x', '.*a.*b', '[^/]+[a-z]+', '(?i)a', '\\bx', 'a??b|c$'];
  refused.push('(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)', '(.*;)?x', '\\pN', '[[:alpha:]]', 'a++');
  for (const source of refused) assert.equal(translateToNative(source), undefined, source);
});

test('hostile expressions stay linear', () => {
  const value = `${'a'.repeat(20_000)}!`;
  for (const source of ['(a+)+', '(a|a)*', '(a*)*b', 'a*a*a*a*c', '(.*a){8}']) {
    assert.equal(compile(source).regex?.matches(value), false, source);
  }
});

test('properties: the same answer as RE2', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'b',
      '/',
      '.',
      '.*',
      '.+',
      '[^/]+',
      '[a-c]*',
      '\\.',
      '(a|b)',
      '(?:ab|/)',
      'a?',
      'b{1,3}',
    ],
    ...[
      '\\d',
      '\\w+',
      '\\s',
      '\\S*',
      '|',
      '^',
      '$',
      '(a*)',
      '-',
      '[.\\-/]',
      'a+?',
      'é',
      '(',
      ')',
      '\\',
    ],
  );
  const source = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const character = fc.constantFrom(
    'a',
    'b',
    'c',
    '/',
    '.',
    '-',
    '0',
    ' ',
    '\n',
    '\r',
    '\u2028',
    'é',
    '😀',
  );
  const value = fc.array(character, { maxLength: 8 }).map((characters) => characters.join(''));
  fc.assert(
    fc.property(source, fc.array(value, { minLength: 4, maxLength: 12 }), (text, values) => {
      const { regex } = compile(text);
      if (regex === undefined) return;
      const oracle = RE2JS.compile(text);
      for (const one of values) {
        assert.equal(regex.matches(one), oracle.matches(one), JSON.stringify([text, one]));
      }
    }),
    { numRuns: 3_000 },
  );
});

test('substitution replaces every match, with groups', () => {
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo/v1/api', '/v1/api/instance/foo'],
    ['one', 'two', '/xxx/one/yyy/one/zzz', '/xxx/two/yyy/two/zzz'],
    ['(?i)/xxx/', '/yyy/', '/aaa/XxX/bbb', '/aaa/yyy/bbb'],
    ['x', '\\\\', 'axb', 'a\\b'],
    ['(a)|b', '[\\1]', 'ab', '[a][]'],
    ['', '-', 'ab', '-a-b-'],
  ];
  for (const [source, substitution, value, expected] of rows) {
    const findings = new Findings();
    const regex = compileRegex(source, findings, '');
    assert.ok(regex);
    const parsed = parseSubstitution(substitution, regex, findings, '');
    assert.equal(regex.replaceAll(value, parsed), expected);
  }
});

test('a substitution may only name groups that are there', () => {
  for (const text of ['\\1', '\\x', 'a\\']) {
    const findings = new Findings();
    const regex = compileRegex('a', findings, '');
    assert.ok(regex);
    parseSubstitution(text, regex, findings, 'substitution');
    assert.equal(findings.checked(0).diagnostics[0]?.code, 'SubstitutionInvalid', text);
  }
});
