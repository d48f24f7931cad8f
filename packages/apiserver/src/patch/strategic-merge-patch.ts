import type { JsonSchema } from '@lateen/api';
import { isJsonObject, type JsonObject, memberOf } from './json-value.ts';
import { type IdentifiedItem, orderedItems } from './list-order.ts';
import { type PatchResult, patchFailure } from './patch-result.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** A patch that contradicts itself; never leaves this file. */
class BadPatch extends Error {}

const removed = Symbol('removed');

const memberSchema = (schema: JsonSchema | undefined, key: string): JsonSchema | undefined => {
  const declared = schema?.properties;
  if (declared !== undefined && Object.hasOwn(declared, key)) return declared[key];
  const rest = schema?.additionalProperties;
  return typeof rest === 'object' ? rest : undefined;
};

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const mergesLists = (schema: JsonSchema | undefined): boolean =>
  schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') === true ||
  schema?.['x-kubernetes-patch-merge-key'] !== undefined;

const identityOf = (item: unknown, mergeKey: string | undefined): string => {
  if (mergeKey === undefined) return JSON.stringify(item);
  const key = isJsonObject(item) ? memberOf(item, mergeKey) : undefined;
  if (key === undefined)
    throw new BadPatch(
      `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`,
    );
  return JSON.stringify(key);
};

const directiveOf = (item: unknown): unknown => (isJsonObject(item) ? item['$patch'] : undefined);

const withoutDirectives = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    return value.filter((item) => directiveOf(item) === undefined).map(withoutDirectives);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !isDirective(key) && member !== null)
      .map(([key, member]) => [key, withoutDirectives(member)]),
  );
};

const isDirective = (key: string): boolean =>
  key === '$patch' ||
  key === '$retainKeys' ||
  key.startsWith(orderPrefix) ||
  key.startsWith(deletePrefix);

/** Identity of a live item; live items without the key are kept apart by position. */
const liveIdentity = (item: unknown, mergeKey: string, index: number): string => {
  const key = isJsonObject(item) ? memberOf(item, mergeKey) : undefined;
  return key === undefined ? `#${index}` : JSON.stringify(key);
};

const mergeKeyedList = (
  live: readonly unknown[],
  patch: readonly unknown[],
  schema: JsonSchema,
  mergeKey: string,
): readonly IdentifiedItem[] => {
  const items = new Map(live.map((item, index) => [liveIdentity(item, mergeKey, index), item]));
  for (const change of patch) {
    const identity = identityOf(change, mergeKey);
    const directive = directiveOf(change);
    if (directive === 'delete') {
      items.delete(identity);
      continue;
    }
    const merged = mergeValue(items.get(identity), change, schema.items);
    if (merged !== removed) items.set(identity, merged);
  }
  return [...items].map(([identity, item]) => ({ identity, item }));
};

const mergeSet = (
  live: readonly unknown[],
  patch: readonly unknown[],
): readonly IdentifiedItem[] => {
  const items = new Map([...live, ...patch].map((item) => [JSON.stringify(item), item]));
  return [...items].map(([identity, item]) => ({ identity, item }));
};

/** The directives of the parent object that concern one list. */
interface ListDirectives {
  readonly order?: readonly unknown[];
  readonly deletions?: readonly unknown[];
}

const mergeList = (
  live: readonly unknown[],
  patch: readonly unknown[],
  schema: JsonSchema | undefined,
  { order, deletions = [] }: ListDirectives = {},
): unknown => {
  if (schema === undefined || !mergesLists(schema)) return withoutDirectives(patch);
  if (patch.some((item) => directiveOf(item) === 'replace')) return withoutDirectives(patch);
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  const isKeyed = mergeKey !== undefined;
  const deleted = new Set(deletions.map((item) => JSON.stringify(item)));
  const kept = isKeyed ? live : live.filter((item) => !deleted.has(JSON.stringify(item)));
  const items = isKeyed ? mergeKeyedList(kept, patch, schema, mergeKey) : mergeSet(kept, patch);
  if (order === undefined) return items.map(({ item }) => item);
  return orderedItems(
    items,
    order.map((item) => identityOf(item, mergeKey)),
    live.map((item, index) =>
      isKeyed ? liveIdentity(item, mergeKey, index) : JSON.stringify(item),
    ),
  );
};

const directivesFor = (patch: JsonObject, key: string): ListDirectives => {
  const order = memberOf(patch, orderPrefix + key);
  const deletions = memberOf(patch, deletePrefix + key);
  return {
    ...(Array.isArray(order) && { order }),
    ...(Array.isArray(deletions) && { deletions }),
  };
};

/** Names of members that change: those given and those only a list directive names. */
const changedKeys = (patch: JsonObject): ReadonlySet<string> =>
  new Set(
    Object.keys(patch).flatMap((key) => {
      if (key.startsWith(orderPrefix)) return [key.slice(orderPrefix.length)];
      if (key.startsWith(deletePrefix)) return [key.slice(deletePrefix.length)];
      return isDirective(key) ? [] : [key];
    }),
  );

const mergeMember = (
  live: unknown,
  patch: JsonObject,
  key: string,
  schema: JsonSchema | undefined,
): unknown => {
  const change = memberOf(patch, key);
  if (change === null) return removed;
  const directives = directivesFor(patch, key);
  if (Array.isArray(change) || change === undefined) {
    if (change === undefined && live === undefined) return removed;
    return mergeList(asList(live), asList(change), schema, directives);
  }
  return mergeValue(live, change, schema);
};

const retained = (live: JsonObject, patch: JsonObject): JsonObject => {
  const keys = patch['$retainKeys'];
  if (keys === undefined) return live;
  if (!Array.isArray(keys)) throw new BadPatch('$retainKeys must be a list');
  return Object.fromEntries(Object.entries(live).filter(([key]) => keys.includes(key)));
};

const mergeObject = (
  live: JsonObject,
  patch: JsonObject,
  schema: JsonSchema | undefined,
): unknown => {
  const merged = new Map(Object.entries(retained(live, patch)));
  for (const key of changedKeys(patch)) {
    const value = mergeMember(merged.get(key), patch, key, memberSchema(schema, key));
    if (value === removed) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
};

const mergeValue = (live: unknown, patch: unknown, schema: JsonSchema | undefined): unknown => {
  if (Array.isArray(patch)) return mergeList(asList(live), patch, schema);
  if (!isJsonObject(patch)) return patch;
  const directive = patch['$patch'];
  if (directive === 'delete') return removed;
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge') {
    throw new BadPatch(`Unknown patch type found: ${JSON.stringify(directive)}`);
  }
  return mergeObject(isJsonObject(live) ? live : {}, patch, schema);
};

/**
 * Applies a strategic merge patch. `schema` is that of the whole object with metadata; lists merge only
 * where it names a merge key or the strategy merge, other lists are replaced.
 */
export const applyStrategicMergePatch = (
  live: unknown,
  patch: unknown,
  schema: JsonSchema,
): PatchResult => {
  if (!isJsonObject(patch)) {
    return patchFailure('BadRequest', 'a strategic merge patch must be an object');
  }
  try {
    const value = mergeValue(live, patch, schema);
    return { value: value === removed ? {} : value };
  } catch (failure) {
    if (failure instanceof BadPatch) return patchFailure('BadRequest', failure.message);
    if (failure instanceof RangeError) {
      return patchFailure('BadRequest', 'the patch is nested too deeply');
    }
    throw failure;
  }
};
