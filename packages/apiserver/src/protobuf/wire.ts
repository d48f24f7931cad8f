/** One field of an encoded message. */
export interface WireField {
  readonly number: number;
  /** Bytes of a length-delimited field (also of nested messages), the value of any other. */
  readonly value: Uint8Array | bigint;
}

/** Bytes that are no protobuf; never leaves this folder. */
export class WireError extends Error {}

const maxVarintBytes = 10;

class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let index = 0; index < maxVarintBytes; index += 1) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new WireError('it ends within a number');
      this.#position += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw new WireError('a number is too long');
  }

  take(size: number): Uint8Array {
    const end = this.#position + size;
    if (end > this.#bytes.length) throw new WireError('it ends within a field');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  fixed(size: number): bigint {
    return this.take(size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  value(wireType: number): Uint8Array | bigint {
    switch (wireType) {
      case 0:
        return this.varint();
      case 1:
        return this.fixed(8);
      case 2:
        return this.take(Number(this.varint()));
      case 5:
        return this.fixed(4);
      default:
        throw new WireError(`wire type ${wireType} is not supported`);
    }
  }
}

/**
 * The fields of a message in their order.
 * @throws WireError when the bytes are no message.
 */
export const readFields = (bytes: Uint8Array): readonly WireField[] => {
  const reader = new Reader(bytes);
  const fields: WireField[] = [];
  while (!reader.atEnd) {
    const tag = Number(reader.varint());
    fields.push({ number: Math.floor(tag / 8), value: reader.value(tag % 8) });
  }
  return fields;
};

/** Integers of a packed repeated field. */
export const readPacked = (bytes: Uint8Array): readonly bigint[] => {
  const reader = new Reader(bytes);
  const values: bigint[] = [];
  while (!reader.atEnd) values.push(reader.varint());
  return values;
};
