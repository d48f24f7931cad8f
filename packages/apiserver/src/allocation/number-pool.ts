import type { Clock } from '@lateen/base';

/**
 * How long a number handed out stays taken before its owner appears in the store: longer than a
 * request takes from admission to commit, so that two at once never get the same one, and short
 * enough that one that failed gives it back soon.
 */
const pendingMs = 10_000;

/** First and last number, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Hands out numbers of a range in a circle, so that one just freed is not at once another's. It keeps
 * no list of owners: what is taken is read from the stored objects, which cannot drift from the truth.
 */
export class NumberPool {
  readonly range: NumberRange;
  readonly #clock: Clock;
  /** Bounded by the requests of the last `pendingMs`. */
  readonly #pending = new Map<number, { readonly owner: string; readonly atMs: number }>();
  #next: number;

  constructor(range: NumberRange, clock: Clock) {
    this.range = range;
    this.#clock = clock;
    this.#next = range.first;
  }

  /** A number that is neither in `taken` nor just handed out; undefined when none is left. */
  claimAny(owner: string, taken: ReadonlySet<number>): number | undefined {
    this.#forgetOld();
    const { first, last } = this.range;
    const size = last - first + 1;
    for (let tries = 0; tries < size; tries++) {
      const candidate = this.#next;
      this.#next = candidate === last ? first : candidate + 1;
      if (taken.has(candidate) || this.#pending.has(candidate)) continue;
      this.#pending.set(candidate, { owner, atMs: this.#clock.nowMs() });
      return candidate;
    }
    return undefined;
  }

  /** Takes this very number; false when it is another owner's. */
  claim(wanted: number, owner: string, taken: ReadonlySet<number>): boolean {
    this.#forgetOld();
    const pending = this.#pending.get(wanted);
    if (taken.has(wanted) || (pending !== undefined && pending.owner !== owner)) return false;
    this.#pending.delete(wanted);
    this.#pending.set(wanted, { owner, atMs: this.#clock.nowMs() });
    return true;
  }

  /** Gives back what was claimed for a request that is refused after all. */
  forget(number: number): void {
    this.#pending.delete(number);
  }

  includes(number: number): boolean {
    return number >= this.range.first && number <= this.range.last;
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    // A Map keeps insertion order, so the oldest come first.
    for (const [number, { atMs }] of this.#pending) {
      if (nowMs - atMs < pendingMs) break;
      this.#pending.delete(number);
    }
  }
}
