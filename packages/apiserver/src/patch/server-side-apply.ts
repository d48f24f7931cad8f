import { dropNulls, type JsonSchema } from '@lateen/api';
import { type FieldPath, fieldPaths, fieldPathText } from './field-path.ts';
import {
  type FieldSet,
  fieldSetOf,
  fieldsOf,
  hasField,
  hasFieldWithin,
  removeField,
} from './field-set.ts';
import { isJsonObject, type JsonObject, jsonEqual } from './json-value.ts';
import {
  type FieldManager,
  managersOf,
  ownableFields,
  sameFields,
  withManagers,
} from './managed-fields.ts';
import { mergeApplied, valueAt, withoutField } from './structured-merge.ts';

/** One server-side apply (`application/apply-patch+yaml`). */
export interface ApplyRequest {
  /** Absent when the object is created. */
  readonly live: unknown;
  readonly applied: unknown;
  readonly fieldManager: string;
  /** Takes fields that another manager owns instead of reporting them. */
  readonly force: boolean;
  /** Schema of the whole object with metadata. */
  readonly schema: JsonSchema;
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly nowIso: string;
}

/** A field whose value another manager decides. */
export interface ApplyConflict {
  readonly manager: string;
  /** `.spec.replicas` */
  readonly field: string;
}

/** The new object, the conflicts that prevent it, or why the request makes no sense. */
export type ApplyResult =
  | { readonly object: JsonObject }
  | { readonly conflicts: readonly ApplyConflict[] }
  | { readonly error: string };

interface Ownership {
  readonly own: FieldManager | undefined;
  readonly others: readonly FieldManager[];
}

const ownershipOf = (live: unknown, fieldManager: string): Ownership => {
  const managers = managersOf(live);
  const isOwn = ({ manager, operation, subresource }: FieldManager): boolean =>
    manager === fieldManager && operation === 'Apply' && subresource === '';
  return { own: managers.find(isOwn), others: managers.filter((entry) => !isOwn(entry)) };
};

/** Applied fields whose live value differs; an item of a list conflicts only by its fields. */
const contestedPaths = (
  live: unknown,
  applied: unknown,
  paths: readonly FieldPath[],
): readonly FieldPath[] =>
  paths.filter((path) => {
    const wanted = valueAt(applied, path);
    const isItem = path.at(-1)?.startsWith('f:') === false;
    return !isItem && !jsonEqual(valueAt(live, path), wanted);
  });

const conflictsWith = (
  others: readonly FieldManager[],
  paths: readonly FieldPath[],
): readonly ApplyConflict[] =>
  others.flatMap(({ manager, fields }) =>
    paths
      .filter((path) => hasField(fields, path))
      .map((path) => ({ manager, field: fieldPathText(path) })),
  );

/** The key of a list item goes with its item: without it the item could not be told from others. */
const isItemKey = (path: FieldPath): boolean => {
  const [item = '', member = ''] = path.slice(-2);
  return item.startsWith('k:') && item.includes(`${JSON.stringify(member.slice(2))}:`);
};

/** Removes what this manager applied before and no longer applies, unless another one wants it. */
const withoutAbandoned = (
  merged: unknown,
  previous: FieldSet,
  { applied, others }: { applied: FieldSet; others: readonly FieldManager[] },
): unknown =>
  fieldsOf(previous)
    .filter((path) => !isItemKey(path) && !hasFieldWithin(applied, path))
    .filter((path) => !others.some(({ fields }) => hasFieldWithin(fields, path)))
    .reduce(withoutField, merged);

const mergedObject = (
  { live, applied, schema }: ApplyRequest,
  previous: FieldSet | undefined,
  owners: { applied: FieldSet; others: readonly FieldManager[] },
): JsonObject => {
  const merged = mergeApplied(live, applied, schema);
  const kept = previous === undefined ? merged : withoutAbandoned(merged, previous, owners);
  return isJsonObject(kept) ? kept : {};
};

/**
 * Merges an applied configuration into the live object by field ownership (a simplified
 * structured-merge-diff): lists merge by the keys the schema names, all other lists are one field.
 * An apply that changes nothing returns the live managedFields with their times.
 */
export const applyServerSide = (request: ApplyRequest): ApplyResult => {
  const { live, fieldManager, force, schema, apiVersion, nowIso } = request;
  if (!isJsonObject(request.applied))
    return { error: 'the applied configuration must be an object' };
  if (
    isJsonObject(request.applied['metadata']) &&
    request.applied['metadata']['managedFields'] !== undefined
  ) {
    return { error: 'metadata.managedFields must be nil' };
  }
  const applied: JsonObject = dropNulls(request.applied);
  const paths = fieldPaths(ownableFields(applied), schema).filter((path) => path.length > 0);
  const fields = fieldSetOf(paths);
  const entry: FieldManager = {
    manager: fieldManager,
    operation: 'Apply',
    apiVersion,
    subresource: '',
    time: nowIso,
    fields,
  };
  if (!isJsonObject(live)) return { object: withManagers(applied, [entry]) };
  const { own, others } = ownershipOf(live, fieldManager);
  const contested = contestedPaths(live, applied, paths);
  const conflicts = conflictsWith(others, contested);
  if (conflicts.length > 0 && !force) return { conflicts };
  for (const other of others) for (const path of contested) removeField(other.fields, path);
  const merged = mergedObject({ ...request, applied }, own?.fields, { applied: fields, others });
  const unchanged =
    own !== undefined &&
    own.apiVersion === apiVersion &&
    sameFields(own.fields, fields) &&
    jsonEqual(ownableFields(merged), ownableFields(live));
  const time = unchanged ? own.time : nowIso;
  return { object: withManagers(merged, [{ ...entry, time }, ...others]) };
};
