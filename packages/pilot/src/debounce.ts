import type { Clock } from '@lateen/base';

/** How long changes are gathered before they are pushed. */
export interface DebounceDelays {
  /** Silence after the last change that lets the push go. */
  readonly quietMs: number;
  /** Longest wait after the first change, however busy it is. */
  readonly maxMs: number;
}

/**
 * Istio waits 100 ms and at most 10 s, for clusters in which thousands of objects change at a time.
 * Here one `kubectl apply` of a few documents should reach the proxies at once, and a busy rollout
 * must not hold back a routing change for a second.
 */
export const defaultConfigDelays: DebounceDelays = { quietMs: 10, maxMs: 250 };

/** Endpoints come and go in small groups, and traffic fails until the proxies know. */
export const defaultEndpointDelays: DebounceDelays = { quietMs: 2, maxMs: 50 };

export interface DebounceOptions<Change> {
  readonly clock: Clock;
  readonly merge: (pending: Change, added: Change) => Change;
  readonly delaysOf: (change: Change) => DebounceDelays;
  /** Gets the merged change and when its first part came, in milliseconds since the epoch. */
  readonly flush: (change: Change, firstMs: number) => void;
}

interface Pending<Change> {
  readonly change: Change;
  readonly firstMs: number;
  readonly cancel: () => void;
}

/** Gathers changes into one. The delays are those of the merged change: mixed changes wait as config. */
export class Debounce<Change> {
  readonly #options: DebounceOptions<Change>;
  #pending: Pending<Change> | undefined;

  constructor(options: DebounceOptions<Change>) {
    this.#options = options;
  }

  add(added: Change): void {
    const { clock, merge, delaysOf } = this.#options;
    const before = this.#pending;
    before?.cancel();
    const nowMs = clock.nowMs();
    const firstMs = before?.firstMs ?? nowMs;
    const change = before === undefined ? added : merge(before.change, added);
    const { quietMs, maxMs } = delaysOf(change);
    const delayMs = Math.max(0, Math.min(quietMs, firstMs + maxMs - nowMs));
    const cancel = clock.schedule(delayMs, () => this.#flush());
    this.#pending = { change, firstMs, cancel };
  }

  /** Drops what waits. */
  stop(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#options.flush(pending.change, pending.firstMs);
  }
}
