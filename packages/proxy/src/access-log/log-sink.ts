import { close, mkdirSync, openSync, write as writeCallback } from 'node:fs';
import { dirname } from 'node:path';

/** Text kept while the disk is slower than the log; beyond it lines are dropped and counted. */
const maxPendingCharacters = 8 * 1_048_576;
/** How long a line may wait before it is written. */
const flushIntervalMs = 100;
/** Text that is written without waiting: each write wakes a thread, so they shall be few. */
const flushCharacters = 262_144;

/** Buffers up to this are kept for the next write. */
const maxReusedBytes = 2 * flushCharacters;

/** A file that access-log lines are appended to: collected, then written in one call. */
export class LogSink {
  readonly path: string;
  readonly #descriptor: number;
  readonly #owned: boolean;
  #text = '';
  #buffer: Buffer = Buffer.allocUnsafeSlow(0);
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
    if (this.#text.length + this.#pending > maxPendingCharacters) {
      this.dropped++;
      return;
    }
    this.#text += line;
    if (this.#text.length >= flushCharacters) this.flush();
    else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.flush();
      }, flushIntervalMs);
      this.#timer.unref();
    }
  }

  /** Writes what was collected; one write at a time keeps lines in order. */
  flush(): void {
    if (this.#pending > 0 || this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#write(this.#encode(text));
  }

  /** One buffer serves all writes: the next begins when the last is over. */
  #encode(text: string): Buffer {
    if (text.length > maxReusedBytes) return Buffer.from(text, 'latin1');
    if (this.#buffer.length < text.length) this.#buffer = Buffer.allocUnsafeSlow(text.length * 2);
    return this.#buffer.subarray(0, this.#buffer.write(text, 0, 'latin1'));
  }

  #write(bytes: Buffer): void {
    this.#pending = bytes.length;
    writeCallback(this.#descriptor, bytes, (error, written) => {
      this.#pending = 0;
      const isFull = (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
      if (isFull) setTimeout(() => this.#write(bytes), flushIntervalMs);
      else if (error === null && written < bytes.length) this.#write(bytes.subarray(written));
      else if (this.#text !== '') this.flush();
      else for (const run of this.#idle.splice(0)) run();
    });
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
