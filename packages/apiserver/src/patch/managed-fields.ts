import type { JsonSchema } from '@lateen/api';
import { type FieldPath, fieldChanges, fieldPaths } from './field-path.ts';
import { addField, type FieldSet, fieldSetJson, parseFieldSet, removeField } from './field-set.ts';
import { isJsonObject, type JsonObject, jsonEqual, memberOf } from './json-value.ts';

/** One entry of `metadata.managedFields`, parsed. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const parseEntry = (entry: unknown): readonly FieldManager[] => {
  if (!isJsonObject(entry) || text(entry['manager']) === '') return [];
  return [
    {
      manager: text(entry['manager']),
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: text(entry['apiVersion']),
      subresource: text(entry['subresource']),
      time: text(entry['time']),
      fields: parseFieldSet(entry['fieldsV1']),
    },
  ];
};

const metadataOf = (object: unknown): JsonObject => {
  const metadata = isJsonObject(object) ? memberOf(object, 'metadata') : undefined;
  return isJsonObject(metadata) ? metadata : {};
};

/** The managers an object names; entries that are not well formed are dropped. */
export const managersOf = (object: unknown): readonly FieldManager[] => {
  const entries = memberOf(metadataOf(object), 'managedFields');
  return Array.isArray(entries) ? entries.flatMap(parseEntry) : [];
};

const entryOf = ({ manager, operation, apiVersion, subresource, time, fields }: FieldManager) => ({
  manager,
  operation,
  apiVersion,
  time,
  fieldsType: 'FieldsV1',
  fieldsV1: fieldSetJson(fields),
  ...(subresource !== '' && { subresource }),
});

/** The object with these managers; those that own nothing are left out. */
export const withManagers = (
  object: JsonObject,
  managers: readonly FieldManager[],
): JsonObject => ({
  ...object,
  metadata: {
    ...metadataOf(object),
    managedFields: managers.filter(({ fields }) => fields.size > 0).map(entryOf),
  },
});

/** Members of metadata that the server sets or that identify the object: nobody owns them. */
const unownedMetadata: ReadonlySet<string> = new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
]);

const unownedMembers: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/** An object without the fields that have no manager. */
export const ownableFields = (object: unknown): JsonObject => {
  if (!isJsonObject(object)) return {};
  const metadata = Object.entries(metadataOf(object)).filter(([key]) => !unownedMetadata.has(key));
  const members = Object.entries(object).filter(
    ([key]) => key !== 'metadata' && !unownedMembers.has(key),
  );
  return Object.fromEntries([
    ...(metadata.length > 0 ? [['metadata', Object.fromEntries(metadata)] as const] : []),
    ...members,
  ]);
};

/** An ordinary create or update. */
export interface UpdateOwnership {
  /** Absent on create. */
  readonly before?: unknown;
  readonly after: JsonObject;
  readonly fieldManager: string;
  readonly apiVersion: string;
  /** Empty for the object itself, `status` or `scale` otherwise. */
  readonly subresource?: string;
  readonly schema: JsonSchema;
  /** RFC 3339. */
  readonly nowIso: string;
}

const takeFields = (managers: readonly FieldManager[], paths: readonly FieldPath[]): void => {
  for (const { fields } of managers) for (const path of paths) removeField(fields, path);
};

/**
 * `after` with managedFields that tell who changed what: changed leaves go to `fieldManager` (operation
 * Update) and leave every other manager. managedFields that the request itself rewrote are kept as the base.
 */
export const updateManagedFields = (request: UpdateOwnership): JsonObject => {
  const { before, after, fieldManager, apiVersion, subresource = '', schema, nowIso } = request;
  const rewritten = memberOf(metadataOf(after), 'managedFields') !== undefined;
  const managers = managersOf(rewritten ? after : before);
  const { changed, removed } =
    before === undefined
      ? { changed: fieldPaths(ownableFields(after), schema), removed: [] }
      : fieldChanges(ownableFields(before), ownableFields(after), schema);
  const paths = changed.filter((path) => path.length > 0);
  takeFields(managers, removed);
  if (paths.length === 0) return withManagers(after, managers);
  const isOwn = (entry: FieldManager): boolean =>
    entry.manager === fieldManager &&
    entry.operation === 'Update' &&
    entry.apiVersion === apiVersion &&
    entry.subresource === subresource;
  const others = managers.filter((entry) => !isOwn(entry));
  takeFields(others, paths);
  const fields: FieldSet = managers.find(isOwn)?.fields ?? new Map();
  for (const path of paths) addField(fields, path);
  return withManagers(after, [
    ...others,
    { manager: fieldManager, operation: 'Update', apiVersion, subresource, time: nowIso, fields },
  ]);
};

/** Whether two sets of managers own the same fields. */
export const sameFields = (left: FieldSet, right: FieldSet): boolean =>
  jsonEqual(fieldSetJson(left), fieldSetJson(right));
