const lineEnd: Buffer = Buffer.from('\r\n');

/** Takes one piece; false: wait. */
export type PieceSink = (bytes: Buffer, start: number, end: number) => boolean;

/** Hands a body on in chunks (RFC 9112 section 7.1), and counts what that adds to it. */
export class ChunkFraming {
  readonly #sink: PieceSink;
  /** Bytes handed on that are not the body's. */
  framingBytes = 0;

  constructor(sink: PieceSink) {
    this.#sink = sink;
  }

  /** Data as one chunk, in one piece: one write for the receiver. */
  pass(data: Buffer): boolean {
    if (data.length === 0) return true;
    const size = Buffer.from(`${data.length.toString(16)}\r\n`, 'latin1');
    const whole = Buffer.concat([size, data, lineEnd]);
    this.framingBytes += whole.length - data.length;
    return this.#sink(whole, 0, whole.length);
  }

  /** The last chunk; `trailers` with their empty line. */
  end(trailers: string): boolean {
    const bytes = Buffer.from(`0\r\n${trailers}`, 'latin1');
    this.framingBytes += bytes.length;
    return this.#sink(bytes, 0, bytes.length);
  }
}
