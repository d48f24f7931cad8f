/**
 * Work to do for many keys, at most one merged item a key: a proxy that is slow to be served gets the
 * latest state once, not every state in between. Bounded by the number of keys.
 */
export interface PushQueueOptions<Key, Item> {
  readonly merge: (pending: Item, added: Item) => Item;
  /** Never throws. */
  readonly run: (key: Key, item: Item) => void;
  /** Lets the event loop serve sockets; the real one is `setImmediate`. */
  readonly yieldTurn: () => Promise<void>;
}

/**
 * Pushes done between two turns of the event loop. A push is CPU work on the one thread, so running
 * more at once gains nothing; a few together save turns, too many would delay acknowledgements.
 */
const pushesPerTurn = 8;

/** One merged item for each key that waits; `pushesPerTurn` of them are done between two turns. */
export class PushQueue<Key, Item> {
  readonly #options: PushQueueOptions<Key, Item>;
  readonly #pending = new Map<Key, Item>();
  #draining: Promise<void> | undefined;

  constructor(options: PushQueueOptions<Key, Item>) {
    this.#options = options;
  }

  /** Keys that wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** Resolves when nothing waits any more. */
  get idle(): Promise<void> {
    return this.#draining ?? Promise.resolve();
  }

  enqueue(key: Key, item: Item): void {
    const pending = this.#pending.get(key);
    this.#pending.set(key, pending === undefined ? item : this.#options.merge(pending, item));
    this.#draining ??= this.#drain();
  }

  /** The key has gone: nothing is to be done for it any more. */
  forget(key: Key): void {
    this.#pending.delete(key);
  }

  async #drain(): Promise<void> {
    // Never run inside `enqueue`: its caller may be about to add more.
    await Promise.resolve();
    let done = 0;
    for (const [key, item] of this.#pending) {
      this.#pending.delete(key);
      this.#options.run(key, item);
      done += 1;
      if (done % pushesPerTurn === 0) await this.#options.yieldTurn();
    }
    this.#draining = undefined;
  }
}
