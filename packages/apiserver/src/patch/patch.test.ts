import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonSchema } from '@lateen/api';
import { applyPatchDocument } from './patch.ts';

const keyed = (key: string): JsonSchema => ({
  type: 'array',
  items: { type: 'object' },
  'x-kubernetes-patch-merge-key': key,
  'x-kubernetes-patch-strategy': 'merge',
});

const schema: JsonSchema = {
  type: 'object',
  properties: {
    containers: keyed('name'),
    finalizers: { type: 'array', 'x-kubernetes-patch-strategy': 'merge' },
    args: { type: 'array' },
    strategy: { type: 'object', 'x-kubernetes-patch-strategy': 'retainKeys' },
  },
};

interface Case {
  readonly name: string;
  readonly live: unknown;
  readonly document: unknown;
  readonly value?: unknown;
  readonly code?: number;
}

const check = (contentType: string, cases: readonly Case[]): void => {
  for (const { name, live, document, value, code } of cases) {
    it(name, () => {
      const before = structuredClone(live);
      const result = applyPatchDocument({ contentType, document, live, schema });
      if ('error' in result) assert.equal(result.error.code, code, result.error.message);
      else assert.deepEqual(result.value, value);
      assert.deepEqual(live, before, 'the live value changed');
    });
  }
};

describe('strategic merge patch', () => {
  const a = { name: 'a', image: '1' };
  const b = { name: 'b', image: '1' };
  check('application/strategic-merge-patch+json', [
    {
      name: 'merges list items by key and appends new ones',
      live: { containers: [a, b] },
      document: { containers: [{ name: 'b', image: '2' }, { name: 'c' }] },
      value: { containers: [a, { name: 'b', image: '2' }, { name: 'c' }] },
    },
    {
      name: 'deletes an item',
      live: { containers: [a, b] },
      document: { containers: [{ name: 'a', $patch: 'delete' }] },
      value: { containers: [b] },
    },
    {
      name: 'replaces a list',
      live: { containers: [a, b] },
      document: { containers: [{ $patch: 'replace' }, { name: 'c' }] },
      value: { containers: [{ name: 'c' }] },
    },
    {
      name: 'orders items, keeping those the client does not know in place',
      live: { containers: [a, { name: 'injected' }, b] },
      document: {
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }, { name: 'b' }],
        containers: [{ name: 'c' }],
      },
      value: { containers: [{ name: 'c' }, a, { name: 'injected' }, b] },
    },
    {
      name: 'merges and deletes primitives',
      live: { finalizers: ['x', 'y'] },
      document: { '$deleteFromPrimitiveList/finalizers': ['x'], finalizers: ['z'] },
      value: { finalizers: ['y', 'z'] },
    },
    {
      name: 'replaces lists without a merge key',
      live: { args: ['x'] },
      document: { args: ['y'] },
      value: { args: ['y'] },
    },
    {
      name: 'retains only the named members',
      live: { strategy: { type: 'RollingUpdate', rollingUpdate: {} } },
      document: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      value: { strategy: { type: 'Recreate' } },
    },
    {
      name: 'removes members with null and replaces objects on demand',
      live: { x: 1, strategy: { a: 1 } },
      document: { x: null, strategy: { $patch: 'replace', b: 2 } },
      value: { strategy: { b: 2 } },
    },
    {
      name: 'refuses an item without its key',
      live: {},
      document: { containers: [{ image: '1' }] },
      code: 400,
    },
  ]);
});

describe('merge patch', () => {
  check('application/merge-patch+json', [
    {
      name: 'removes, adds and replaces lists',
      live: { a: { b: 1, c: 2 }, list: [1] },
      document: { a: { b: null, d: { e: null, f: 1 } }, list: [2] },
      value: { a: { c: 2, d: { f: 1 } }, list: [2] },
    },
    {
      name: 'takes __proto__ as an ordinary member',
      live: {},
      document: JSON.parse('{"__proto__":{"x":1}}'),
      value: JSON.parse('{"__proto__":{"x":1}}'),
    },
  ]);
});

describe('JSON patch', () => {
  check('application/json-patch+json', [
    {
      name: 'applies operations in order',
      live: { a: [1] },
      document: [
        { op: 'test', path: '/a/0', value: 1 },
        { op: 'add', path: '/a/-', value: 2 },
        { op: 'move', from: '/a', path: '/b~1c' },
      ],
      value: { 'b/c': [1, 2] },
    },
    {
      name: 'replaces the whole',
      live: { a: 1 },
      document: [{ op: 'add', path: '', value: 2 }],
      value: 2,
    },
    {
      name: 'refuses a failed test',
      live: { a: 1 },
      document: [{ op: 'test', path: '/a', value: 2 }],
      code: 422,
    },
    {
      name: 'refuses a missing path',
      live: {},
      document: [{ op: 'remove', path: '/a' }],
      code: 422,
    },
    {
      name: 'refuses an unknown operation',
      live: {},
      document: [{ op: 'x', path: '/a' }],
      code: 400,
    },
    { name: 'refuses an object', live: {}, document: {}, code: 400 },
  ]);
  it('leaves prototypes alone', () => {
    const document = [{ op: 'add', path: '/__proto__/polluted', value: 1 }];
    applyPatchDocument({ contentType: 'application/json-patch+json', document, live: {}, schema });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

describe('other types', () => {
  check('text/plain', [{ name: 'are not supported', live: {}, document: {}, code: 415 }]);
});
