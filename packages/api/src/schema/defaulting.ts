import type { JsonSchema } from '../resource-kind.ts';
import { isRecord } from './json-value.ts';
import { propertySchema } from './validation.ts';

/** Deepest nesting walked; `validateSchema` refuses what is deeper. */
const maxDepth = 200;

const defaultObject = (
  schema: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  depth: number,
): Readonly<Record<string, unknown>> => {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = propertySchema(schema, key);
    // Null where a default exists and null is not a value means "not set".
    if (item === null && inner?.default !== undefined && inner.nullable !== true) continue;
    set(result, key, inner === undefined ? item : fill(inner, item, depth + 1));
  }
  for (const [key, inner] of Object.entries(schema.properties ?? {}))
    if (inner.default !== undefined && result[key] === undefined)
      set(result, key, fill(inner, structuredCopy(inner.default), depth + 1));
  return result;
};

/** Plain assignment would let a key named `__proto__` change the prototype. */
const set = (target: Record<string, unknown>, key: string, value: unknown): void => {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
};

const structuredCopy = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, structuredCopy(one)]));
};

const fill = (schema: JsonSchema, value: unknown, depth: number): unknown => {
  if (depth > maxDepth) return value;
  const { items } = schema;
  if (Array.isArray(value) && items !== undefined)
    return value.map((item) => fill(items, item, depth + 1));
  return isRecord(value) ? defaultObject(schema, value, depth) : value;
};

/** `value` with the schema's defaults where a field is absent and its parent present. Input is not changed. */
export const applyDefaults = <T>(schema: JsonSchema, value: T): T => fill(schema, value, 0) as T;

const withoutNulls = (value: unknown, depth: number): unknown => {
  if (depth > maxDepth) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item, depth + 1)]),
  );
};

/**
 * `value` without fields that are null. Built-in kinds are read this way (Go's decoder takes null for absent:
 * `creationTimestamp: null` is common in generated manifests); custom resources are not.
 */
export const dropNulls = <T>(value: T): T => withoutNulls(value, 0) as T;
