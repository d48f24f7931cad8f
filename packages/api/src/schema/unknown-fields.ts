import type { Diagnostic } from '@lateen/base';
import type { JsonSchema } from '../resource-kind.ts';
import { fieldPath } from './field-path.ts';
import { isRecord } from './json-value.ts';
import { propertySchema } from './validation.ts';

/** Deepest nesting walked; `validateSchema` refuses what is deeper. */
const maxDepth = 200;

/** Whether fields the schema does not name are part of the object all the same. */
const keepsUnknown = (schema: JsonSchema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true ||
  schema.additionalProperties === true ||
  (schema.type === undefined && schema.properties === undefined);

interface Walk {
  readonly value: unknown;
  readonly unknown: readonly string[];
}

const walkArray = (items: JsonSchema, value: readonly unknown[], place: Place): Walk => {
  const walks = value.map((item, index) =>
    walk(items, item, { path: fieldPath(place.path, index), depth: place.depth + 1 }),
  );
  return {
    value: walks.map((one) => one.value),
    unknown: walks.flatMap((one) => one.unknown),
  };
};

interface Place {
  readonly path: string;
  readonly depth: number;
}

const walkObject = (
  schema: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  place: Place,
): Walk => {
  const kept: [string, unknown][] = [];
  const unknown: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    const path = fieldPath(place.path, key);
    const inner = propertySchema(schema, key);
    if (inner !== undefined) {
      const one = walk(inner, item, { path, depth: place.depth + 1 });
      kept.push([key, one.value]);
      unknown.push(...one.unknown);
    } else if (keepsUnknown(schema)) kept.push([key, item]);
    else unknown.push(path);
  }
  return { value: Object.fromEntries(kept), unknown };
};

const walk = (schema: JsonSchema, value: unknown, place: Place): Walk => {
  if (place.depth > maxDepth) return { value, unknown: [] };
  if (Array.isArray(value) && schema.items !== undefined)
    return walkArray(schema.items, value, place);
  if (isRecord(value)) return walkObject(schema, value, place);
  return { value, unknown: [] };
};

/**
 * Fields the schema does not know, one diagnostic each, in the words of strict field validation:
 * `unknown field "spec.htp"`. The caller decides what they are: errors (Strict), warnings (Warn), nothing (Ignore).
 */
export const findUnknownFields = (
  schema: JsonSchema,
  value: unknown,
  path = '',
): readonly Diagnostic[] =>
  walk(schema, value, { path, depth: 0 }).unknown.map((field) => ({
    severity: 'error',
    code: 'FieldUnknown',
    message: `unknown field "${field}"`,
    path: field,
  }));

/** `value` without the fields the schema does not know: what the API server stores. Input is not changed. */
export const pruneUnknownFields = <T>(schema: JsonSchema, value: T): T =>
  walk(schema, value, { path: '', depth: 0 }).value as T;
