import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { builtinKinds } from '../kubernetes/builtin-kinds.ts';
import type { JsonSchema } from '../resource-kind.ts';
import { applyDefaults, dropNulls } from './defaulting.ts';
import { findUnknownFields, pruneUnknownFields } from './unknown-fields.ts';
import { validateSchema } from './validation.ts';

fc.configureGlobal({ seed: 20_261_121 });

interface Row {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly finds: readonly string[];
}

const within = (schema: JsonSchema): JsonSchema => ({ type: 'object', properties: { a: schema } });

const rows: readonly Row[] = [
  {
    name: 'wrong type',
    schema: within({ type: 'integer' }),
    value: { a: 'x' },
    finds: ['a: Invalid value: "string": a in body must be of type integer: "string"'],
  },
  {
    name: 'a fraction is no integer',
    schema: within({ type: 'integer' }),
    value: { a: 1.5 },
    finds: ['a: Invalid value: "number": a in body must be of type integer: "number"'],
  },
  {
    name: 'null is no value unless nullable',
    schema: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string', nullable: true } },
    },
    value: { a: null, b: null },
    finds: ['a: Invalid value: "null": a in body must be of type string: "null"'],
  },
  {
    name: 'required',
    schema: { type: 'object', required: ['a'], properties: {} },
    value: {},
    finds: ['a: Required value'],
  },
  {
    name: 'enum',
    schema: within({ type: 'string', enum: ['A', 'B'] }),
    value: { a: 'C' },
    finds: ['a: Unsupported value: "C": supported values: "A", "B"'],
  },
  {
    name: 'limits',
    schema: within({
      type: 'array',
      items: { type: 'integer', minimum: 1, maximum: 3 },
      maxItems: 2,
    }),
    value: { a: [0, 4, 2] },
    finds: [
      'a: Too many: 3: at most 2 items',
      'a[0]: Invalid value: 0: a[0] in body should be greater than or equal to 1',
      'a[1]: Invalid value: 4: a[1] in body should be less than or equal to 3',
    ],
  },
  {
    name: 'strings',
    schema: within({ type: 'string', minLength: 2, pattern: '^[a-z]+$' }),
    value: { a: '1' },
    finds: [
      'a: Invalid value: "1": a in body should be at least 2 chars long',
      'a: Invalid value: "1": a in body should match \'^[a-z]+$\'',
    ],
  },
  {
    name: 'formats',
    schema: { type: 'array', items: { type: 'string', format: 'date-time' } },
    value: ['2026-01-02T03:04:05Z', 'yesterday'],
    finds: ['[1]: Invalid value: "yesterday": [1] in body must be of type date-time: "yesterday"'],
  },
  {
    name: 'integer or string',
    schema: within({ 'x-kubernetes-int-or-string': true }),
    value: { a: true },
    finds: ['a: Invalid value: "boolean": a in body must be of type integer or string: "boolean"'],
  },
  {
    name: 'keys of a list map, with their defaults, and a set',
    schema: {
      type: 'object',
      properties: {
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
          },
        },
        names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      },
    },
    value: {
      ports: [{ port: 1 }, { port: 1, protocol: 'UDP' }, { port: 1, protocol: 'TCP' }],
      names: ['a', 'a'],
    },
    finds: [
      'ports[2]: Duplicate value: {"port":1,"protocol":"TCP"}',
      'names[1]: Duplicate value: "a"',
    ],
  },
  {
    name: 'alternatives',
    schema: {
      type: 'object',
      properties: {
        one: { oneOf: [{ required: ['x'] }, { required: ['y'] }] },
        any: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
        not: { not: { required: ['x'] } },
      },
    },
    value: { one: {}, any: true, not: { x: 1 } },
    finds: [
      'one: Invalid value: "": "one" must validate one and only one schema (oneOf). Found none valid',
      'any: Invalid value: "": "any" must validate at least one schema (anyOf)',
      'not: Invalid value: "": "not" must not validate the schema (not)',
    ],
  },
  {
    name: 'an embedded resource has apiVersion, kind and metadata',
    schema: within({ type: 'object', 'x-kubernetes-embedded-resource': true }),
    value: { a: { kind: 'X', metadata: { name: 1 } } },
    finds: [
      'a.apiVersion: Required value',
      'a.metadata.name: Invalid value: "integer": a.metadata.name in body must be of type string: "integer"',
    ],
  },
];

