/** Resolution of deadlines: fine enough for time-outs of requests, coarse enough to cost nothing. */
const tickMs = 20;
/** Ticks without work after which the timer stops. */
const idleTicks = 50;

/** Something with a deadline. `slot` belongs to the ticker. */
export interface Timed {
  /** Milliseconds of the ticker's clock; 0: none for now. */
  deadlineMs: number;
  slot: number;
  onDeadline(nowMs: number): void;
}

/** The earlier of two deadlines; 0 is none. */
export const earlier = (left: number, right: number): number => {
  if (left === 0 || right === 0) return left + right;
  return Math.min(left, right);
};

/**
 * Deadlines without a timer each: one coarse tick looks at all that are watched. The timer runs
 * only while something is watched.
 */
export class Ticker {
  readonly #watched: Timed[] = [];
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined = undefined;
  #idle = 0;

  /** `nowMs` is a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  watch(timed: Timed): void {
    if (timed.slot >= 0) return;
    timed.slot = this.#watched.length;
    this.#watched.push(timed);
    if (this.#timer === undefined) {
      this.#idle = 0;
      this.#timer = setInterval(() => this.#tick(), tickMs);
      this.#timer.unref();
    }
  }

  unwatch(timed: Timed): void {
    const { slot } = timed;
    if (slot < 0) return;
    timed.slot = -1;
    const last = this.#watched.pop();
    if (last === undefined || last === timed) return;
    last.slot = slot;
    this.#watched[slot] = last;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const watched = this.#watched;
    this.#idle = watched.length === 0 ? this.#idle + 1 : 0;
    if (this.#idle > idleTicks) {
      this.stop();
      return;
    }
    const now = this.#nowMs();
    // From the end: what leaves is replaced by something already looked at.
    for (let at = watched.length - 1; at >= 0; at--) {
      const timed = watched[at];
      if (timed !== undefined && timed.deadlineMs > 0 && timed.deadlineMs <= now) {
        timed.onDeadline(now);
      }
    }
  }
}
