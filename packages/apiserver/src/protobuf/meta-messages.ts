import {
  boolean,
  bytes,
  field,
  integer,
  list,
  type MessageFields,
  map,
  message,
  pointer,
  string,
  type ValueType,
} from './message.ts';

const isMissing = (value: unknown): boolean => value === undefined;

/** A message that JSON writes as one value; undefined stands for an unset one. */
const valueMessage = (
  parts: ValueType,
  toJson: (parts: Readonly<Record<string, unknown>>) => unknown,
): ValueType => ({
  read: (value) => toJson(parts.read(value) as Record<string, unknown>),
  isZero: isMissing,
});

/** api/resource Quantity: its text. */
export const quantity: ValueType = valueMessage(
  message({ 1: field('text', string) }),
  ({ text }) => text ?? '0',
);

const instant = message({ 1: field('seconds', integer), 2: field('nanos', integer) });

const isoTime = (seconds: unknown): string | undefined => {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace('.000Z', 'Z');
};

/** meta/v1 Time: RFC 3339 to the second; the zero time is unset. */
export const time: ValueType = valueMessage(instant, ({ seconds }) =>
  seconds === undefined ? undefined : isoTime(seconds),
);

/** util/intstr IntOrString; 0 is a value. */
export const intOrString: ValueType = valueMessage(
  message({ 1: field('type', integer), 2: field('number', integer), 3: field('text', string) }),
  ({ type, number, text }) => (type === 1 ? (text ?? '') : (number ?? 0)),
);

const fieldsV1 = valueMessage(message({ 1: field('raw', bytes) }), ({ raw }) => {
  try {
    return JSON.parse(Buffer.from(String(raw ?? ''), 'base64').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
});

const ownerReference = message({
  1: field('kind', string),
  3: field('name', string),
  4: field('uid', string),
  5: field('apiVersion', string),
  6: pointer('controller', boolean),
  7: pointer('blockOwnerDeletion', boolean),
});

const managedFields = message({
  1: field('manager', string),
  2: field('operation', string),
  3: field('apiVersion', string),
  4: field('time', time),
  6: field('fieldsType', string),
  7: field('fieldsV1', fieldsV1),
  8: field('subresource', string),
});

/** meta/v1 ObjectMeta. */
export const objectMeta: ValueType = message({
  1: field('name', string),
  2: field('generateName', string),
  3: field('namespace', string),
  4: field('selfLink', string),
  5: field('uid', string),
  6: field('resourceVersion', string),
  7: field('generation', integer),
  8: field('creationTimestamp', time),
  9: field('deletionTimestamp', time),
  10: pointer('deletionGracePeriodSeconds', integer),
  11: map('labels', string),
  12: map('annotations', string),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers', string),
  17: list('managedFields', managedFields),
});

/** A key, an operator and values: of label selectors and of node selectors. */
export const requirement: ValueType = message({
  1: field('key', string),
  2: field('operator', string),
  3: list('values', string),
});

/** meta/v1 LabelSelector. */
export const labelSelector: ValueType = message({
  1: map('matchLabels', string),
  2: list('matchExpressions', requirement),
});

/** core/v1 LocalObjectReference. */
export const localObjectReference: ValueType = message({ 1: field('name', string) });

/** core/v1 ObjectReference. */
export const objectReference: ValueType = message({
  1: field('kind', string),
  2: field('namespace', string),
  3: field('name', string),
  4: field('uid', string),
  5: field('apiVersion', string),
  6: field('resourceVersion', string),
  7: field('fieldPath', string),
});

/** meta/v1 DeleteOptions without its TypeMeta. */
export const deleteOptionsFields: MessageFields = {
  1: pointer('gracePeriodSeconds', integer),
  2: field(
    'preconditions',
    message({ 1: pointer('uid', string), 2: pointer('resourceVersion', string) }),
  ),
  3: pointer('orphanDependents', boolean),
  4: pointer('propagationPolicy', string),
  5: list('dryRun', string),
};
