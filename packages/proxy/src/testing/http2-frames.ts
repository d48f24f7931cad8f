import net from 'node:net';

/** Frame types of RFC 9113 section 6. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. */
export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

/** How a client begins. */
export const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** One frame. `length` lies about the payload's when given. */
export const frame = (
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** A number of 32 bits as payload. */
export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A SETTINGS frame. */
export const settings = (...entries: readonly (readonly [number, number])[]): Buffer => {
  const payload = Buffer.alloc(entries.length * 6);
  for (const [at, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  }
  return frame(frameType.settings, 0, 0, payload);
};

const hpackLength = (length: number): Buffer => {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  while (rest >= 128) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
};

/** A header block of literals without indexing (RFC 7541 section 6.2.2). */
export const block = (lines: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(
    lines.flatMap(([name, value]) => [
      Buffer.from([0]),
      hpackLength(name.length),
      Buffer.from(name, 'latin1'),
      hpackLength(value.length),
      Buffer.from(value, 'latin1'),
    ]),
  );

/** A well-formed request's lines, with more behind them. */
export const requestLines = (
  ...more: readonly (readonly [string, string])[]
): readonly (readonly [string, string])[] => [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'test'],
  [':path', '/'],
  ...more,
];

/** A HEADERS frame with END_HEADERS. */
export const headers = (
  stream: number,
  lines: readonly (readonly [string, string])[],
  flags: number = frameFlag.endStream,
): Buffer => frame(frameType.headers, flags | frameFlag.endHeaders, stream, block(lines));

/** What the other side sent. */
export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One end of a connection that sends any bytes and reads frames. */
export class FrameClient {
  readonly socket: net.Socket;
  readonly frames: ReceivedFrame[] = [];
  closed = false;
  #input: Buffer = Buffer.alloc(0);
  #skip: number;
  #changed: () => void = () => undefined;

  /** Connects to a port, or takes a socket that was accepted and begins with the preface. */
  constructor(from: number | net.Socket) {
    this.socket =
      typeof from === 'number'
        ? net.connect({ port: from, host: '127.0.0.1', noDelay: true })
        : from;
    this.#skip = typeof from === 'number' ? 0 : preface.length;
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => this.#receive(chunk));
    this.socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(...pieces: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(pieces));
  }

  /** The first frame of that kind, or undefined when the connection closed without. */
  async next(is: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame | undefined> {
    for (;;) {
      const found = this.frames.find(is);
      if (found !== undefined || this.closed) return found;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    const skipped = Math.min(this.#skip, this.#input.length);
    this.#input = this.#input.subarray(skipped);
    this.#skip -= skipped;
    while (this.#input.length >= 9) {
      const length = this.#input.readUIntBE(0, 3);
      if (this.#input.length < 9 + length) break;
      this.frames.push({
        type: this.#input[3] as number,
        flags: this.#input[4] as number,
        stream: this.#input.readUInt32BE(5),
        payload: this.#input.subarray(9, 9 + length),
      });
      this.#input = this.#input.subarray(9 + length);
    }
    this.#changed();
  }
}
