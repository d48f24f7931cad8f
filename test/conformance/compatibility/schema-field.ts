import { istioKinds, type JsonSchema, type KubeObject } from '@lateen/api';

/** A field of a kind's CRD schema. A message that is used in several places is listed where it comes first. */
export interface SchemaField {
  readonly kind: string;
  /** `http[].match[].uri`, without `spec.`. */
  readonly path: string;
  /** Words the field may hold. */
  readonly words: readonly string[];
  /** What the field is of a message that is listed elsewhere: that place. */
  readonly sameAs: string | undefined;
}

/** A place in an object that holds a field. */
export interface Occurrence {
  readonly field: SchemaField;
  /** Keys and indexes from the object down. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** The fields of one kind, and where a schema node's are. */
interface KindFields {
  readonly spec: JsonSchema;
  readonly fields: readonly SchemaField[];
  readonly byNode: ReadonlyMap<JsonSchema, ReadonlyMap<string, SchemaField>>;
}

const emptySchema: JsonSchema = {};

const specSchema = (kind: string): JsonSchema =>
  istioKinds.find((one) => one.kind === kind)?.versions[0]?.schema.properties?.['spec'] ??
  emptySchema;

/** The schema of a list's items or a map's values, and what the path shows of it. */
const inner = (schema: JsonSchema): { readonly node: JsonSchema; readonly mark: string } => {
  if (schema.items !== undefined) {
    const { node, mark } = inner(schema.items);
    return { node, mark: `[]${mark}` };
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') {
    const { node, mark } = inner(additionalProperties);
    return { node, mark: `.*${mark}` };
  }
  return { node: schema, mark: '' };
};

const readKind = (kind: string): KindFields => {
  const spec = specSchema(kind);
  const fields: SchemaField[] = [];
  const byNode = new Map<JsonSchema, Map<string, SchemaField>>();
  const placeOf = new Map<JsonSchema, string>();
  const visit = (node: JsonSchema, prefix: string): void => {
    const own = new Map<string, SchemaField>();
    byNode.set(node, own);
    const below: { readonly node: JsonSchema; readonly path: string }[] = [];
    for (const [key, schema] of Object.entries(node.properties ?? {})) {
      const { node: target, mark } = inner(schema);
      const path = `${prefix}${key}${mark}`;
      const words = (target.enum ?? []).filter((word) => typeof word === 'string');
      const sameAs = target.properties && placeOf.get(target);
      const field = { kind, path, words, sameAs };
      own.set(key, field);
      fields.push(field);
      if (target.properties === undefined || sameAs !== undefined) continue;
      placeOf.set(target, path);
      below.push({ node: target, path });
    }
    for (const one of below) visit(one.node, `${one.path}.`);
  };
  visit(spec, '');
  return { spec, fields, byNode };
};

const known = new Map<string, KindFields>();

const kindFields = (kind: string): KindFields => {
  const found = known.get(kind) ?? readKind(kind);
  known.set(kind, found);
  return found;
};

/** Every field of a kind's spec, messages in the order of the schema. */
export const fieldsOf = (kind: string): readonly SchemaField[] => kindFields(kind).fields;

/** What a value holds: items of a list, or entries by key, each with its schema where there is one. */
const childrenOf = (
  schema: JsonSchema,
  value: unknown,
): readonly (readonly [key: string | number, child: unknown, schema: JsonSchema | undefined])[] => {
  if (Array.isArray(value)) return value.map((item, index) => [index, item, schema.items]);
  if (typeof value !== 'object' || value === null) return [];
  const { additionalProperties: values, properties } = schema;
  return Object.entries(value).map(([key, child]) => [
    key,
    child,
    typeof values === 'object' ? values : properties?.[key],
  ]);
};

/** Where an object holds fields of its kind, outer ones first. */
export const occurrencesIn = (object: KubeObject): readonly Occurrence[] => {
  const { spec, byNode } = kindFields(object.kind);
  const found: Occurrence[] = [];
  const visit = (node: JsonSchema, value: unknown, path: Occurrence['path']): void => {
    for (const [key, child, schema] of childrenOf(node, value)) {
      const at = [...path, key];
      const field = byNode.get(node)?.get(String(key));
      if (field !== undefined) found.push({ field, path: at, value: child });
      if (schema !== undefined) visit(schema, child, at);
    }
  };
  visit(spec, (object as { readonly spec?: unknown }).spec, ['spec']);
  return found;
};
