import type { Clock, Logger } from '@lateen/base';

/** First and last wait after a failed key, doubling in between (client-go's defaults are 5 ms, 1000 s). */
const retryFirstMs = 20;
const retryLastMs = 30_000;

/** What a queue does with its keys, and how many at once. */
export interface WorkQueueOptions {
  readonly name: string;
  /** Brings the world in line with the object of this key; a rejection means: try again later. */
  readonly reconcile: (key: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Keys worked on at once. Default 4. */
  readonly concurrency?: number;
}

/**
 * Keys waiting to be reconciled: each at most once in the queue and never worked on twice at a time
 * (client-go's workqueue). Its size is bounded by the number of objects.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, () => void>();
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#timers.get(key)?.();
    this.#timers.delete(key);
    this.#waiting.add(key);
    this.#pump();
  }

  /** Adds the key after a wait, unless it is added before. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped || this.#waiting.has(key)) return;
    this.#timers.get(key)?.();
    const cancel = this.#options.clock.schedule(delayMs, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, cancel);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #pump(): void {
    const limit = this.#options.concurrency ?? 4;
    for (const key of this.#waiting) {
      if (this.#active.size >= limit) return;
      if (this.#active.has(key)) continue;
      this.#waiting.delete(key);
      this.#active.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    const { reconcile, log, name } = this.#options;
    try {
      await reconcile(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const reason = error instanceof Error ? error.message : String(error);
      log.debug('reconcile failed; will retry', { queue: name, key, reason, failures });
      this.addAfter(key, Math.min(retryFirstMs * 2 ** (failures - 1), retryLastMs));
    } finally {
      this.#active.delete(key);
      if (!this.#stopped) this.#pump();
    }
  }
}
