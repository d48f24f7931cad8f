import type { ObjectMeta, OwnerReference } from '../object.ts';
import type { JsonSchema } from '../resource-kind.ts';
import {
  anything,
  array,
  boolean,
  extend,
  int64,
  integer,
  mergeList,
  nullable,
  object,
  string,
  stringMap,
  strings,
  time,
} from './combinators.ts';

const ownerReference = object<OwnerReference>(
  {
    apiVersion: string,
    kind: string,
    name: string,
    uid: string,
    controller: boolean,
    blockOwnerDeletion: boolean,
  },
  ['apiVersion', 'kind', 'name', 'uid'],
);

/** Schema of `metadata` (meta/v1 ObjectMeta), the same for every kind. */
export const objectMetaSchema: JsonSchema = object<ObjectMeta & { readonly selfLink?: string }>({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: nullable(integer),
  labels: nullable(stringMap),
  annotations: nullable(stringMap),
  ownerReferences: nullable(mergeList(ownerReference, 'uid')),
  finalizers: nullable(extend(strings, { 'x-kubernetes-patch-strategy': 'merge' })),
  managedFields: nullable(array(anything)),
});

/**
 * The schema of a whole object: `schema` with apiVersion, kind and metadata, which every object has
 * whether its CRD lists them or not.
 */
export const wholeObjectSchema = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  type: 'object',
  properties: {
    ...schema.properties,
    apiVersion: string,
    kind: string,
    metadata: objectMetaSchema,
  },
});
