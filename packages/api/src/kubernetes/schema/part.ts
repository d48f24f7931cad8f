import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  double,
  extend,
  int64,
  intOrString,
  mapOf,
  mergeList,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  time,
} from '../../schema/combinators.ts';
import type { Condition } from '../condition.ts';
import type { LocalObjectReference, ObjectReference } from '../object-reference.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../selector.ts';

/** meta/v1 LabelSelector. */
export const labelSelectorSchema: JsonSchema = object<LabelSelector>({
  matchLabels: stringMap,
  matchExpressions: array(
    object<LabelSelectorRequirement>(
      {
        key: string,
        operator: oneOfStrings('In', 'NotIn', 'Exists', 'DoesNotExist'),
        values: strings,
      },
      ['key', 'operator'],
    ),
  ),
});

/** core/v1 ObjectReference. */
export const objectReferenceSchema: JsonSchema = object<ObjectReference>({
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  resourceVersion: string,
  fieldPath: string,
});

/** core/v1 LocalObjectReference. */
export const localObjectReferenceSchema: JsonSchema = object<LocalObjectReference>({
  name: string,
});

/** Conditions of a status, merged by type. */
const conditionsSchema: JsonSchema = mergeList(
  object<Condition>(
    {
      type: string,
      status: oneOfStrings('True', 'False', 'Unknown'),
      reason: string,
      message: string,
      lastTransitionTime: time,
      lastUpdateTime: time,
      lastProbeTime: time,
      lastHeartbeatTime: time,
      observedGeneration: int64,
    },
    ['type', 'status'],
  ),
  'type',
);

/** A status: only conditions are merged by key, the rest is kept as its controller writes it. */
export const looseStatusSchema: JsonSchema = {
  type: 'object',
  properties: { conditions: conditionsSchema },
  'x-kubernetes-preserve-unknown-fields': true,
};

/** A resource quantity: `100m`, `1Gi`, `2`, `0.5`. */
export const quantitySchema: JsonSchema = {
  anyOf: [double, string],
  pattern: '^[+-]?(\\d+\\.?\\d*|\\.\\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\\d+))?$',
};

/** Quantities by resource name. */
export const quantitiesSchema: JsonSchema = mapOf(quantitySchema);

/** A count or a percentage (`25%`). */
export const countOrPercentSchema: JsonSchema = extend(intOrString, { pattern: '^\\d+%?$' });

/** Transport protocol of a port. */
export const protocolSchema: JsonSchema = oneOfStrings('TCP', 'UDP', 'SCTP');
