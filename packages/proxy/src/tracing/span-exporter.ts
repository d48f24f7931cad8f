import type { Counter } from '../stats/metric.ts';
import type { SpanEncoder } from './span-encoder.ts';
import type { ReportOutcome, SendReport } from './span-report.ts';

/** Spans that make a report; fewer wait for the timer. Envoy's is 5: each report costs more than its spans. */
const maxBatchSpans = 512;
/** Bytes that make a report: collectors take messages of 4 MiB. */
const maxBatchBytes = 1_048_576;
/** How long a span waits for others. */
const flushIntervalMs = 1_000;
/** Reports under way. While there are so many, spans beyond one more batch are dropped. */
const maxReports = 4;

/** What an exporter counts. */
export interface ExporterStats {
  readonly spansSent: Counter;
  /** Batches that the timer sent. */
  readonly timerFlushed: Counter;
  /** Spans lost: the collector was slower than the requests. */
  readonly spansDropped: Counter;
  readonly outcome: Readonly<Record<ReportOutcome, Counter>>;
}

/** Collects spans and sends them in batches. */
export class SpanExporter {
  readonly encoder: SpanEncoder;
  readonly #send: SendReport;
  readonly #stats: ExporterStats;
  #timer: NodeJS.Timeout | undefined = undefined;
  #reports = 0;
  #onIdle: (() => void) | undefined = undefined;

  constructor(encoder: SpanEncoder, send: SendReport, stats: ExporterStats) {
    this.encoder = encoder;
    this.#send = send;
    this.#stats = stats;
  }

  get #isFull(): boolean {
    return this.encoder.spans >= maxBatchSpans || this.encoder.bytes >= maxBatchBytes;
  }

  /** Whether there is room for a span; false: it is counted as dropped. */
  admits(): boolean {
    if (!this.#isFull) return true;
    this.#stats.spansDropped.value++;
    return false;
  }

  /** A span was encoded. */
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
    }, flushIntervalMs);
    this.#timer.unref();
  }

  #flush(): void {
    const { encoder } = this;
    if (encoder.spans === 0 || this.#reports >= maxReports) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { spans } = encoder;
    this.#reports++;
    this.#send(encoder.take(), (outcome) => this.#ended(outcome, spans));
  }

  #ended(outcome: ReportOutcome, spans: number): void {
    this.#reports--;
    this.#stats.outcome[outcome].value++;
    if (outcome === 'accepted') this.#stats.spansSent.value += spans;
    else this.#stats.spansDropped.value += spans;
    if (this.#onIdle !== undefined || this.#isFull) this.#flush();
    else if (this.encoder.spans > 0) this.#flushLater();
    if (this.#reports === 0 && this.encoder.spans === 0) this.#onIdle?.();
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
