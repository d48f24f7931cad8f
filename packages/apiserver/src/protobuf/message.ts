import { readFields, readPacked, WireError } from './wire.ts';

type WireValue = Uint8Array | bigint;

/** How one value is read; `isZero` tells the values Go encodes although nobody set them. */
export interface ValueType {
  readonly read: (value: WireValue) => unknown;
  readonly isZero: (value: unknown) => boolean;
}

/** One field of a message: how often it occurs and where it goes in JSON. */
export interface FieldDescriptor {
  /** Name in JSON; empty when the fields of the value are the message's own (`json:",inline"`). */
  readonly name: string;
  readonly type: ValueType;
  readonly shape: 'single' | 'list' | 'map';
  /** A pointer in Go: an explicit zero counts. */
  readonly keepsZero: boolean;
}

/** Field numbers and what they mean, from the public generated.proto of Kubernetes. */
export type MessageFields = Readonly<Record<number, FieldDescriptor>>;

const textDecoder = new TextDecoder();

const bytesOf = (value: WireValue): Uint8Array => {
  if (typeof value === 'bigint') throw new WireError('a number stands where bytes are expected');
  return value;
};

const numberOf = (value: WireValue): bigint => {
  if (typeof value !== 'bigint') throw new WireError('bytes stand where a number is expected');
  return value;
};

const never = (): boolean => false;

/** `string`: UTF-8. */
export const string: ValueType = {
  read: (value) => textDecoder.decode(bytesOf(value)),
  isZero: (value) => value === '',
};

/** int32 and int64; values beyond 2^53 lose precision as in any JSON number. */
export const integer: ValueType = {
  read: (value) => Number(BigInt.asIntN(64, numberOf(value))),
  isZero: (value) => value === 0,
};

/** `bool`. */
export const boolean: ValueType = {
  read: (value) => numberOf(value) !== 0n,
  isZero: (value) => value === false,
};

/** Base64, as JSON writes Go's []byte. */
export const bytes: ValueType = {
  read: (value) => Buffer.from(bytesOf(value)).toString('base64'),
  isZero: never,
};

/** A field that is left out of JSON when it has its zero value. */
export const field = (name: string, type: ValueType): FieldDescriptor => ({
  name,
  type,
  shape: 'single',
  keepsZero: false,
});

/** A pointer in Go. */
export const pointer = (name: string, type: ValueType): FieldDescriptor => ({
  ...field(name, type),
  keepsZero: true,
});

/** A repeated field. */
export const list = (name: string, type: ValueType): FieldDescriptor => ({
  ...field(name, type),
  shape: 'list',
});

/** A map with string keys. */
export const map = (name: string, type: ValueType): FieldDescriptor => ({
  ...field(name, type),
  shape: 'map',
});

/** An embedded message without a name of its own in JSON. */
export const inline = (type: ValueType): FieldDescriptor => field('', type);

const listItems = (value: WireValue, type: ValueType): readonly unknown[] => {
  const isPacked = type === integer && typeof value !== 'bigint';
  return isPacked ? readPacked(value).map(type.read) : [type.read(value)];
};

const mapEntry = (value: WireValue, type: ValueType): readonly [string, unknown] => {
  const parts = new Map(readFields(bytesOf(value)).map((part) => [part.number, part.value]));
  const key = parts.get(1);
  const content = parts.get(2) ?? new Uint8Array();
  return [key === undefined ? '' : String(string.read(key)), type.read(content)];
};

/** JSON of a message under construction; keys from the wire may be any text. */
class MessageBuilder {
  readonly #members = new Map<string, unknown>();
  readonly #maps = new Map<string, Map<string, unknown>>();
  readonly #lists = new Map<string, unknown[]>();

  add({ name, type, shape, keepsZero }: FieldDescriptor, value: WireValue): void {
    if (shape === 'list') this.#list(name).push(...listItems(value, type));
    else if (shape === 'map') this.#map(name).set(...mapEntry(value, type));
    else this.#single(name, type.read(value), (read) => !keepsZero && type.isZero(read));
  }

  #list(name: string): unknown[] {
    const items = this.#lists.get(name) ?? [];
    this.#lists.set(name, items);
    return items;
  }

  #map(name: string): Map<string, unknown> {
    const entries = this.#maps.get(name) ?? new Map<string, unknown>();
    this.#maps.set(name, entries);
    return entries;
  }

  #single(name: string, value: unknown, isOmitted: (value: unknown) => boolean): void {
    if (name === '') {
      for (const [key, member] of Object.entries(value as object)) this.#members.set(key, member);
    } else if (isOmitted(value)) this.#members.delete(name);
    else this.#members.set(name, value);
  }

  build(): Record<string, unknown> {
    const maps = [...this.#maps].map(
      ([name, entries]) => [name, Object.fromEntries(entries)] as const,
    );
    return Object.fromEntries([...this.#members, ...this.#lists, ...maps]);
  }
}

/** JSON of an encoded message; fields that are not described are skipped. */
export const readMessage = (
  encoded: Uint8Array,
  fields: MessageFields,
): Record<string, unknown> => {
  const builder = new MessageBuilder();
  for (const { number, value } of readFields(encoded)) {
    const descriptor = fields[number];
    if (descriptor !== undefined) builder.add(descriptor, value);
  }
  return builder.build();
};

/** A nested message; an empty one is kept, `emptyDir: {}` means something. */
export const message = (fields: MessageFields): ValueType => ({
  read: (value) => readMessage(bytesOf(value), fields),
  isZero: never,
});
