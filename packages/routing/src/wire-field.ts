import type { DescMessage, MessageShape, UnknownField } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/**
 * Fields that are newer than the generated messages: protobuf keeps them as bytes, and here they are
 * read. Bytes that are no such thing count as absent, and absent is refused by whoever asks.
 */

interface WireFields {
  readonly message: ReadonlyMap<number, Uint8Array>;
  readonly number: ReadonlyMap<number, number>;
}

/** Embedded messages and enums of a message given as bytes. */
export const wireFields = (bytes: Uint8Array): WireFields | undefined => {
  const message = new Map<number, Uint8Array>();
  const number = new Map<number, number>();
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type === WireType.LengthDelimited) message.set(field, reader.bytes());
      else if (type === WireType.Varint) number.set(field, reader.uint32());
      else reader.skip(type, field);
    }
  } catch {
    return undefined;
  }
  return { message, number };
};

/** The bytes of an unknown length-delimited field: `$unknown` keeps its length in front. */
export const unknownBytes = (
  unknown: readonly UnknownField[] | undefined,
  number: number,
): Uint8Array | undefined => {
  const field = unknown?.findLast(({ no }) => no === number);
  if (field?.wireType !== WireType.LengthDelimited) return undefined;
  try {
    return new BinaryReader(field.data).bytes();
  } catch {
    return undefined;
  }
};

/** Decodes bytes; undefined when they are no such message. */
export const decodeBytes = <Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array | undefined,
): MessageShape<Desc> | undefined => {
  if (bytes === undefined) return undefined;
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
};
