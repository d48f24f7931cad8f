import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type LogOutlet, outletOf } from './log-outlet.ts';

/** Bytes kept while the reader is slower than the log; beyond it lines are dropped and counted. */
const maxPendingBytes = 8 * 1_048_576;
/** How long a line may wait before it is written. */
const flushIntervalMs = 100;
/** Bytes that are written without waiting. */
const flushBytes = 65_536;
/** First size of a buffer, enough for a quiet proxy; it doubles as needed. */
const firstBytes = 8_192;

const noBytes: Buffer = Buffer.alloc(0);

/**
 * A file that access-log lines are appended to: collected as bytes, then written in one call. Lines
 * become bytes at once, because text kept for later would be copied by every garbage collection.
 */
export class LogSink {
  readonly path: string;
  readonly #outlet: LogOutlet;
  #bytes: Buffer = noBytes;
  #filled = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Lines lost because nobody took them in time. */
  dropped = 0;

  /** `/dev/stdout` and `/dev/stderr` are the process's own streams. Throws what `open` throws. */
  constructor(path: string) {
    this.path = path;
    const standard = path === '/dev/stdout' ? 1 : path === '/dev/stderr' ? 2 : undefined;
    if (standard === undefined) mkdirSync(dirname(path), { recursive: true });
    this.#outlet = outletOf(standard ?? openSync(path, 'a'), standard === undefined);
  }

  /** Takes one complete line. */
  append(line: string): void {
    const needed = this.#filled + line.length;
    if (needed > this.#bytes.length) {
      if (needed + this.#outlet.pendingBytes > maxPendingBytes) {
        this.dropped++;
        return;
      }
      this.#grow(needed);
    }
    this.#filled += this.#bytes.write(line, this.#filled, 'latin1');
    if (this.#filled >= flushBytes) this.flush();
    else if (this.#timer === undefined) this.#flushLater();
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed * 2));
    this.#bytes.copy(bytes, 0, 0, this.#filled);
    this.#bytes = bytes;
  }

  #flushLater(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
      if (this.#filled > 0) this.#flushLater();
    }, flushIntervalMs);
    this.#timer.unref();
  }

  /** Writes what was collected, unless what was written before is still on its way. */
  flush(): void {
    if (this.#filled === 0 || this.#outlet.pendingBytes > 0) return;
    this.#write();
  }

  #write(): void {
    const bytes = this.#bytes;
    const length = this.#filled;
    this.#filled = 0;
    try {
      const { isKept } = this.#outlet.write(bytes.subarray(0, length));
      // A buffer that grew while the reader was slow is not kept.
      if (isKept || bytes.length > 4 * flushBytes) this.#bytes = noBytes;
    } catch {
      // The disk is full or gone: those lines are lost, the requests are not.
      this.dropped += bytes.subarray(0, length).reduce((lines, byte) => lines + +(byte === 10), 0);
    }
  }

  /** Writes everything, then closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#filled > 0) this.#write();
    await this.#outlet.close();
  }
}

/** One sink for each path, shared by all that log there. */
export class LogSinks {
  readonly #sinks = new Map<string, LogSink>();

  /** Lines lost, of all files. */
  get dropped(): number {
    let sum = 0;
    for (const { dropped } of this.#sinks.values()) sum += dropped;
    return sum;
  }

  /** Throws what `open` throws. */
  open(path: string): LogSink {
    let sink = this.#sinks.get(path);
    if (sink === undefined) {
      sink = new LogSink(path);
      this.#sinks.set(path, sink);
    }
    return sink;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sinks.values()].map((sink) => sink.close()));
    this.#sinks.clear();
  }
}
