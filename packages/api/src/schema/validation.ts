import type { Diagnostic } from '@lateen/base';
import type { JsonSchema } from '../resource-kind.ts';
import { fieldPath } from './field-path.ts';
import { matchesFormat } from './format.ts';
import { isRecord, typeName } from './json-value.ts';
import { objectMetaSchema } from './object-schema.ts';
import { matchesPattern } from './pattern.ts';

/** Deepest nesting looked at: deeper input is refused, so that hostile JSON cannot exhaust the stack. */
const maxDepth = 200;

interface Place {
  readonly path: string;
  readonly depth: number;
}

type Check = (schema: JsonSchema, value: unknown, place: Place) => readonly Diagnostic[];

const finding = (code: string, path: string, message: string): Diagnostic => ({
  severity: 'error',
  code,
  message,
  path,
});

const invalid = (path: string, value: unknown, detail: string): Diagnostic =>
  finding('FieldValueInvalid', path, `Invalid value: ${shown(value)}: ${detail}`);

/** The rejected value as kubectl shows it: scalars as JSON, containers by their type. */
const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `"${typeName(value)}"` : JSON.stringify(value);

const inBody = (path: string): string => `${path} in body`;

const hasType = (type: JsonSchema['type'], value: unknown): boolean => {
  switch (type) {
    case undefined:
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    default:
      return typeof value === type;
  }
};

const checkType: Check = (schema, value, { path }) => {
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || Number.isInteger(value)) return [];
    const found = typeName(value);
    const detail = `${inBody(path)} must be of type integer or string: "${found}"`;
    return [finding('FieldValueTypeInvalid', path, `Invalid value: "${found}": ${detail}`)];
  }
  if (hasType(schema.type, value)) return [];
  const found = typeName(value);
  const detail = `${inBody(path)} must be of type ${schema.type}: "${found}"`;
  return [finding('FieldValueTypeInvalid', path, `Invalid value: "${found}": ${detail}`)];
};

const checkEnum: Check = ({ enum: allowed }, value, { path }) => {
  if (allowed === undefined || allowed.some((one) => one === value)) return [];
  const list = allowed.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${shown(value)}: supported values: ${list}`;
  return [finding('FieldValueNotSupported', path, message)];
};

const checkNumber: Check = ({ minimum, maximum }, value, { path }) => {
  if (typeof value !== 'number') return [];
  const body = inBody(path);
  if (minimum !== undefined && value < minimum)
    return [invalid(path, value, `${body} should be greater than or equal to ${minimum}`)];
  if (maximum !== undefined && value > maximum)
    return [invalid(path, value, `${body} should be less than or equal to ${maximum}`)];
  return [];
};

const checkString: Check = (schema, value, { path }) => {
  if (typeof value !== 'string') return [];
  const { minLength, maxLength, pattern, format } = schema;
  const length = [...value].length;
  const body = inBody(path);
  const found: Diagnostic[] = [];
  if (minLength !== undefined && length < minLength)
    found.push(invalid(path, value, `${body} should be at least ${minLength} chars long`));
  if (maxLength !== undefined && length > maxLength)
    found.push(
      finding('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} characters`),
    );
  if (pattern !== undefined && !matchesPattern(pattern, value))
    found.push(invalid(path, value, `${body} should match '${pattern}'`));
  if (format !== undefined && !matchesFormat(format, value))
    found.push(invalid(path, value, `${body} must be of type ${format}: ${shown(value)}`));
  return found;
};

const duplicateKey = (schema: JsonSchema, item: unknown): string | undefined => {
  if (schema['x-kubernetes-list-type'] === 'set') return JSON.stringify(item);
  if (schema['x-kubernetes-list-type'] !== 'map' || !isRecord(item)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const defaults = schema.items?.properties ?? {};
  const entries = keys.map((key) => [key, item[key] ?? defaults[key]?.default]);
  return JSON.stringify(Object.fromEntries(entries));
};

const checkDuplicates = (
  schema: JsonSchema,
  items: readonly unknown[],
  path: string,
): readonly Diagnostic[] => {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = duplicateKey(schema, item);
    if (key === undefined) return [];
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const where = fieldPath(path, index);
    return [finding('FieldValueDuplicate', where, `Duplicate value: ${key}`)];
  });
};

