import type net from 'node:net';

/** Replaces a socket's queue: chunks go straight to `receive`, without an event for each. */
export const attachReader = (socket: net.Socket, receive: (chunk: Buffer) => boolean): void => {
  const push = socket.push;
  socket.push = (chunk: Buffer | null): boolean =>
    chunk === null ? push.call(socket, null) : receive(chunk);
};

/** Undoes `attachReader`: chunks go to the socket's own queue again. */
export const detachReader = (socket: net.Socket): void => {
  Reflect.deleteProperty(socket, 'push');
};

/** Bytes of a buffer at first: more than the head of nearly every request. */
const firstBytes = 16_384;
/** Bytes once a read filled the buffer: an upload. */
const busyBytes = 65_536;

/** Where Node keeps what `net.connect({ onread })` was given. Accepted sockets have the same places. */
interface OnReadPlaces {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly next: symbol;
}

const findPlaces = (socket: net.Socket): OnReadPlaces | undefined => {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined =>
    symbols.find(({ description }) => description === name);
  const buffer = named('kBuffer');
  const callback = named('kBufferCb');
  const next = named('kBufferGen');
  if (buffer === undefined || callback === undefined || next === undefined) return undefined;
  return { buffer, callback, next };
};

let places: OnReadPlaces | undefined;

/** The inside of a socket, as far as it is used here. */
interface SocketParts {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
  [place: symbol]: unknown;
}

/**
 * Reads of an accepted socket into one buffer, again and again. Without it Node makes a buffer of
 * 64 KiB for every read and shrinks it, which costs 2 us a request. Node offers this (`onread`) for
 * sockets that connect only; where its inside is not as expected, reading stays as it was.
 */
export class ReadBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  #isReplaced = false;
  #isFilled = false;

  /** Starts reading into the buffer; undefined: not possible here. */
  static attach(
    socket: net.Socket,
    receive: (bytes: Buffer, length: number) => boolean,
  ): ReadBuffer | undefined {
    const parts = socket as unknown as SocketParts;
    places ??= findPlaces(socket);
    const handle = parts._handle;
    if (places === undefined || typeof handle?.useUserBuffer !== 'function') return undefined;
    const reader = new ReadBuffer();
    parts[places.buffer] = reader.#bytes;
    parts[places.callback] = (length: number, bytes: Buffer): boolean => {
      reader.#isFilled = length === bytes.length;
      return receive(bytes, length);
    };
    parts[places.next] = (): Buffer | undefined => reader.#next();
    handle.useUserBuffer(reader.#bytes);
    return reader;
  }

  /** What was read belongs to somebody: the next read needs another buffer. */
  release(): void {
    this.#bytes = Buffer.allocUnsafeSlow(this.#isFilled ? busyBytes : firstBytes);
    this.#isReplaced = true;
  }

  /** Undefined: the same buffer again. */
  #next(): Buffer | undefined {
    if (!this.#isReplaced) return undefined;
    this.#isReplaced = false;
    return this.#bytes;
  }
}
