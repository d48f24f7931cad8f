import { createWriteStream, openSync, renameSync, statSync, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '@lateen/base';
import { criTime, formatCriLine, type LogStream } from './cri-line.ts';

/** Size at which a file is put aside, as the kubelet's containerLogMaxSize. One older file is kept. */
const maxFileBytes: number = 10 * 1024 * 1024;
/** A longer line is cut into partial records, as container runtimes do. */
const maxLineLength: number = 16 * 1024;

/** Name of the older half of a log that was rotated. */
export const rotatedPath = (path: string): string => `${path}.1`;

const sizeOf = (path: string): number => {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
};

/** Writes one attempt of a container in CRI format, and tells readers when there is more. */
export class ContainerLog {
  readonly path: string;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #file: WriteStream;
  #bytes: number;
  #generation = 0;
  #closed = false;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
    this.#bytes = sizeOf(path);
    this.#file = this.#open();
  }

  /** Grows when a new file is begun: a reader at the end of the old one goes on there. */
  get generation(): number {
    return this.#generation;
  }

  /** True when nothing will be written any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Copies a container's output until it ends; a slow disk slows the container. */
  async copy(source: Readable, stream: LogStream): Promise<void> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    try {
      for await (const chunk of source) {
        const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
        const last = lines.pop() ?? '';
        await this.#write(lines.map((line) => this.#format(line, stream)).join(''));
        rest = this.#cut(last, stream);
      }
    } catch {
      // The pipe broke with its container; what came is in the log.
    }
    if (rest !== '') await this.#write(this.#format(rest, stream));
  }

  /** Resolves when more was written, a new file was begun, or the log was closed. */
  changed(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#closed || signal?.aborted === true) return Promise.resolve();
    const wake = (): void => {
      this.#waiting.delete(wake);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    this.#waiting.add(wake);
    signal?.addEventListener('abort', wake);
    return promise;
  }

  /** Resolves when all is on file. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#file.end(() => {
        this.#closed = true;
        this.#wake();
        resolve();
      });
    });
  }

  #open(): WriteStream {
    // Opened at once: who reads the log of a container that has just started must find one.
    const file = createWriteStream(this.path, { fd: openSync(this.path, 'a', 0o600) });
    // A full disk loses log lines, not the container.
    file.on('error', () => undefined);
    return file;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Bounds what is kept of an unfinished line; the rest of it stays pending. */
  #cut(pending: string, stream: LogStream): string {
    let rest = pending;
    while (rest.length > maxLineLength) {
      void this.#write(this.#record(rest.slice(0, maxLineLength), stream, true));
      rest = rest.slice(maxLineLength);
    }
    return rest;
  }

  #record(text: string, stream: LogStream, partial: boolean): string {
    return formatCriLine({ time: criTime(this.#clock.nowMs()), stream, partial, text });
  }

  #format(line: string, stream: LogStream): string {
    if (line.length <= maxLineLength) return this.#record(line, stream, false);
    let records = '';
    let rest = line;
    for (; rest.length > maxLineLength; rest = rest.slice(maxLineLength))
      records += this.#record(rest.slice(0, maxLineLength), stream, true);
    return records + this.#record(rest, stream, false);
  }

  #write(text: string): Promise<void> | undefined {
    if (text === '' || this.#file.writableEnded) return undefined;
    if (this.#bytes > maxFileBytes) this.#rotate();
    this.#bytes += Buffer.byteLength(text);
    return new Promise((resolve) => {
      this.#file.write(text, () => {
        this.#wake();
        resolve();
      });
    });
  }

  #rotate(): void {
    this.#file.end();
    renameSync(this.path, rotatedPath(this.path));
    this.#bytes = 0;
    this.#generation += 1;
    this.#file = this.#open();
  }
}