describe('validateSchema', () => {
  for (const { name, schema, value, finds } of rows)
    test(name, () => {
      const found = validateSchema(schema, value).map((one) => `${one.path}: ${one.message}`);
      assert.deepEqual(found, finds);
    });

  test('nesting without end is refused, not followed', () => {
    let schema: JsonSchema = { type: 'object' };
    let value: unknown = {};
    for (let depth = 0; depth < 5_000; depth++) {
      schema = { type: 'array', items: schema };
      value = [value];
    }
    assert.match(validateSchema(schema, value)[0]?.message ?? '', /nested deeper than 200/);
    assert.deepEqual(findUnknownFields(schema, value), []);
  });
});

const schemaOf = (kind: string): JsonSchema => {
  const schema = builtinKinds.find((one) => one.kind === kind)?.versions[0]?.schema;
  assert.ok(schema !== undefined);
  return schema;
};

describe('unknown fields', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', lables: {}, annotations: { any: 'x' } },
    spec: {
      containers: [{ name: 'a', imagee: 'x', env: [{ name: 'A', valu: '1' }] }],
      affinity: { whatever: { it: 'is' } },
    },
  };

  test('are named by their path', () => {
    assert.deepEqual(
      findUnknownFields(schemaOf('Pod'), object).map((one) => one.message),
      [
        'unknown field "metadata.lables"',
        'unknown field "spec.containers[0].imagee"',
        'unknown field "spec.containers[0].env[0].valu"',
      ],
    );
  });

  test('are pruned, and nothing else is', () => {
    assert.deepEqual(pruneUnknownFields(schemaOf('Pod'), object), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', annotations: { any: 'x' } },
      spec: {
        containers: [{ name: 'a', env: [{ name: 'A' }] }],
        affinity: { whatever: { it: 'is' } },
      },
    });
  });
});

describe('defaults', () => {
  test('fill what is absent where the parent is there', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: {
        deep: { type: 'object', properties: { n: { type: 'integer', default: 1 } } },
        made: {
          type: 'object',
          default: {},
          properties: { n: { type: 'integer', default: 2 } },
        },
        list: { type: 'array', items: { type: 'object', properties: { p: { default: 'TCP' } } } },
        zero: { type: 'integer', default: 7 },
        none: { type: 'string', default: 'd' },
      },
    };
    assert.deepEqual(applyDefaults(schema, { list: [{}, { p: 'UDP' }], zero: 0, none: null }), {
      list: [{ p: 'TCP' }, { p: 'UDP' }],
      zero: 0,
      none: 'd',
      made: { n: 2 },
    });
  });

  test('nulls go where a built-in kind is read', () => {
    assert.deepEqual(dropNulls({ a: null, b: [{ c: null, d: 1 }] }), { b: [{ d: 1 }] });
  });

  test('a key named __proto__ is a key', () => {
    const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
    const schema: JsonSchema = { type: 'object', additionalProperties: true };
    const filled = applyDefaults(schema, value);
    assert.deepEqual(Object.keys(filled as object), ['__proto__', 'constructor']);
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });
});

test('the engine takes any schema-shaped JSON and any value', () => {
  const type = fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'boolean');
  const leaf = fc.record(
    {
      type,
      required: fc.array(fc.string(), { maxLength: 2 }),
      default: fc.jsonValue({ maxDepth: 2 }),
      pattern: fc.string(),
      nullable: fc.boolean(),
      'x-kubernetes-list-type': fc.constantFrom('set', 'map'),
      'x-kubernetes-list-map-keys': fc.array(fc.string(), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  // Built level by level: a recursive generator of this many branches would not end.
  const grow = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> =>
    fc.record(
      {
        type,
        properties: fc.dictionary(fc.string(), inner, { maxKeys: 3 }),
        items: inner,
        additionalProperties: fc.oneof(fc.boolean(), inner),
        oneOf: fc.array(inner, { maxLength: 2 }),
        not: inner,
      },
      { requiredKeys: [] },
    );
  const schema = grow(grow(leaf)) as fc.Arbitrary<JsonSchema>;
  fc.assert(
    fc.property(schema, fc.jsonValue(), (one, value) => {
      validateSchema(one, value);
      // What was pruned has nothing unknown left, and defaults add nothing unknown to it.
      const pruned = pruneUnknownFields(one, value);
      assert.deepEqual(findUnknownFields(one, pruned), []);
      applyDefaults(one, value);
    }),
    { numRuns: 200 },
  );
});
