/** What a TLS ClientHello says before anything is decrypted. */
export interface ClientHello {
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** Bytes of a ClientHello at most (Envoy's `TLS_MAX_CLIENT_HELLO`). */
export const maxClientHelloBytes = 16_384;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const alpnExtension = 16;

/** Reads length-prefixed fields; running out of bytes gives undefined. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: 1 | 2 | 3): number | undefined {
    if (this.left < size) return undefined;
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  bytes(length: number | undefined): Buffer | undefined {
    if (length === undefined || this.left < length) return undefined;
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** A field whose length stands before it. */
  field(size: 1 | 2 | 3): Buffer | undefined {
    return this.bytes(this.number(size));
  }
}

/** The payload of one record; `incomplete` when more must come, undefined when it is not TLS. */
const readRecord = (reader: Reader): Buffer | 'incomplete' | undefined => {
  const type = reader.number(1);
  if (type !== undefined && type !== handshakeRecord) return undefined;
  const version = reader.number(2);
  if (version !== undefined && version >> 8 !== 3) return undefined;
  return reader.field(2) ?? 'incomplete';
};

/** Length of the hello with its header, once four bytes are there. */
const helloLength = (bytes: Buffer): number | undefined => {
  if (bytes[0] !== clientHelloMessage) return undefined;
  const length = 4 + bytes.readUIntBE(1, 3);
  return length > maxClientHelloBytes ? undefined : length;
};

/** Handshake bytes out of the records; `incomplete` when more must come. */
const joinRecords = (bytes: Buffer): Buffer | 'incomplete' | undefined => {
  const reader = new Reader(bytes);
  let joined: Buffer = Buffer.alloc(0);
  let wanted: number | undefined = 4;
  while (joined.length < wanted) {
    const record = readRecord(reader);
    if (record === undefined || record === 'incomplete') return record;
    joined = Buffer.concat([joined, record]);
    if (joined.length < 4) continue;
    wanted = helloLength(joined);
    if (wanted === undefined) return undefined;
  }
  return joined.subarray(4, wanted);
};

const recordHeaderBytes = 5;

/**
 * Bytes that must be there before parsing again can say more: the end of the record that is not yet
 * complete. It keeps a client that sends byte by byte from having each one parsed.
 */
export const wantedHelloBytes = (bytes: Buffer): number => {
  let at = 0;
  while (at + recordHeaderBytes <= bytes.length) {
    at += recordHeaderBytes + bytes.readUInt16BE(at + 3);
    if (at > bytes.length) return Math.min(at, maxClientHelloBytes);
  }
  return Math.min(at + recordHeaderBytes, maxClientHelloBytes);
};

const readServerName = (extension: Buffer): string => {
  const list = new Reader(new Reader(extension).field(2) ?? Buffer.alloc(0));
  return list.number(1) === 0 ? (list.field(2)?.toString('latin1').toLowerCase() ?? '') : '';
};

const readAlpn = (extension: Buffer): readonly string[] => {
  const list = new Reader(new Reader(extension).field(2) ?? Buffer.alloc(0));
  const names: string[] = [];
  for (let name = list.field(1); name !== undefined; name = list.field(1)) {
    names.push(name.toString('latin1'));
  }
  return names;
};

/**
 * Parses the start of a connection (RFC 8446 section 4.1.2). `incomplete`: more bytes are needed;
 * undefined: this is not TLS.
 */
export const parseClientHello = (bytes: Buffer): ClientHello | 'incomplete' | undefined => {
  const body = joinRecords(bytes);
  if (body === undefined || body === 'incomplete') return body;
  const reader = new Reader(body);
  reader.bytes(2 + 32);
  reader.field(1);
  reader.field(2);
  reader.field(1);
  const extensions = new Reader(reader.field(2) ?? Buffer.alloc(0));
  let serverName = '';
  let alpn: readonly string[] = [];
  for (;;) {
    const type = extensions.number(2);
    const extension = extensions.field(2);
    if (type === undefined || extension === undefined) return { serverName, alpn };
    if (type === serverNameExtension) serverName = readServerName(extension);
    else if (type === alpnExtension) alpn = readAlpn(extension);
  }
};
