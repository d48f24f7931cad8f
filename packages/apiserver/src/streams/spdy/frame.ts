/** SPDY/3.1 frames (draft-mbelshe-httpbis-spdy-00, section 2.2): the ones Kubernetes' streams use. */
export type Frame =
  | {
      readonly type: 'data';
      readonly streamId: number;
      readonly fin: boolean;
      readonly data: Buffer;
    }
  | {
      readonly type: 'control';
      readonly controlType: number;
      readonly flags: number;
      readonly payload: Buffer;
    };

/** Types of control frames. */
export const controlTypes: Readonly<
  Record<'synStream' | 'synReply' | 'rstStream' | 'ping' | 'goAway' | 'headers', number>
> = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7, headers: 8 };

/** Flag of SYN_STREAM, SYN_REPLY, HEADERS and data frames: the sender is done with the stream. */
export const finFlag = 1;

/** Largest frame accepted. kubectl writes 32 KiB at a time; the format would allow 16 MiB. */
export const maxFrameBytes: number = 1024 * 1024;

const headBytes = 8;

/** Raised for bytes that are not SPDY/3: the session ends. */
export class FrameError extends Error {}

const parseFrame = (head: Buffer, body: Buffer): Frame => {
  const flags = head.readUInt8(4);
  const first = head.readUInt32BE(0);
  if (first < 0x8000_0000)
    return { type: 'data', streamId: first, fin: (flags & finFlag) !== 0, data: body };
  const version = (first >>> 16) & 0x7fff;
  if (version !== 3) throw new FrameError(`SPDY version ${version} is not 3`);
  return { type: 'control', controlType: first & 0xffff, flags, payload: body };
};

/** Cuts a byte stream into frames. Holds at most one incomplete frame. */
export class FrameParser {
  #chunks: Buffer[] = [];
  #size = 0;
  #needed = headBytes;

  /**
   * Frames that `chunk` completes.
   * @throws FrameError when the bytes cannot be SPDY/3 or a frame is larger than `maxFrameBytes`.
   */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return [];
    let rest: Buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Frame[] = [];
    for (;;) {
      this.#needed = headBytes;
      if (rest.length < headBytes) break;
      const length = rest.readUInt32BE(4) & 0xff_ffff;
      if (length > maxFrameBytes) throw new FrameError(`a frame of ${length} bytes is too large`);
      this.#needed = headBytes + length;
      if (rest.length < this.#needed) break;
      frames.push(parseFrame(rest.subarray(0, headBytes), rest.subarray(headBytes, this.#needed)));
      rest = rest.subarray(this.#needed);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return frames;
  }
}

const withHead = (first: number, flags: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(first, 0);
  head.writeUInt32BE(body.length, 4);
  head.writeUInt8(flags, 4);
  return body.length === 0 ? head : Buffer.concat([head, body]);
};

/** `data` must be shorter than 16 MiB. */
export const dataFrame = (streamId: number, data: Buffer, fin: boolean): Buffer =>
  withHead(streamId, fin ? finFlag : 0, data);

/** A control frame of SPDY 3.1; the payload must be shorter than 16 MiB. */
export const controlFrame = (controlType: number, flags: number, payload: Buffer): Buffer =>
  withHead(0x8003_0000 + controlType, flags, payload);

/** A control frame's payload of 32-bit numbers. */
export const numbers = (...values: readonly number[]): Buffer => {
  const payload = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    payload.writeUInt32BE(value, index * 4);
  });
  return payload;
};
