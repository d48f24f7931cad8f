import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindSchema } from '@lateen/telemetry/contract';
import { suggest } from './schema-completion.ts';
import { yamlCursor } from './yaml-cursor.ts';

/** The text with `|` where the cursor is. */
const at = (text: string) => {
  const before = text.slice(0, text.indexOf('|'));
  const row = before.split('\n').length - 1;
  return yamlCursor(text.replace('|', ''), row, before.length - before.lastIndexOf('\n') - 1);
};

const head = 'kind: VirtualService\nspec:\n';

const rows: readonly (readonly [string, string, readonly string[], string | undefined, string])[] =
  [
    ['top', 'kind: VirtualService\nsp|', [], undefined, 'sp'],
    ['in spec', `${head}  ho|`, ['spec'], undefined, 'ho'],
    ['in a list item', `${head}  http:\n    - ro|`, ['spec', 'http', '-'], undefined, 'ro'],
    [
      'second key of an item',
      `${head}  http:\n    - name: a\n      ro|`,
      ['spec', 'http', '-'],
      undefined,
      'ro',
    ],
    [
      'list as far left as its key',
      `${head}  http:\n  - route:\n    - dest|`,
      ['spec', 'http', '-', 'route', '-'],
      undefined,
      'dest',
    ],
    [
      'a value',
      `${head}  http:\n    - route:\n        - destination:\n            subset: v|`,
      ['spec', 'http', '-', 'route', '-', 'destination'],
      'subset',
      'v',
    ],
    [
      'an item of a plain list',
      `${head}  hosts:\n    - rev|`,
      ['spec', 'hosts', '-'],
      undefined,
      'rev',
    ],
    ['after a deeper block', `${head}  http:\n    - name: a\n  ga|`, ['spec'], undefined, 'ga'],
  ];

for (const [name, text, path, key, typed] of rows) {
  test(`cursor: ${name}`, () => {
    const cursor = at(text);
    assert.deepEqual(cursor.path, path);
    assert.equal(cursor.key, key);
    assert.equal(cursor.typed, typed);
    assert.equal(cursor.kind, 'VirtualService');
  });
}

test('cursor: keys that are there, before and after, in this document only', () => {
  const cursor = at(
    `kind: Gateway\nspec:\n  a: 1\n---\n${head}  hosts:\n    - a\n  |\n  http: []\n`,
  );
  assert.deepEqual([...cursor.siblings].sort(), ['hosts', 'http']);
  assert.equal(cursor.kind, 'VirtualService');
});

const schema: KindSchema = {
  kind: 'VirtualService',
  apiVersion: 'networking.istio.io/v1',
  apiVersions: ['networking.istio.io/v1', 'networking.istio.io/v1beta1'],
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          hosts: { type: 'array', description: 'Who is meant. More.', items: { type: 'string' } },
          mode: { type: 'string', enum: ['ON', 'OFF'] },
          strict: { type: 'boolean' },
          route: {
            type: 'object',
            properties: { host: { type: 'string' }, subset: { type: 'string' } },
          },
        },
      },
    },
  },
  values: {
    hosts: ['reviews'],
    subsets: { reviews: ['v1', 'v2'] },
    gateways: ['default/g'],
    namespaces: ['default'],
    labels: [],
  },
};

const labels = (text: string): string[] => suggest(schema, at(text)).map(({ label }) => label);

test('completion: fields that are not there yet', () => {
  assert.deepEqual(labels(`${head}  mode: ON\n  |`), ['hosts', 'strict', 'route']);
  assert.deepEqual(labels('kind: VirtualService\n|'), ['apiVersion', 'spec', 'metadata']);
});

test('completion: values by type, and names that exist', () => {
  assert.deepEqual(labels(`${head}  mode: |`), ['ON', 'OFF']);
  assert.deepEqual(labels(`${head}  strict: |`), ['true', 'false']);
  assert.deepEqual(labels(`${head}  route:\n    host: |`), ['reviews']);
  assert.deepEqual(labels(`${head}  route:\n    subset: v|`), ['v1', 'v2']);
  assert.deepEqual(labels(`${head}  hosts:\n    - |`), ['reviews']);
  assert.deepEqual(labels('kind: VirtualService\napiVersion: |'), schema.apiVersions);
});

test('completion: the first sentence explains', () => {
  const hosts = suggest(schema, at(`${head}  ho|`)).find(({ label }) => label === 'hosts');
  assert.equal(hosts?.info, 'Who is meant.');
  assert.equal(hosts?.insert, 'hosts:');
});
