import { close, fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** How long the end waits for somebody to read the last lines. */
const closeTimeoutMs = 2_000;

const noBytes: Buffer = Buffer.alloc(0);

/** Where a sink's bytes go. */
export interface LogOutlet {
  /** Bytes taken but not yet with the kernel. While there are some, nothing more may be written. */
  readonly pendingBytes: number;
  /** Takes bytes; `isKept`: they are read later and may not be overwritten. */
  write(bytes: Buffer): { readonly isKept: boolean };
  /** Resolves when everything is with the kernel, and the descriptor is closed if it is ours. */
  close(): Promise<void>;
}

/**
 * A file, written on the spot: into the page cache that takes a tenth of what waking a thread and
 * hearing back from it takes. Throws what `write` throws, a full disk for instance.
 */
class FileOutlet implements LogOutlet {
  readonly pendingBytes = 0;
  readonly #descriptor: number;
  readonly #owned: boolean;

  constructor(descriptor: number, owned: boolean) {
    this.#descriptor = descriptor;
    this.#owned = owned;
  }

  write(bytes: Buffer): { readonly isKept: boolean } {
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#descriptor, bytes, at);
    return { isKept: false };
  }

  close(): Promise<void> {
    if (!this.#owned) return Promise.resolve();
    return new Promise((resolve) => close(this.#descriptor, () => resolve()));
  }
}

/** The process's own streams are shared: two watchers of one descriptor would take its events from each other. */
const streamOf = (descriptor: number): Socket => {
  if (descriptor === 1) return process.stdout as unknown as Socket;
  if (descriptor === 2) return process.stderr as unknown as Socket;
  const stream = new Socket({ fd: descriptor, readable: false, writable: true });
  stream.unref();
  return stream;
};

/** A pipe or socket: never blocks, however slow its reader. */
class StreamOutlet implements LogOutlet {
  readonly #stream: Socket;

  constructor(stream: Socket) {
    this.#stream = stream;
  }

  get pendingBytes(): number {
    return this.#stream.writableLength;
  }

  write(bytes: Buffer): { readonly isKept: boolean } {
    this.#stream.write(bytes);
    return { isKept: this.pendingBytes > 0 };
  }

  close(): Promise<void> {
    if (this.pendingBytes === 0 || this.#stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      // Behind all that was written; a reader that never comes must not hold up the end.
      const timer = setTimeout(resolve, closeTimeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#stream.write(noBytes, end);
      this.#stream.once('close', end);
    });
  }
}

/** An outlet for an open descriptor; `owned`: it is closed with the outlet. */
export const outletOf = (descriptor: number, owned: boolean): LogOutlet => {
  const stat = fstatSync(descriptor);
  if (!stat.isFIFO() && !stat.isSocket()) return new FileOutlet(descriptor, owned);
  const stream = streamOf(descriptor);
  // Whoever read it is gone: so is the log.
  stream.on('error', () => undefined);
  return new StreamOutlet(stream);
};
