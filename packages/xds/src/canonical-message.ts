import type {
  DescField,
  DescMessage,
  JsonObject,
  JsonValue,
  MessageShape,
} from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';

/**
 * Serializes with the keys of maps and Structs in order, so that equal messages are equal bytes,
 * whatever order their maps were filled in. The message itself is not changed.
 */
export const toCanonicalBinary = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Uint8Array => toBinary(schema, canonicalOf(schema, message as Fields) as MessageShape<Desc>);

/** A message seen as its fields, the way descriptors name them. */
type Fields = Record<string, unknown>;

/** A oneof as protobuf-es holds it. */
interface Choice {
  readonly case: string | undefined;
  readonly value?: unknown;
}

const structName = 'google.protobuf.Struct';

/** The fields of each message type below which a map or a Struct can occur; most types have none. */
const orderedFields = new WeakMap<DescMessage, readonly DescField[]>();

const fieldsWithOrder = (schema: DescMessage): readonly DescField[] => {
  const known = orderedFields.get(schema);
  if (known !== undefined) return known;
  const found = schema.fields.filter((field) => reachesOrder(field, new Set()));
  orderedFields.set(schema, found);
  return found;
};

const reachesOrder = (field: DescField, seen: Set<DescMessage>): boolean => {
  if (field.fieldKind === 'map') return true;
  const child = field.message;
  if (child === undefined) return false;
  if (child.typeName === structName) return true;
  if (seen.has(child)) return false;
  seen.add(child);
  return child.fields.some((inner) => reachesOrder(inner, seen));
};

/** The message itself when it is in order already, otherwise a copy of the parts that change. */
const canonicalOf = (schema: DescMessage, message: Fields): Fields => {
  let copy: Fields | undefined;
  for (const field of fieldsWithOrder(schema)) {
    const key = field.oneof?.localName ?? field.localName;
    const before = message[key];
    const after =
      field.oneof === undefined
        ? canonicalField(field, before)
        : canonicalChoice(field, before as Choice);
    if (after === before) continue;
    copy ??= Object.assign(Object.create(Object.getPrototypeOf(message)) as Fields, message);
    copy[key] = after;
  }
  return copy ?? message;
};

const canonicalChoice = (field: DescField, choice: Choice): Choice => {
  if (choice.case !== field.localName) return choice;
  const value = canonicalField(field, choice.value);
  return value === choice.value ? choice : { case: choice.case, value };
};

const canonicalField = (field: DescField, value: unknown): unknown => {
  if (value === undefined) return undefined;
  if (field.fieldKind === 'map') return canonicalMap(field.message, value as Fields);
  const child = field.message;
  if (child === undefined) return value;
  if (field.fieldKind !== 'list') return canonicalChild(child, value);
  return mapUnlessSame(value as readonly unknown[], (item) => canonicalChild(child, item));
};

const canonicalChild = (schema: DescMessage, value: unknown): unknown => {
  const isMessage = (value as { $typeName?: unknown }).$typeName !== undefined;
  if (isMessage) return canonicalOf(schema, value as Fields);
  // protobuf-es holds a Struct as plain JSON and wrapper types as their bare value.
  return schema.typeName === structName ? canonicalJson(value as JsonObject) : value;
};

const canonicalMap = (schema: DescMessage | undefined, map: Fields): Fields =>
  inKeyOrder(map, (value) => (schema === undefined ? value : canonicalChild(schema, value)));

const canonicalJson = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return mapUnlessSame(value, canonicalJson) as JsonValue[];
  if (value === null || typeof value !== 'object') return value;
  return inKeyOrder(value, (inner) => canonicalJson(inner as JsonValue)) as JsonObject;
};

const inKeyOrder = (map: Fields, canonical: (value: unknown) => unknown): Fields => {
  const keys = Object.keys(map);
  let same = true;
  for (let index = 1; index < keys.length && same; index++)
    same = (keys[index - 1] as string) <= (keys[index] as string);
  const sorted: Fields = {};
  for (const key of same ? keys : keys.sort()) {
    sorted[key] = canonical(map[key]);
    same &&= sorted[key] === map[key];
  }
  return same ? map : sorted;
};

const mapUnlessSame = <T>(items: readonly T[], canonical: (item: T) => T): readonly T[] => {
  const mapped = items.map(canonical);
  return mapped.every((item, index) => item === items[index]) ? items : mapped;
};
