import type { JsonSchema } from '../resource-kind.ts';

/** The properties of a schema for `T`: the compiler insists on every field, and on no other. */
export type PropertiesOf<T> = { readonly [K in keyof Required<T>]: JsonSchema };

/** An object with exactly these fields. */
export const object = <T>(
  properties: PropertiesOf<T>,
  required: readonly (keyof T & string)[] = [],
): JsonSchema => ({
  type: 'object',
  properties: properties as Readonly<Record<string, JsonSchema>>,
  ...(required.length > 0 && { required }),
});

/** `schema` with more keywords (default, list type, limits). */
export const extend = (schema: JsonSchema, more: JsonSchema): JsonSchema => ({
  ...schema,
  ...more,
});

/** `schema` with a default, applied where the field is absent and its parent present. */
export const withDefault = (schema: JsonSchema, value: unknown): JsonSchema => ({
  ...schema,
  default: value,
});

/** `schema` or null; the API server drops null before it stores. */
export const nullable = (schema: JsonSchema): JsonSchema => ({ ...schema, nullable: true });

/** Any string. */
export const string: JsonSchema = { type: 'string' };
/** A string of at least one character. */
export const nonEmptyString: JsonSchema = { type: 'string', minLength: 1 };
/** True or false. */
export const boolean: JsonSchema = { type: 'boolean' };
/** A whole number of any size. */
export const integer: JsonSchema = { type: 'integer' };
/** A protobuf or Go int32. */
export const int32: JsonSchema = { type: 'integer', format: 'int32' };
/** A protobuf or Go int64. */
export const int64: JsonSchema = { type: 'integer', format: 'int64' };
/** Any number. */
export const double: JsonSchema = { type: 'number', format: 'double' };
/** A protobuf uint32. */
export const uint32: JsonSchema = { type: 'integer', minimum: 0, maximum: 4_294_967_295 };
/** A non-negative int32. */
export const natural: JsonSchema = { type: 'integer', format: 'int32', minimum: 0 };
/** A port that must be named: 1 to 65535. */
export const port: JsonSchema = { type: 'integer', format: 'int32', minimum: 1, maximum: 65_535 };
/** RFC 3339 time; null is what Go writes for an unset one. */
export const time: JsonSchema = { type: 'string', format: 'date-time', nullable: true };
/** Base64. */
export const bytes: JsonSchema = { type: 'string', format: 'byte' };
/** A number, or a string such as a port name or a percentage. */
export const intOrString: JsonSchema = { 'x-kubernetes-int-or-string': true };
/** Accepted as it is: nothing below is checked or pruned. */
export const anything: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true };
/** An object whose content is accepted as it is. */
export const anyObject: JsonSchema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
};

/** Exactly one of `values`. */
export const oneOfStrings = (...values: readonly string[]): JsonSchema => ({
  type: 'string',
  enum: values,
});

/** A list of `items`; `more` adds limits or a list type. */
export const array = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'array',
  items,
  ...more,
});

/** A list of strings. */
export const strings: JsonSchema = array(string);

/** A map with any keys. */
export const mapOf = (values: JsonSchema): JsonSchema => ({
  type: 'object',
  additionalProperties: values,
});

/** Strings by any key. */
export const stringMap: JsonSchema = mapOf(string);

/**
 * A list that strategic merge joins by `key`. `mapKeys` are the keys of server-side apply when they differ:
 * Kubernetes merges container ports by containerPort in patches, by containerPort and protocol in apply.
 */
export const mergeList = (
  items: JsonSchema,
  key: string,
  mapKeys: readonly string[] = [key],
): JsonSchema => ({
  type: 'array',
  items,
  'x-kubernetes-patch-merge-key': key,
  'x-kubernetes-patch-strategy': 'merge',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': mapKeys,
});

/** At most one of `names` may be set: how CRDs write a protobuf oneof. */
export const atMostOneOf = (...names: readonly string[]): JsonSchema => ({
  oneOf: [
    { not: { anyOf: names.map((name) => ({ required: [name] })) } },
    ...names.map((name) => ({ required: [name] })),
  ],
});
