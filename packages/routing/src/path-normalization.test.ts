import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizePath, type PathOptions } from './path-normalization.ts';

fc.configureGlobal({ seed: 20_261_121 });

const keep: PathOptions = { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' };
const merge: PathOptions = { ...keep, mergeSlashes: true };

const show = (path: string, options: PathOptions): string => {
  const result = normalizePath(path, options);
  return result.action === 'reject' ? 'reject' : `${result.action} ${result.path}`;
};

test('normalisation', () => {
  const rows: readonly (readonly [string, PathOptions, string])[] = [
    ['/', keep, 'continue /'],
    ['/a/./b/../c', keep, 'continue /a/c'],
    ['/a/..', keep, 'continue /'],
    ['/a/b/.', keep, 'continue /a/b/'],
    ['/../../etc', keep, 'continue /etc'],
    ['/%2e%2E/%61dmin', keep, 'continue /admin'],
    ['/a%2Fb', keep, 'continue /a%2Fb'],
    ['/a%c3%A9', keep, 'continue /a%c3%A9'],
    ['/a%zz', keep, 'continue /a%zz'],
    ['/a%00', keep, 'reject'],
    ['/a\\..\\b', keep, 'continue /b'],
    ['/a//b', keep, 'continue /a//b'],
    ['/a//b///c', merge, 'continue /a/b/c'],
    ['/a/../b?x=/../%61//', merge, 'continue /b?x=/../%61//'],
    ['/a?x=//', merge, 'continue /a?x=//'],
    ['/.hidden/..x', keep, 'continue /.hidden/..x'],
    ['*', keep, 'continue *'],
    ['/a%2f..%5Cb', { ...keep, escapedSlashes: 'unescape' }, 'continue /b'],
    ['/a%2Fb?q', { ...keep, escapedSlashes: 'redirect' }, 'redirect /a/b?q'],
    ['/a%5cb', { ...keep, escapedSlashes: 'reject' }, 'reject'],
    [
      '/a/../b',
      { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' },
      'continue /a/../b',
    ],
  ];
  for (const [path, options, expected] of rows) assert.equal(show(path, options), expected, path);
});

test('properties: normal forms stay, and nothing climbs', () => {
  const part = fc.constantFrom(
    'a',
    '.',
    '..',
    '/',
    '//',
    '%2e',
    '%2E',
    '%2f',
    '\\',
    '?',
    '%',
    '..a',
  );
  const path = fc.array(part, { maxLength: 10 }).map((parts) => `/${parts.join('')}`);
  fc.assert(
    fc.property(path, (text) => {
      const once = normalizePath(text, merge);
      assert.ok(once.action === 'continue');
      const only = once.path.split('?')[0] ?? '';
      assert.ok(only.startsWith('/'));
      assert.ok(!/\/\.{1,2}(\/|$)|\/\/|\\/.test(only), `${text} became ${once.path}`);
      assert.deepEqual(normalizePath(once.path, merge), once);
    }),
    { numRuns: 2_000 },
  );
});
