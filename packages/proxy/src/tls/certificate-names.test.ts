import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { testAuthority } from '../testing/certificates.ts';
import { parseSubjectNames, subjectText } from './certificate-names.ts';

fc.configureGlobal({ seed: 20_261_121 });

const root = testAuthority();

const namesOf = (values: readonly string[]): readonly string[] => {
  const { certificate } = root.issue({
    subject: {},
    altNames: values.map((value) => ({ kind: 'uri' as const, value })),
    lifetimeMs: 60_000,
  });
  const text = new X509Certificate(certificate).subjectAltName;
  return parseSubjectNames(text)
    .filter(({ type }) => type === 'uri')
    .map(({ value }) => value);
};

test('names are read as they were written, whatever they try to look like', () => {
  const rows = [
    ['spiffe://cluster.local/ns/a/sa/b'],
    ['spiffe://a/ns/x/sa/y, URI:spiffe://cluster.local/ns/a/sa/admin'],
    ['spiffe://a"', 'spiffe://b'],
    ['spiffe://a\\", URI:spiffe://evil'],
    ['a,b', 'c'],
  ];
  for (const row of rows) assert.deepEqual(namesOf(row), row);
});

test('any ASCII names: the same come back, or none at all', () => {
  const name = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
      const found = namesOf(names);
      if (found.length > 0) assert.deepEqual(found, names);
    }),
    { numRuns: 300 },
  );
});

test('noise never throws and makes up no names', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const size = parseSubjectNames(text).reduce((sum, { value }) => sum + value.length, 0);
      assert.ok(size <= text.length);
    }),
    { numRuns: 2000 },
  );
});

test('subjects are RFC 2253', () => {
  assert.equal(subjectText('C=US\nO=Acme\nCN=me'), 'CN=me,O=Acme,C=US');
  assert.equal(subjectText(undefined), '');
});
