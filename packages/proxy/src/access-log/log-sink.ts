import { close, mkdirSync, openSync, write as writeCallback } from 'node:fs';
import { dirname } from 'node:path';

/** Bytes kept while the disk is slower than the log; beyond it lines are dropped and counted. */
const maxPendingBytes = 8 * 1_048_576;
/** How long a line may wait before it is written. */
const flushIntervalMs = 100;
/** Bytes that are written without waiting: each write wakes a thread, so they shall be few. */
const flushBytes = 131_072;
/** First size of a buffer, enough for a quiet proxy; it doubles as needed. */
const firstBytes = 8_192;

const noBytes: Buffer = Buffer.alloc(0);

/**
 * A file that access-log lines are appended to: collected as bytes, then written in one call. Lines
 * become bytes at once, because text kept for later would be copied by every garbage collection.
 */
export class LogSink {
  readonly path: string;
  readonly #descriptor: number;
  readonly #owned: boolean;
  /** Lines that wait, and the buffer that is being written; the two take turns. */
  #filling: Buffer = noBytes;
  #filled = 0;
  #writing: Buffer = noBytes;
  #pending = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #idle: (() => void)[] = [];
  /** Lines lost because the disk did not keep up. */
  dropped = 0;

  /** `/dev/stdout` and `/dev/stderr` are the process's own streams. Throws what `open` throws. */
  constructor(path: string) {
    this.path = path;
    const standard = path === '/dev/stdout' ? 1 : path === '/dev/stderr' ? 2 : undefined;
    this.#owned = standard === undefined;
    if (standard === undefined) mkdirSync(dirname(path), { recursive: true });
    this.#descriptor = standard ?? openSync(path, 'a');
  }

  /** Takes one complete line. */
  append(line: string): void {
    const needed = this.#filled + line.length;
    if (needed > this.#filling.length) {
      if (needed + this.#pending > maxPendingBytes) {
        this.dropped++;
        return;
      }
      this.#grow(needed);
    }
    this.#filled += this.#filling.write(line, this.#filled, 'latin1');
    if (this.#filled >= flushBytes) this.flush();
    else if (this.#timer === undefined) this.#flushLater();
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(firstBytes, needed * 2));
    this.#filling.copy(bytes, 0, 0, this.#filled);
    this.#filling = bytes;
  }

  #flushLater(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, flushIntervalMs);
    this.#timer.unref();
  }

  /** Writes what was collected; one write at a time keeps lines in order. */
  flush(): void {
    if (this.#pending > 0 || this.#filled === 0) return;
    const bytes = this.#filling;
    const length = this.#filled;
    // A buffer that grew while the disk was slow is not kept.
    this.#filling = this.#writing.length > 2 * flushBytes ? noBytes : this.#writing;
    this.#filled = 0;
    this.#writing = bytes;
    this.#write(bytes.subarray(0, length));
  }

  #write(bytes: Buffer): void {
    this.#pending = bytes.length;
    writeCallback(this.#descriptor, bytes, (error, written) => {
      this.#pending = 0;
      const isFull = (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
      if (isFull) this.#writeLater(bytes);
      else if (error === null && written < bytes.length) this.#write(bytes.subarray(written));
      else if (this.#filled > 0) this.flush();
      else for (const run of this.#idle.splice(0)) run();
    });
  }

  /** Standard output that nobody reads for now: its bytes stay in place, and count as pending. */
  #writeLater(bytes: Buffer): void {
    this.#pending = bytes.length;
    setTimeout(() => this.#write(bytes), flushIntervalMs);
  }

  /** Writes everything, then closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.flush();
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#owned) await new Promise<void>((resolve) => close(this.#descriptor, () => resolve()));
  }
}

/** One sink for each path, shared by all that log there. */
export class LogSinks {
  readonly #sinks = new Map<string, LogSink>();

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
