import type { Clock, Logger } from '@lateen/base';
import type { ScrapeState } from '../contract/proxy.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import { reasonOf } from '../telemetry-error.ts';
import type { FetchMetrics } from './metrics-fetch.ts';
import type { ScrapeTarget } from './scrape-target.ts';

/** Istio's and Kiali's dashboards are made for 15 s; 5 s shows a shift of traffic while one looks. */
export const scrapeIntervalMs = 5_000;
/** Scrapes at once: more only makes them wait for each other. */
const maxParallel = 16;

/** Scrapes in a row that fail before somebody is told. */
const failuresBeforeWarning = 3;

export interface ScraperOptions {
  readonly store: SeriesStore;
  /** What to scrape now. */
  readonly targets: () => readonly ScrapeTarget[];
  readonly fetchMetrics: FetchMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** After each round. */
  readonly onRound: (atMs: number) => void;
}

const never: ScrapeState = { ok: false, lastMs: 0, durationMs: 0, samples: 0, bytes: 0, error: '' };

/** Scrapes all proxies, round after round. */
export class Scraper {
  readonly #options: ScraperOptions;
  readonly #states = new Map<string, ScrapeState>();
  readonly #failures = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(options: ScraperOptions) {
    this.#options = options;
  }

  /** Starts, once; the first round is at once. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#loop();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** How the last scrape of a pod went, by `namespace/pod`. */
  state(id: string): ScrapeState {
    return this.#states.get(id) ?? never;
  }

  /** Targets that answered in the last round, and all. */
  get counts(): { readonly ok: number; readonly total: number } {
    const states = [...this.#states.values()];
    return { ok: states.filter(({ ok }) => ok).length, total: states.length };
  }

  /** Targets that failed several times in a row: one that is only starting is none of them. */
  get failing(): number {
    return [...this.#failures.values()].filter((count) => count >= failuresBeforeWarning).length;
  }

  /** One round over all targets; never rejects. */
  async round(): Promise<void> {
    const { store, clock, onRound } = this.#options;
    const targets = this.#options.targets();
    this.#forget(new Set(targets.map(({ id }) => id)));
    const atMs = clock.nowMs();
    const answers: {
      readonly target: ScrapeTarget;
      readonly bytes: Uint8Array;
      readonly startMs: number;
    }[] = [];
    const queue = [...targets];
    const work = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        const startMs = clock.nowMs();
        const bytes = await this.#fetch(target, startMs);
        if (bytes !== undefined) answers.push({ target, bytes, startMs });
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxParallel, targets.length) }, work));
    if (this.#isStopped) return;
    // Nobody answered: that is not the same as nothing having happened.
    if (targets.length > 0 && answers.length === 0) return onRound(atMs);
    // All of a round is written at once: a graph never sees half of it.
    store.beginRound(atMs);
    for (const { target, bytes, startMs } of answers) {
      this.#failures.delete(target.id);
      const { samples } = store.ingest(target, bytes, target.startedAtMs);
      const durationMs = clock.nowMs() - startMs;
      this.#states.set(target.id, {
        ...{ ok: true, lastMs: atMs, durationMs, samples },
        ...{ bytes: bytes.length, error: '' },
      });
    }
    onRound(atMs);
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#isStopped) {
      const startMs = clock.nowMs();
      await this.round();
      const { promise, resolve } = Promise.withResolvers<void>();
      const waitMs = Math.max(0, scrapeIntervalMs - (clock.nowMs() - startMs));
      this.#cancel = clock.schedule(waitMs, resolve);
      if (!this.#isStopped) await promise;
    }
  }

  async #fetch(target: ScrapeTarget, startMs: number): Promise<Uint8Array | undefined> {
    const { fetchMetrics, clock, log } = this.#options;
    try {
      return await fetchMetrics(target);
    } catch (error) {
      const before = this.state(target.id);
      const message = reasonOf(error);
      const failures = (this.#failures.get(target.id) ?? 0) + 1;
      this.#failures.set(target.id, failures);
      // Said once, and not of a proxy that is only starting.
      if (failures === failuresBeforeWarning)
        log.warn('metrics cannot be scraped', { target: target.id, reason: message });
      this.#states.set(target.id, {
        ...before,
        ...{ ok: false, durationMs: clock.nowMs() - startMs, error: message },
      });
      return undefined;
    }
  }

  #forget(current: ReadonlySet<string>): void {
    for (const id of this.#states.keys()) {
      if (current.has(id)) continue;
      this.#states.delete(id);
      this.#failures.delete(id);
      this.#options.store.removeTarget(id);
    }
  }
}
