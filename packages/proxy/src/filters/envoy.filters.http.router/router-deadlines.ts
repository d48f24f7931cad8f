/** What has run out first. */
export type RanOut = 'request' | 'try' | 'back-off' | undefined;

const earlier = (left: number, right: number): number => {
  if (left === 0 || right === 0) return left + right;
  return Math.min(left, right);
};

/** The three times a routed request may wait for; 0 means none. Milliseconds of a monotonic clock. */
export class RouterDeadlines {
  readonly #set: (atMs: number) => void;
  #requestAtMs = 0;
  #tryAtMs = 0;
  #backOffAtMs = 0;
  #isSet = false;

  /** `set` gets the next deadline, or 0 when one that was set is no more. */
  constructor(set: (atMs: number) => void) {
    this.#set = set;
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
    const isDue = (atMs: number): boolean => atMs > 0 && nowMs >= atMs;
    if (isDue(this.#requestAtMs)) return 'request';
    if (isDue(this.#tryAtMs)) {
      this.try(0);
      return 'try';
    }
    if (!isDue(this.#backOffAtMs)) return undefined;
    this.#backOffAtMs = 0;
    this.#update();
    return 'back-off';
  }

  #update(): void {
    const at = earlier(this.#requestAtMs, earlier(this.#tryAtMs, this.#backOffAtMs));
    if (at > 0 || this.#isSet) this.#set(at);
    this.#isSet = at > 0;
  }
}
