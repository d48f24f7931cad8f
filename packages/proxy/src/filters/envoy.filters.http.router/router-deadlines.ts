/** What has run out first. */
export type RanOut = 'request' | 'try' | 'back-off' | undefined;

const earlier = (left: number, right: number): number => {
  if (left === 0 || right === 0) return left + right;
  return Math.min(left, right);
};

const isDue = (atMs: number, nowMs: number): boolean => atMs > 0 && nowMs >= atMs;

/** The three times a routed request may wait for; 0 means none. Milliseconds of a monotonic clock. */
export class RouterDeadlines {
  readonly #timed: { setDeadline(atMs: number): void };
  #requestAtMs = 0;
  #tryAtMs = 0;
  #backOffAtMs = 0;
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

  /** What is due; it is cleared. */
  take(nowMs: number): RanOut {
    if (isDue(this.#requestAtMs, nowMs)) return 'request';
    if (isDue(this.#tryAtMs, nowMs)) {
      this.try(0);
      return 'try';
    }
    if (!isDue(this.#backOffAtMs, nowMs)) return undefined;
    this.#backOffAtMs = 0;
    this.#update();
    return 'back-off';
  }

  #update(): void {
    const at = earlier(this.#requestAtMs, earlier(this.#tryAtMs, this.#backOffAtMs));
    if (at > 0 || this.#isSet) this.#timed.setDeadline(at);
    this.#isSet = at > 0;
  }
}
