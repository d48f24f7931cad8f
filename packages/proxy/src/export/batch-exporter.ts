import type { Counter } from '../stats/metric.ts';
import type { ReportOutcome, SendReport } from './report-sender.ts';

/** Reports under way. While there are so many, items beyond what a batch may hold are dropped. */
const maxReports = 4;

/** Writes items one after the other into a growing batch. */
export interface BatchEncoder {
  /** Items in the batch. */
  readonly items: number;
  /** Bytes of the batch so far, about. */
  readonly bytes: number;
  /** The batch as the body of a report; a new one begins. */
  take(): Buffer;
}

/** When a batch is sent, and how much it holds while it cannot be. */
export interface BatchLimits {
  /** Items, or bytes, that make a report. */
  readonly fullItems: number;
  readonly fullBytes: number;
  /** Items and bytes kept while reports are under way; more is dropped. */
  readonly maxItems: number;
  readonly maxBytes: number;
  /** How long an item waits for others. */
  readonly flushIntervalMs: number;
}

/** What an exporter counts. */
export interface ExporterStats {
  /** Items that a collector has taken. */
  readonly sent: Counter;
  /** Items lost: the collector was slower than the requests, or did not take them. */
  readonly dropped: Counter;
  /** Batches that the timer sent. */
  readonly timerFlushed: Counter;
  readonly outcome: Readonly<Record<ReportOutcome, Counter>>;
}

/** Collects items and sends them in batches. */
export class BatchExporter<E extends BatchEncoder> {
  readonly encoder: E;
  readonly #limits: BatchLimits;
  readonly #send: SendReport;
  readonly #stats: ExporterStats;
  #timer: NodeJS.Timeout | undefined = undefined;
  #reports = 0;
  #onIdle: (() => void) | undefined = undefined;

  constructor(encoder: E, limits: BatchLimits, send: SendReport, stats: ExporterStats) {
    this.encoder = encoder;
    this.#limits = limits;
    this.#send = send;
    this.#stats = stats;
  }

  get #isFull(): boolean {
    const { items, bytes } = this.encoder;
    return items >= this.#limits.fullItems || bytes >= this.#limits.fullBytes;
  }

  /** Whether there is room for an item; false: it is counted as dropped. */
  admits(): boolean {
    const { items, bytes } = this.encoder;
    if (items < this.#limits.maxItems && bytes < this.#limits.maxBytes) return true;
    this.#stats.dropped.value++;
    return false;
  }

  /** An item was put into the batch. */
  added(): void {
    if (this.#isFull) this.#flush();
    else this.#flushLater();
  }

  #flushLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#stats.timerFlushed.value++;
      this.#flush();
    }, this.#limits.flushIntervalMs);
    this.#timer.unref();
  }

  #flush(): void {
    const { encoder } = this;
    if (encoder.items === 0 || this.#reports >= maxReports) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { items } = encoder;
    this.#reports++;
    this.#send(encoder.take(), (outcome) => this.#ended(outcome, items));
  }

  #ended(outcome: ReportOutcome, items: number): void {
    this.#reports--;
    this.#stats.outcome[outcome].value++;
    if (outcome === 'accepted') this.#stats.sent.value += items;
    else this.#stats.dropped.value += items;
    if (this.#onIdle !== undefined || this.#isFull) this.#flush();
    else if (this.encoder.items > 0) this.#flushLater();
    if (this.#reports === 0 && this.encoder.items === 0) this.#onIdle?.();
  }

  /** Sends what is there and waits for the answers, so long at most. */
  async close(limitMs: number): Promise<void> {
    const idle = Promise.withResolvers<void>();
    this.#onIdle = idle.resolve;
    this.#flush();
    if (this.#reports === 0) return;
    const timer = setTimeout(idle.resolve, limitMs);
    await idle.promise;
    clearTimeout(timer);
  }
}
