/** docs/compatibility.md is what the rows show, and nothing of Istio's traffic kinds is missing unsaid. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { istioKinds, type KubeObject, validateIstioObject } from '@lateen/api';
import { defaultMeshConfig } from '@lateen/translator';
import { parse } from 'yaml';
import { compatibilityDocument, listedKinds, stateKinds } from './compatibility/document.ts';
import { collectConfigEvidence, collectEvidence, evidenceKey } from './compatibility/evidence.ts';
import {
  newerThanIstio,
  notImplementedInIstio,
  refusedByIstio,
} from './compatibility/exception.ts';
import { meshConfigNames, shownElsewhere } from './compatibility/mesh-config.ts';
import { missingFields } from './compatibility/missing-field.ts';
import { otherKinds } from './compatibility/other-kind.ts';
import { fieldsOf, occurrencesIn } from './compatibility/schema-field.ts';
import { shownByTests } from './compatibility/shown-by-tests.ts';
import { allRows } from './table.ts';

const path = join(import.meta.dirname, '../../docs/compatibility.md');
const evidence = collectEvidence(allRows(), new Set(listedKinds));
const states = stateKinds(evidence);
const config = collectConfigEvidence(allRows());

const keysOf = (kind: string): readonly string[] =>
  fieldsOf(kind).flatMap((field) => [
    evidenceKey(field),
    ...field.words.map((word) => evidenceKey(field, word)),
  ]);

test('the document is what the rows show', () => {
  const made = compatibilityDocument(states, config);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, made);
  const hint = 'make it anew: UPDATE_GOLDEN=1 node --test test/conformance/compatibility.test.ts';
  assert.equal(readFileSync(path, 'utf8'), made, hint);
});

test('what is read of the mesh configuration is shown', () => {
  const keys = Object.keys(meshConfigNames) as (keyof typeof meshConfigNames)[];
  assert.deepEqual(keys.toSorted(), Object.keys(defaultMeshConfig).toSorted());
  for (const key of keys) {
    const isShown = config.has(`MeshConfig ${key}`);
    assert.notEqual(isShown, shownElsewhere.has(key), `${key}: a row, or another table`);
  }
});

test('what is missing is said', () => {
  const unsaid = [...states.values()]
    .flat()
    .filter(({ state }) => state.kind === 'missing' && state.reason === 'no row shows it')
    .map(({ key }) => key);
  assert.deepEqual(unsaid, []);
});

test('no exception is about a field that a row shows, or that is none', () => {
  const all = new Set(listedKinds.flatMap(keysOf));
  const exceptions = [
    notImplementedInIstio,
    newerThanIstio,
    refusedByIstio,
    missingFields,
    shownByTests,
  ];
  for (const key of exceptions.flatMap((one) => [...one.keys()])) {
    assert.ok(all.has(key), `${key} is no field`);
    assert.equal(evidence.get(key), undefined, `${key} is shown by a row`);
  }
});

test('tests that show fields speak of every one of them', () => {
  for (const { key, state } of [...states.values()].flat()) {
    const [file] = state.kind === 'implemented' ? state.rows : [];
    if (file?.endsWith('.test.ts') !== true) continue;
    const leaf =
      key
        .replaceAll(/\[\]|\.\*/g, '')
        .split(/[ .]/)
        .at(-1) ?? '';
    const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    assert.ok(new RegExp(`\\b${leaf}\\b`).test(text), `${file} says nothing of ${key}`);
  }
});

test('what is said to be refused is refused, at that field', () => {
  for (const [key, text] of refusedByIstio) {
    const [kind = '', place = ''] = key.split(' ');
    const spec: unknown = parse(text);
    const metadata = { name: 'a', namespace: 'default' };
    const object = { apiVersion: 'networking.istio.io/v1', kind, metadata, spec } as KubeObject;
    const field = place.replace(/:$/, '');
    const at = occurrencesIn(object).find((one) => one.field.path === field)?.path ?? [];
    const wanted = at.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    const errors = validateIstioObject(object).filter(({ severity }) => severity === 'error');
    assert.ok(
      errors.some((error) => `.${error.path}` === wanted),
      `${key}: ${JSON.stringify(errors)} are not about ${wanted}`,
    );
  }
});

test('every other kind has its state', () => {
  const others = istioKinds.map(({ kind }) => kind).filter((kind) => !listedKinds.includes(kind));
  assert.deepEqual([...otherKinds.keys()].toSorted(), others.toSorted());
});
