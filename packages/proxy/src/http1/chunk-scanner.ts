import { tokenBytes, valueBytes } from './byte-class.ts';

const state = {
  size: 0,
  extension: 1,
  sizeLineFeed: 2,
  data: 3,
  dataReturn: 4,
  dataLineFeed: 5,
  lineStart: 6,
  trailer: 7,
  trailerLineFeed: 8,
  endLineFeed: 9,
  trailerName: 10,
  finished: 11,
} as const;

/** Hexadecimal digits of a chunk size: twelve are 256 TiB, and stay exact. */
const maxSizeDigits = 12;
/** Chunk extensions of one message: nobody uses them, so a long one is an attack. */
const maxExtensionBytes = 4096;
/** Trailer section of one message. */
const maxTrailerBytes = 65_536;

const hexValue = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};

/** What a scanner notes besides the end of the message. */
export interface ScanOptions {
  /** Where the data is, for receivers that do not know chunks. Default false. */
  readonly ranges?: boolean;
  /** Trailers are among what is to be left out. Default false. */
  readonly dropsTrailers?: boolean;
}

/**
 * Follows chunked framing (RFC 9112 section 7.1). Bytes may pass through as they came, but for what
 * is nobody else's business: `cuts` says where extensions are, and trailers that are not wanted.
 */
export class ChunkScanner {
  #state: number = state.size;
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  /** Start and end of each run of data in the last `scan`, when asked for. */
  readonly ranges: number[] | undefined;
  /** With `ranges`: the trailer section so far, with its empty line. */
  trailerText = '';
  /** Start and end of each run that must not be passed on, in the last `scan`. Mostly empty. */
  readonly cuts: number[] = [];
  /** Bytes so far that are neither data nor cut: what framing adds to what is passed on. */
  framingBytes = 0;
  #cutting = false;
  readonly #dropsTrailers: boolean;

  constructor(options: ScanOptions = {}) {
    this.ranges = options.ranges === true ? [] : undefined;
    this.#dropsTrailers = options.dropsTrailers === true;
  }

  /** Index behind the message; 0: all bytes belong to it and more must come; -1: malformed. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one loop over the bytes of every body
  scan(bytes: Uint8Array, start: number, end: number): number {
    if (this.ranges !== undefined) this.ranges.length = 0;
    if (this.cuts.length > 0) this.cuts.length = 0;
    if (this.#cutting) this.cuts.push(start);
    let at = start;
    while (at < end) {
      if (this.#state === state.data) {
        const taken = Math.min(end - at, this.#left);
        this.ranges?.push(at, at + taken);
        this.#left -= taken;
        at += taken;
        if (this.#left > 0) return 0;
        this.#state = state.dataReturn;
        continue;
      }
      const wasCutting = this.#cutting;
      if (!this.#step(bytes[at] as number)) return -1;
      if (this.#cutting !== wasCutting) this.cuts.push(at);
      if (!this.#cutting) this.framingBytes++;
      at++;
      if (this.#state === state.finished) return at;
    }
    if (this.#cutting) this.cuts.push(end);
    return 0;
  }

  /** One byte of framing; false: malformed. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case state.size:
        return this.#stepSize(byte);
      case state.extension:
        if (byte !== 13) {
          return valueBytes[byte] === 1 && ++this.#extensionBytes < maxExtensionBytes;
        }
        this.#cutting = false;
        this.#state = state.sizeLineFeed;
        return true;
      case state.sizeLineFeed:
        this.#state = this.#left === 0 ? state.lineStart : state.data;
        return byte === 10;
      case state.dataReturn:
        this.#state = state.dataLineFeed;
        return byte === 13;
      case state.dataLineFeed:
        this.#state = state.size;
        this.#digits = 0;
        return byte === 10;
      default:
        return this.#stepTrailer(byte);
    }
  }

  #stepSize(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      return ++this.#digits <= maxSizeDigits;
    }
    if (this.#digits === 0) return false;
    if (byte === 13) {
      this.#state = state.sizeLineFeed;
      return true;
    }
    // White space may follow the size, as some senders pad it (RFC 9112 appendix, Envoy's rule).
    this.#cutting = true;
    this.#state = state.extension;
    return byte === 59 || byte === 32 || byte === 9;
  }

  /** A trailer begins, or the empty line does. */
  #stepLineStart(byte: number): boolean {
    const isEmpty = byte === 13;
    this.#state = isEmpty ? state.endLineFeed : state.trailerName;
    if (this.#dropsTrailers) this.#cutting = !isEmpty;
    return isEmpty || tokenBytes[byte] === 1;
  }

  #stepTrailer(byte: number): boolean {
    if (++this.#trailerBytes > maxTrailerBytes) return false;
    if (this.ranges !== undefined) this.trailerText += String.fromCharCode(byte);
    switch (this.#state) {
      case state.lineStart:
        return this.#stepLineStart(byte);
      case state.trailerName:
        if (byte === 58) this.#state = state.trailer;
        return byte === 58 || tokenBytes[byte] === 1;
      case state.trailer:
        if (byte === 13) this.#state = state.trailerLineFeed;
        return byte === 13 || valueBytes[byte] === 1;
      case state.trailerLineFeed:
        this.#state = state.lineStart;
        return byte === 10;
      default:
        this.#state = state.finished;
        return byte === 10;
    }
  }
}

/** Hands over what `cuts` leaves of a run of bytes; false: the receiver is slower. */
export const passUncut = (
  cuts: readonly number[],
  start: number,
  end: number,
  pass: (start: number, end: number) => boolean,
): boolean => {
  let ready = true;
  let from = start;
  for (let at = 0; at < cuts.length; at += 2) {
    const until = cuts[at] as number;
    if (until > from) ready = pass(from, until) && ready;
    from = cuts[at + 1] as number;
  }
  return end > from ? pass(from, end) && ready : ready;
};
