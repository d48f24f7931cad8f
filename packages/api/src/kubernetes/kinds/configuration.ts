import type { ResourceKind } from '../../resource-kind.ts';
import {
  array,
  boolean,
  bytes,
  mapOf,
  mergeList,
  string,
  stringMap,
  withDefault,
} from '../../schema/combinators.ts';
import { localObjectReferenceSchema, objectReferenceSchema } from '../schema/part.ts';
import { coreKind } from './core-kind.ts';

/** core/v1 ServiceAccount. */
export const serviceAccountKind: ResourceKind = coreKind({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  properties: {
    secrets: mergeList(objectReferenceSchema, 'name'),
    imagePullSecrets: array(localObjectReferenceSchema),
    automountServiceAccountToken: boolean,
  },
});

/** core/v1 ConfigMap. */
export const configMapKind: ResourceKind = coreKind({
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  properties: { data: stringMap, binaryData: mapOf(bytes), immutable: boolean },
});

/** core/v1 Secret. */
export const secretKind: ResourceKind = coreKind({
  kind: 'Secret',
  plural: 'secrets',
  properties: {
    data: mapOf(bytes),
    stringData: stringMap,
    type: withDefault(string, 'Opaque'),
    immutable: boolean,
  },
});
