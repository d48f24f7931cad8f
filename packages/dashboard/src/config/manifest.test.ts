import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { printManifests, printYaml, toManifest } from './manifest.ts';
import { pairDocuments, splitDocuments } from './save-documents.ts';

fc.configureGlobal({ seed: 20_261_121 });

const manifest = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'reviews', namespace: 'default' },
  spec: {
    hosts: ['*', 'reviews'],
    http: [
      {
        match: [{ headers: { 'end-user': { exact: 'yes' } } }, { uri: { prefix: '/a b: c' } }],
        route: [{ destination: { host: 'reviews' }, weight: 100 }],
      },
      { route: [], timeout: '1.5s', nothing: undefined },
    ],
  },
};

test('what is printed reads as it was, by the rules of kubectl (YAML 1.1)', () => {
  const { nothing: _nothing, ...rule } = manifest.spec.http[1] as Record<string, unknown>;
  const expected = {
    ...manifest,
    spec: { ...manifest.spec, http: [manifest.spec.http[0], rule] },
  };
  assert.deepEqual(parse(printYaml(manifest), { version: '1.1' }), expected);
});

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ maxLength: 12 }),
    fc.constantFrom('yes', 'on', '0777', '1.5', 'null', '- a', 'a: b', 'a #b', '*', '~', ''),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z][\w-]{0,8}$/), tie('value'), { maxKeys: 3 }),
  ),
})).value;

test('any object survives printing and reading', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]\w{0,8}$/), values), (object) => {
      const read = (parse(printYaml(object), { version: '1.1' }) ?? {}) as unknown;
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(object)));
    }),
    { numRuns: 300 },
  );
});

test('what the server keeps is not written again', () => {
  const read = toManifest({
    ...manifest,
    metadata: {
      ...manifest.metadata,
      uid: '1',
      resourceVersion: '7',
      managedFields: [],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
    status: {},
  });
  assert.deepEqual(read, manifest);
});

test('documents are told apart, and paired with what they are', () => {
  const text = `# intro\n---\n${printManifests([manifest, manifest])}---\n`;
  assert.equal(splitDocuments(text).length, 2);
  const reference = { kind: 'VirtualService', namespace: 'default', name: 'reviews' };
  assert.equal(pairDocuments(text, [reference]), undefined);
  assert.equal(pairDocuments(text, [reference, reference])?.length, 2);
});
