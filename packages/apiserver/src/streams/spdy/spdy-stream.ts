import { Duplex } from 'node:stream';
import type { Headers } from './header-block.ts';

/** Bytes a stream may hold unread before the whole connection waits for its reader. */
const maxUnreadBytes = 256 * 1024;

/** Largest data frame written, as Go's client and server do it. */
const maxDataBytes = 32 * 1024;

/** What a stream asks of its session. */
export interface StreamOwner {
  /** Calls back when the bytes have left, with an error when the connection is gone. */
  sendData(
    streamId: number,
    data: Buffer,
    fin: boolean,
    sent: (error?: Error | null) => void,
  ): void;
  reset(streamId: number): void;
  /** The reader wants more: the connection may be read on. */
  readMore(streamId: number): void;
}

/**
 * One stream of a session, opened by the client. Ending it half-closes (FIN), destroying it resets.
 * Kubernetes' SPDY ignores windows: a slow reader slows the whole connection.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #owner: StreamOwner;
  #sentFin = false;
  #gotFin = false;

  constructor(id: number, headers: Headers, owner: StreamOwner) {
    super({ allowHalfOpen: true, readableHighWaterMark: maxUnreadBytes, emitClose: true });
    this.id = id;
    this.headers = headers;
    this.#owner = owner;
  }

  /** Bytes of the client; false when the reader is behind. */
  receive(data: Buffer): boolean {
    if (this.#gotFin || this.destroyed) return true;
    return data.length === 0 ? true : this.push(data);
  }

  /** The client half-closed. */
  receiveFin(): void {
    if (this.#gotFin || this.destroyed) return;
    this.#gotFin = true;
    this.push(null);
  }

  /** The client reset the stream, or the connection ended. */
  receiveReset(): void {
    this.#sentFin = true;
    this.#gotFin = true;
    this.destroy();
  }

  override _read(): void {
    this.#owner.readMore(this.id);
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    const part = chunk.subarray(0, maxDataBytes);
    const rest = chunk.subarray(maxDataBytes);
    this.#owner.sendData(this.id, part, false, (error) => {
      if (error || rest.length === 0) callback(error);
      else this._write(rest, 'binary', callback);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#sentFin) {
      callback();
      return;
    }
    this.#sentFin = true;
    this.#owner.sendData(this.id, Buffer.alloc(0), true, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!(this.#sentFin && this.#gotFin)) this.#owner.reset(this.id);
    callback(error);
  }
}
