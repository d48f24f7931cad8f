import type { JsonSchema } from '@lateen/api';
import { type FieldPath, itemsByStep, memberSchemaOf } from './field-path.ts';
import { isJsonObject, type JsonObject, jsonEqual, memberOf } from './json-value.ts';
import { orderedItems } from './list-order.ts';

const mergeObjects = (
  live: JsonObject,
  applied: JsonObject,
  schema: JsonSchema | undefined,
): JsonObject => {
  const merged = new Map(Object.entries(live));
  for (const [name, value] of Object.entries(applied)) {
    merged.set(name, mergeApplied(merged.get(name), value, memberSchemaOf(schema, name)));
  }
  return Object.fromEntries(merged);
};

const mergeLists = (
  live: readonly unknown[],
  applied: readonly unknown[],
  schema: JsonSchema | undefined,
): readonly unknown[] => {
  const olds = itemsByStep(live, schema);
  const news = itemsByStep(applied, schema);
  if (olds === undefined || news === undefined) return applied;
  const merged = new Map(olds);
  for (const [step, item] of news) {
    merged.set(step, mergeApplied(olds.get(step), item, schema?.items));
  }
  const items = [...merged].map(([identity, item]) => ({ identity, item }));
  const order = [...news.keys()];
  // New items at the end of what is applied come after all live ones.
  const appended = order.slice(order.findLastIndex((step) => olds.has(step)) + 1);
  return orderedItems(items, order, [...olds.keys(), ...appended]);
};

/** `applied` laid over `live`: objects and lists that merge do so, all else is replaced. */
export const mergeApplied = (
  live: unknown,
  applied: unknown,
  schema: JsonSchema | undefined,
): unknown => {
  if (isJsonObject(applied) && isJsonObject(live)) return mergeObjects(live, applied, schema);
  if (Array.isArray(applied) && Array.isArray(live)) return mergeLists(live, applied, schema);
  return applied;
};

const matches = (item: unknown, step: string, exact: boolean): boolean => {
  const wanted: unknown = JSON.parse(step.slice(2));
  if (step.startsWith('v:')) return jsonEqual(item, wanted);
  if (!isJsonObject(item) || !isJsonObject(wanted)) return false;
  return Object.entries(wanted).every(([key, value]) => {
    const own = memberOf(item, key);
    return jsonEqual(own, value) || (!exact && own === undefined);
  });
};

/** Where a step leads in a list; an item may leave out a key that has its default. */
const itemIndex = (list: readonly unknown[], step: string): number => {
  try {
    const exact = list.findIndex((item) => matches(item, step, true));
    return exact === -1 ? list.findIndex((item) => matches(item, step, false)) : exact;
  } catch {
    // managedFields are written by users, too: a step that is no JSON leads nowhere.
    return -1;
  }
};

const childAt = (value: unknown, step: string): unknown => {
  if (step.startsWith('f:'))
    return isJsonObject(value) ? memberOf(value, step.slice(2)) : undefined;
  return Array.isArray(value) ? value[itemIndex(value, step)] : undefined;
};

/** The value a path leads to; undefined when there is none. */
export const valueAt = (root: unknown, path: FieldPath): unknown =>
  path.reduce<unknown>(childAt, root);

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length === 0
    : isJsonObject(value) && Object.keys(value).length === 0;

const replaceChild = (value: unknown, step: string, child: unknown): unknown => {
  if (Array.isArray(value)) {
    const index = itemIndex(value, step);
    return child === undefined ? value.toSpliced(index, 1) : value.with(index, child);
  }
  if (!isJsonObject(value)) return value;
  const members = new Map(Object.entries(value));
  if (child === undefined) members.delete(step.slice(2));
  else members.set(step.slice(2), child);
  return Object.fromEntries(members);
};

/** `root` without the field at `path` and without parents that it leaves empty. */
export const withoutField = (root: unknown, path: FieldPath): unknown => {
  const [step, ...rest] = path;
  const child = step === undefined ? undefined : childAt(root, step);
  if (step === undefined || child === undefined) return root;
  if (rest.length === 0) return replaceChild(root, step, undefined);
  const shrunk = withoutField(child, rest);
  if (shrunk === child) return root;
  return replaceChild(root, step, isEmpty(shrunk) ? undefined : shrunk);
};
