import type { Clock } from '@lateen/base';

/** A write unseen for this long was lost (client-go's ExpectationsTimeout): trust the cache again. */
const timeoutMs: number = 5 * 60_000;

/**
 * Writes a controller has made and its cache has not shown yet. Acting before they show would make
 * the same pods twice.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #unseen = new Map<string, Map<string, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expect(owner: string, write: string): void {
    const writes = this.#unseen.get(owner) ?? new Map<string, number>();
    this.#unseen.set(owner, writes.set(write, this.#clock.nowMs() + timeoutMs));
  }

  observe(owner: string, write: string): void {
    this.#unseen.get(owner)?.delete(write);
  }

  satisfied(owner: string): boolean {
    const writes = this.#unseen.get(owner);
    if (writes === undefined) return true;
    for (const [write, deadlineMs] of writes)
      if (deadlineMs <= this.#clock.nowMs()) writes.delete(write);
    if (writes.size > 0) return false;
    this.#unseen.delete(owner);
    return true;
  }
}
