import type { JsonSchema } from '@lateen/api';
import { isJsonObject, type JsonObject, jsonEqual, memberOf } from './json-value.ts';

/**
 * Steps to a field in FieldsV1's own text: `f:name` a member, `k:{"name":"a"}` an item by its keys,
 * `v:"a"` an item of a set.
 */
export type FieldPath = readonly string[];

/** How server-side apply treats a list. */
export type ListShape =
  | { readonly type: 'map'; readonly keys: readonly string[] }
  | { readonly type: 'set' }
  | { readonly type: 'atomic' };

/** The schema of member `name`; undefined where nothing is declared. */
export const memberSchemaOf = (
  schema: JsonSchema | undefined,
  name: string,
): JsonSchema | undefined => {
  const declared = schema?.properties;
  if (declared !== undefined && Object.hasOwn(declared, name)) return declared[name];
  const rest = schema?.additionalProperties;
  return typeof rest === 'object' ? rest : undefined;
};

const declaredShape = (schema: JsonSchema | undefined): ListShape => {
  const keys = schema?.['x-kubernetes-list-map-keys'];
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  if (keys !== undefined) return { type: 'map', keys };
  if (mergeKey !== undefined) return { type: 'map', keys: [mergeKey] };
  const isSet =
    schema?.['x-kubernetes-list-type'] === 'set' ||
    schema?.['x-kubernetes-patch-strategy'] === 'merge';
  return isSet ? { type: 'set' } : { type: 'atomic' };
};

/** The step to an item of a list that merges: its keys with defaults, or its value. */
const itemStep = (
  item: unknown,
  shape: ListShape,
  items: JsonSchema | undefined,
): string | undefined => {
  if (shape.type !== 'map') return `v:${JSON.stringify(item)}`;
  if (!isJsonObject(item)) return undefined;
  const keys = shape.keys.toSorted().flatMap((key) => {
    const value = memberOf(item, key) ?? memberSchemaOf(items, key)?.default;
    return value === undefined ? [] : [[key, value] as const];
  });
  return keys.length === 0 ? undefined : `k:${JSON.stringify(Object.fromEntries(keys))}`;
};

/** Items by their steps, in order; undefined when the list must be taken as a whole. */
export const itemsByStep = (
  list: readonly unknown[],
  schema: JsonSchema | undefined,
): ReadonlyMap<string, unknown> | undefined => {
  const shape = declaredShape(schema);
  if (shape.type === 'atomic') return undefined;
  const items = new Map<string, unknown>();
  for (const item of list) {
    const step = itemStep(item, shape, schema?.items);
    if (step === undefined || items.has(step)) return undefined;
    items.set(step, item);
  }
  return items;
};

const prefixed = (step: string, paths: readonly FieldPath[]): readonly FieldPath[] =>
  paths.map((path) => [step, ...path]);

const listPaths = (
  list: readonly unknown[],
  schema: JsonSchema | undefined,
): readonly FieldPath[] => {
  const items = itemsByStep(list, schema);
  if (items === undefined || items.size === 0) return [[]];
  return [...items].flatMap(([step, item]) => [
    [step],
    ...(isJsonObject(item) ? prefixed(step, objectPaths(item, schema?.items)) : []),
  ]);
};

const objectPaths = (object: JsonObject, schema: JsonSchema | undefined): readonly FieldPath[] =>
  Object.entries(object).flatMap(([name, value]) =>
    prefixed(`f:${name}`, fieldPaths(value, memberSchemaOf(schema, name))),
  );

/** Paths of all leaves of a value; an item of a keyed list is a field of its own beside its leaves. */
export const fieldPaths = (
  value: unknown,
  schema: JsonSchema | undefined,
): readonly FieldPath[] => {
  if (Array.isArray(value)) return listPaths(value, schema);
  if (!isJsonObject(value) || Object.keys(value).length === 0) return [[]];
  return objectPaths(value, schema);
};

/** Leaf paths that differ between two values. */
export interface FieldChanges {
  readonly changed: readonly FieldPath[];
  readonly removed: readonly FieldPath[];
}

const noChanges: FieldChanges = { changed: [], removed: [] };

type ChildrenOf = ReadonlyMap<string, readonly [value: unknown, schema: JsonSchema | undefined]>;

/** The parts a value merges by; undefined for a leaf. */
const childrenOf = (value: unknown, schema: JsonSchema | undefined): ChildrenOf | undefined => {
  if (isJsonObject(value)) {
    return new Map(
      Object.entries(value).map(([name, child]) => [
        `f:${name}`,
        [child, memberSchemaOf(schema, name)],
      ]),
    );
  }
  const items = Array.isArray(value) ? itemsByStep(value, schema) : undefined;
  return items && new Map([...items].map(([step, item]) => [step, [item, schema?.items] as const]));
};

const ownPaths = (step: string, value: unknown, schema: JsonSchema | undefined) => {
  const isItem = !step.startsWith('f:');
  const paths = prefixed(step, fieldPaths(value, schema));
  return isItem && isJsonObject(value) ? [[step], ...paths] : paths;
};

const childChanges = (before: ChildrenOf, after: ChildrenOf): FieldChanges => {
  const changed: FieldPath[] = [];
  const removed: FieldPath[] = [];
  for (const [step, [value, schema]] of after) {
    const old = before.get(step);
    if (old === undefined) {
      changed.push(...ownPaths(step, value, schema));
      continue;
    }
    const inner = fieldChanges(old[0], value, schema);
    changed.push(...prefixed(step, inner.changed));
    removed.push(...prefixed(step, inner.removed));
  }
  for (const [step, [value, schema]] of before) {
    if (!after.has(step)) removed.push(...ownPaths(step, value, schema));
  }
  return { changed, removed };
};

/** Which leaves differ; equal subtrees cost one comparison. */
export const fieldChanges = (
  before: unknown,
  after: unknown,
  schema: JsonSchema | undefined,
): FieldChanges => {
  if (jsonEqual(before, after)) return noChanges;
  const olds = childrenOf(before, schema);
  const news = childrenOf(after, schema);
  if (olds !== undefined && news !== undefined && news.size > 0) return childChanges(olds, news);
  return { changed: fieldPaths(after, schema), removed: fieldPaths(before, schema) };
};

const itemText = (step: string): string => {
  if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
  const keys = JSON.parse(step.slice(2)) as JsonObject;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}]`;
};

/** A path as conflicts name it: `.spec.containers[name="a"].image`. */
export const fieldPathText = (path: FieldPath): string =>
  path.map((step) => (step.startsWith('f:') ? `.${step.slice(2)}` : itemText(step))).join('');
