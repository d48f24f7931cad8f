import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hasErrors } from '@lateen/base';
import { parseAllDocuments } from 'yaml';
import { istioKinds } from './istio/istio-kinds.ts';
import { validateIstioObject } from './istio/validation/istio-object.ts';
import { builtinKinds } from './kubernetes/builtin-kinds.ts';
import type { KubeObject } from './object.ts';
import type { JsonSchema } from './resource-kind.ts';
import { applyDefaults, dropNulls } from './schema/defaulting.ts';
import { findUnknownFields } from './schema/unknown-fields.ts';
import { validateSchema } from './schema/validation.ts';

const folder = new URL('../testdata/manifests/', import.meta.url);

const schemaOf = ({ apiVersion, kind }: KubeObject): JsonSchema | undefined => {
  for (const known of [...builtinKinds, ...istioKinds])
    for (const { name, schema } of known.versions) {
      const full = known.group === '' ? name : `${known.group}/${name}`;
      if (known.kind === kind && full === apiVersion) return schema;
    }
  return undefined;
};

for (const file of readdirSync(folder))
  test(`every manifest of ${file} is accepted as it is written`, () => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const documents = parseAllDocuments(text, { version: '1.1' });
    assert.ok(documents.length > 3);
    for (const document of documents) {
      const object = dropNulls(document.toJS()) as KubeObject;
      const label = `${object.kind} ${object.metadata.name}`;
      const schema = schemaOf(object);
      assert.ok(schema !== undefined, `${label}: ${object.apiVersion} is not served`);
      assert.deepEqual(findUnknownFields(schema, object), [], label);
      assert.deepEqual(validateSchema(schema, applyDefaults(schema, object)), [], label);
      const findings = validateIstioObject(object);
      assert.ok(!hasErrors(findings), `${label}: ${JSON.stringify(findings)}`);
    }
  });
