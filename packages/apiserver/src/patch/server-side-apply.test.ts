import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonSchema } from '@lateen/api';
import { updateManagedFields } from './managed-fields.ts';
import { type ApplyResult, applyServerSide } from './server-side-apply.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        containers: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object' },
        },
        hosts: { type: 'array', 'x-kubernetes-list-type': 'set' },
        args: { type: 'array' },
      },
    },
  },
};

type Plain = Record<string, unknown>;

const configuration = (spec: unknown): Plain => ({
  apiVersion: 'example.org/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
});

const apply = (
  live: unknown,
  spec: unknown,
  { fieldManager = 'one', force = false, nowIso = '2026-01-01T00:00:00Z' } = {},
): ApplyResult =>
  applyServerSide({
    live,
    applied: configuration(spec),
    fieldManager,
    force,
    schema,
    apiVersion: 'example.org/v1',
    nowIso,
  });

const objectOf = (result: ApplyResult): Plain => {
  assert.ok('object' in result, JSON.stringify(result));
  return result.object;
};

const entriesOf = (object: Plain): readonly Plain[] =>
  (object['metadata'] as { managedFields: readonly Plain[] }).managedFields;

describe('server-side apply', () => {
  it('creates with FieldsV1 of what was applied', () => {
    const object = objectOf(
      apply(undefined, { containers: [{ name: 'a', image: '1' }], hosts: ['h'], args: ['x'] }),
    );
    assert.deepEqual(entriesOf(object)[0]?.['fieldsV1'], {
      'f:spec': {
        'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:image': {} } },
        'f:hosts': { 'v:"h"': {} },
        'f:args': {},
      },
    });
  });

  it('removes what is no longer applied, and keeps what others own', () => {
    const first = objectOf(
      apply(undefined, { x: 1, y: 1, containers: [{ name: 'a' }, { name: 'b' }] }),
    );
    const second = objectOf(
      apply(first, { y: 1, containers: [{ name: 'c' }] }, { fieldManager: 'two' }),
    );
    const third = objectOf(apply(second, { containers: [{ name: 'a' }] }));
    assert.deepEqual(third['spec'], { y: 1, containers: [{ name: 'a' }, { name: 'c' }] });
  });

  it('reports fields of other managers, and takes them by force', () => {
    const first = objectOf(
      apply(undefined, { replicas: 1, containers: [{ name: 'a', image: '1' }] }),
    );
    const spec = { replicas: 2, containers: [{ name: 'a', image: '2' }] };
    assert.deepEqual(apply(first, spec, { fieldManager: 'two' }), {
      conflicts: [
        { manager: 'one', field: '.spec.replicas' },
        { manager: 'one', field: '.spec.containers[name="a"].image' },
      ],
    });
    const forced = objectOf(apply(first, spec, { fieldManager: 'two', force: true }));
    assert.deepEqual(forced['spec'], spec);
    const again = apply(forced, { replicas: 3 }, {});
    assert.ok('conflicts' in again);
  });

  it('shares fields that are applied with the same value', () => {
    const first = objectOf(apply(undefined, { replicas: 1 }));
    const second = objectOf(apply(first, { replicas: 1 }, { fieldManager: 'two' }));
    assert.equal(entriesOf(second).length, 2);
  });

  it('changes nothing when the same is applied again', () => {
    const first = objectOf(apply(undefined, { replicas: 1, hosts: ['a'] }));
    const again = apply(first, { replicas: 1, hosts: ['a'] }, { nowIso: '2026-01-02T00:00:00Z' });
    assert.deepEqual(objectOf(again), first);
  });

  it('refuses managedFields and what is no object', () => {
    const base = {
      live: undefined,
      fieldManager: 'one',
      force: false,
      schema,
      apiVersion: 'v1',
      nowIso: '',
    };
    assert.ok('error' in applyServerSide({ ...base, applied: [] }));
    assert.ok(
      'error' in applyServerSide({ ...base, applied: { metadata: { managedFields: [] } } }),
    );
  });
});

describe('ordinary updates', () => {
  const update = (before: unknown, after: Plain): Plain =>
    updateManagedFields({
      before,
      after,
      fieldManager: 'editor',
      apiVersion: 'example.org/v1',
      schema,
      nowIso: '2026-01-03T00:00:00Z',
    });

  it('take over the leaves they change', () => {
    const first = objectOf(apply(undefined, { replicas: 1, size: 2 }));
    const edited = update(first, configuration({ replicas: 5, size: 2 }));
    const managed = Object.fromEntries(
      entriesOf(edited).map((entry) => [entry['manager'], entry['fieldsV1']]),
    );
    assert.deepEqual(managed, {
      one: { 'f:spec': { 'f:size': {} } },
      editor: { 'f:spec': { 'f:replicas': {} } },
    });
    const reapplied = apply(edited, { replicas: 1, size: 2 });
    assert.deepEqual(reapplied, { conflicts: [{ manager: 'editor', field: '.spec.replicas' }] });
  });

  it('own everything they create', () => {
    const created = update(undefined, configuration({ replicas: 1 }));
    assert.deepEqual(entriesOf(created)[0]?.['fieldsV1'], { 'f:spec': { 'f:replicas': {} } });
  });

  it('leave managedFields as they are when nothing changes', () => {
    const first = objectOf(apply(undefined, { replicas: 1 }));
    assert.deepEqual(update(first, first), first);
  });
});