const checkArray: Check = (schema, value, { path, depth }) => {
  if (!Array.isArray(value)) return [];
  const { minItems, maxItems, items } = schema;
  const found: Diagnostic[] = [];
  if (minItems !== undefined && value.length < minItems)
    found.push(
      invalid(path, value.length, `${inBody(path)} should have at least ${minItems} items`),
    );
  if (maxItems !== undefined && value.length > maxItems)
    found.push(
      finding('FieldValueTooMany', path, `Too many: ${value.length}: at most ${maxItems} items`),
    );
  if (items !== undefined)
    for (const [index, item] of value.entries())
      found.push(...validateAt(items, item, { path: fieldPath(path, index), depth: depth + 1 }));
  return [...found, ...checkDuplicates(schema, value, path)];
};

/** What the schema says about one key of an object; undefined: nothing. */
export const propertySchema = (schema: JsonSchema, key: string): JsonSchema | undefined => {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  if (schema['x-kubernetes-embedded-resource'] === true) {
    if (key === 'apiVersion' || key === 'kind') return { type: 'string' };
    if (key === 'metadata') return objectMetaSchema;
  }
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
};

const requiredKeys = (schema: JsonSchema): readonly string[] =>
  schema['x-kubernetes-embedded-resource'] === true
    ? ['apiVersion', 'kind', ...(schema.required ?? [])]
    : (schema.required ?? []);

const checkObject: Check = (schema, value, { path, depth }) => {
  if (!isRecord(value)) return [];
  const missing = requiredKeys(schema).filter(
    (key) => !Object.hasOwn(value, key) || value[key] === undefined,
  );
  const found = missing.map((key) =>
    finding('FieldValueRequired', fieldPath(path, key), 'Required value'),
  );
  for (const [key, item] of Object.entries(value)) {
    const inner = propertySchema(schema, key);
    if (inner === undefined || item === undefined) continue;
    found.push(...validateAt(inner, item, { path: fieldPath(path, key), depth: depth + 1 }));
  }
  return found;
};

const checkAlternatives: Check = (schema, value, place) => {
  const { allOf = [], anyOf, oneOf, not } = schema;
  const { path } = place;
  const holds = (one: JsonSchema): boolean => validateAt(one, value, place).length === 0;
  const found: Diagnostic[] = allOf.flatMap((one) => validateAt(one, value, place));
  if (anyOf !== undefined && !anyOf.some(holds))
    found.push(invalid(path, '', `"${path}" must validate at least one schema (anyOf)`));
  if (oneOf !== undefined) {
    const valid = oneOf.filter(holds).length;
    const counted = valid === 0 ? 'none valid' : `${valid} valid alternatives`;
    const detail = `"${path}" must validate one and only one schema (oneOf). Found ${counted}`;
    if (valid !== 1) found.push(invalid(path, '', detail));
  }
  if (not !== undefined && holds(not))
    found.push(invalid(path, '', `"${path}" must not validate the schema (not)`));
  return found;
};

const checks: readonly Check[] = [
  checkEnum,
  checkNumber,
  checkString,
  checkArray,
  checkObject,
  checkAlternatives,
];

const validateAt: Check = (schema, value, place) => {
  if (place.depth > maxDepth)
    return [finding('FieldValueInvalid', place.path, `nested deeper than ${maxDepth} levels`)];
  if (value === null && (schema.nullable === true || acceptsAnything(schema))) return [];
  const wrongType = checkType(schema, value, place);
  if (wrongType.length > 0) return wrongType;
  return checks.flatMap((check) => check(schema, value, place));
};

const acceptsAnything = (schema: JsonSchema): boolean =>
  schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true;

/**
 * Checks `value` against a structural schema, in the API server's words: the diagnostic's path is the
 * field, its message starts with the cause (`Invalid value: "string": … must be of type integer: "string"`,
 * `Required value`, `Unsupported value: …`) and its code is the cause's reason (`FieldValueInvalid` …).
 * Unknown fields are not its business: see `findUnknownFields`.
 */
export const validateSchema = (
  schema: JsonSchema,
  value: unknown,
  path = '',
): readonly Diagnostic[] => validateAt(schema, value, { path, depth: 0 });
