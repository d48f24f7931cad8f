/** Wire types of protobuf. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Bytes of a varint at most. */
const maxVarintBytes = 10;

/** Reads protobuf in place. Everything throws RangeError for bytes that are none. */
export class WireCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get at(): number {
    return this.#at;
  }

  /** Where the message that begins here ends; no further than `limit`. */
  enter(limit: number): number {
    const length = this.varint();
    const end = this.#at + length;
    if (end > limit) throw new RangeError('a field is longer than its message');
    return end;
  }

  /** The end of a message: its last field must end there too. */
  leave(end: number): void {
    if (this.#at !== end) throw new RangeError('a field is longer than its message');
  }

  /** A varint as a number: exact below 2^53. */
  varint(): number {
    const bytes = this.#bytes;
    let value = 0;
    let factor = 1;
    for (let read = 0; read < maxVarintBytes; read++) {
      const byte = bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new RangeError('a number is too long');
  }

  /** An `int64`. */
  int64(): bigint {
    const bytes = this.#bytes;
    let value = 0n;
    for (let read = 0; read < maxVarintBytes; read++) {
      const byte = bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value |= BigInt(byte & 127) << BigInt(read * 7);
      if (byte < 128) return BigInt.asIntN(64, value);
    }
    throw new RangeError('a number is too long');
  }

  fixed64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }

  double(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  text(end: number): string {
    const start = this.#at;
    this.#at = end;
    return this.#bytes.toString('utf8', start, end);
  }

  hex(end: number): string {
    const start = this.#at;
    this.#at = end;
    return this.#bytes.toString('hex', start, end);
  }

  base64(end: number): string {
    const start = this.#at;
    this.#at = end;
    return this.#bytes.toString('base64', start, end);
  }

  /** Whether the same bytes are at another place. */
  equals(start: number, end: number, other: number): boolean {
    const bytes = this.#bytes;
    for (let at = start, from = other; at < end; at++, from++) {
      if (bytes[at] !== bytes[from]) return false;
    }
    return true;
  }

  jump(at: number): void {
    this.#at = at;
  }

  /** Past a field of this tag. Groups are not known: OTLP has none. */
  skip(tag: number, limit: number): void {
    const type = tag & 7;
    if (type === wireType.varint) this.int64();
    else if (type === wireType.fixed64) this.#at += 8;
    else if (type === wireType.bytes) this.#at = this.enter(limit);
    else if (type === wireType.fixed32) this.#at += 4;
    else throw new RangeError(`wire type ${type} is not known`);
    if (this.#at > limit) throw new RangeError('a field is longer than its message');
  }
}
