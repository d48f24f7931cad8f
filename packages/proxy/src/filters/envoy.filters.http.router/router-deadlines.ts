import { earlier } from '../../ticker.ts';

/** What has run out first. */
export type RanOut = 'request' | 'try' | 'try-idle' | 'stream' | 'back-off' | undefined;

const isDue = (atMs: number, nowMs: number): boolean => atMs > 0 && nowMs >= atMs;

/** The times a routed request may wait for; 0 means none. Milliseconds of a monotonic clock. */
export class RouterDeadlines {
  readonly #timed: { setDeadline(atMs: number): void };
  #requestAtMs = 0;
  #tryAtMs = 0;
  #backOffAtMs = 0;
  #idleMs = 0;
  #idleAtMs = 0;
  #activeMs = 0;
  #streamAtMs = 0;
  #isSet = false;

  /** `timed` is told the next deadline, or 0 when one that was set is no more. */
  constructor(timed: { setDeadline(atMs: number): void }) {
    this.#timed = timed;
  }

  request(atMs: number): void {
    this.#requestAtMs = atMs;
    this.#update();
  }

  try(atMs: number): void {
    if (atMs === 0 && this.#tryAtMs === 0) return;
    this.#tryAtMs = atMs;
    this.#update();
  }

  backOff(atMs: number): void {
    this.#tryAtMs = 0;
    this.#backOffAtMs = atMs;
    this.#update();
  }

  /** A stream with the upstream begins: silence on it, and its whole life, are bounded. */
  stream(nowMs: number, idleMs: number, durationMs: number): void {
    this.#idleMs = idleMs;
    this.#activeMs = nowMs;
    this.#idleAtMs = idleMs > 0 ? nowMs + idleMs : 0;
    this.#streamAtMs = durationMs > 0 ? nowMs + durationMs : 0;
    this.#update();
  }

  /** The stream with the upstream is over. */
  streamOver(): void {
    if (this.#idleAtMs === 0 && this.#streamAtMs === 0) return;
    this.stream(0, 0, 0);
  }

  /** Whether `touch` is wanted. */
  get watchesIdle(): boolean {
    return this.#idleMs > 0;
  }

  /** The upstream sent something, or took something. */
  touch(nowMs: number): void {
    this.#activeMs = nowMs;
  }

  /** What is due; it is cleared. */
  take(nowMs: number): RanOut {
    if (isDue(this.#requestAtMs, nowMs)) return 'request';
    if (isDue(this.#tryAtMs, nowMs)) {
      this.try(0);
      return 'try';
    }
    if (isDue(this.#streamAtMs, nowMs)) return 'stream';
    if (isDue(this.#idleAtMs, nowMs)) return this.#takeIdle(nowMs);
    if (!isDue(this.#backOffAtMs, nowMs)) return undefined;
    this.#backOffAtMs = 0;
    this.#update();
    return 'back-off';
  }

  /** Activity was only noted: the deadline moves now. */
  #takeIdle(nowMs: number): RanOut {
    this.#idleAtMs = this.#activeMs + this.#idleMs;
    if (nowMs >= this.#idleAtMs) return 'try-idle';
    this.#update();
    return undefined;
  }

  #update(): void {
    const stream = earlier(this.#idleAtMs, this.#streamAtMs);
    const attempt = earlier(this.#tryAtMs, this.#backOffAtMs);
    const at = earlier(this.#requestAtMs, earlier(attempt, stream));
    if (at > 0 || this.#isSet) this.#timed.setDeadline(at);
    this.#isSet = at > 0;
  }
}
