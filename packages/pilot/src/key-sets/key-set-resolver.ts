import type { Clock, Logger } from '@lateen/base';
import type { KeySetLocation } from '@lateen/translator';
import type { PilotMetrics } from '../metrics/pilot-metrics.ts';
import type { FetchedKeySet } from './key-set.ts';
import { type KeySetFetch, shownUrl } from './key-set-fetch.ts';

/** Istio's PILOT_JWT_PUB_KEY_REFRESH_INTERVAL. */
const defaultRefreshMs: number = 20 * 60 * 1000;
/** After a failure, doubled each time. */
const firstRetryMs = 1_000;
/** Istio's interval after failures. */
const maxRetryMs = 60_000;
/** Sockets at once, however many issuers there are. */
const maxConcurrentFetches = 8;
/** Together up to half a gigabyte; a mesh has a few issuers. */
const maxKeySets = 500;
/** Refreshes are spread over this part of the interval. */
const refreshSpread = 0.1;
/** A forced refresh sooner than this after a try asks nobody: whoever forces it need not be trusted. */
const minRefreshMs = 1_000;
/** Changes that need new keys wait this long for them: policies must be in force within a second. */
export const maxHoldMs = 500;

export interface KeySetResolverOptions {
  readonly fetch: KeySetFetch;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1). */
  readonly jitter: () => number;
  readonly metrics: PilotMetrics;
  /** `keySets` is another map now. */
  readonly onChange: () => void;
  /** Default 20 minutes. */
  readonly refreshMs?: number;
}

/** How it goes with one key set. */
export interface KeySetStatus {
  /** Without user and query. */
  readonly url: string;
  readonly kind: KeySetLocation['kind'];
  /** Where the keys themselves are; '' before the first success. */
  readonly jwksUri: string;
  /** `kid` of each key, '' for one without. */
  readonly keyIds: readonly string[];
  /** RFC 3339; '' before the first success. */
  readonly lastFetched: string;
  /** Failures since the last success. */
  readonly failures: number;
  /** '' after a success. */
  readonly lastError: string;
}

interface Entry {
  location: KeySetLocation;
  found: FetchedKeySet | undefined;
  foundMs: number;
  triedMs: number;
  failures: number;
  lastError: string;
  /** Fires when no policy names it any more. */
  readonly gone: AbortController;
  /** The fetch under way, or waiting for its turn. */
  running: Promise<void> | undefined;
  cancel: () => void;
}

const drop = ({ cancel, gone }: Entry): void => {
  cancel();
  gone.abort();
};

/**
 * Keeps the key sets that policies name, each fetched once at a time and refreshed; the last good one
 * stays while its server fails. Sets that no policy names any more are forgotten.
 */
export class KeySetResolver {
  readonly #options: KeySetResolverOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  #keySets: ReadonlyMap<string, string> = new Map();

  constructor(options: KeySetResolverOptions) {
    this.#options = options;
  }

  /** By the location's URL; the same map until something changes. */
  get keySets(): ReadonlyMap<string, string> {
    return this.#keySets;
  }

  /**
   * Fetches these from now on and no others. Undefined: none is new; else resolves when each new one
   * has been tried, half a second later at most.
   */
  follow(locations: readonly KeySetLocation[]): Promise<void> | undefined {
    const followed = locations.slice(0, maxKeySets);
    if (followed.length < locations.length)
      this.#options.log.warn('too many key sets: the last are not fetched', { maxKeySets });
    const urls = new Set(followed.map(({ url }) => url));
    const gone = [...this.#entries].filter(([url]) => !urls.has(url));
    for (const [url, entry] of gone) {
      this.#entries.delete(url);
      drop(entry);
    }
    const tries = followed.flatMap((location) => this.#adopt(location) ?? []);
    // No policy asks for them: nobody has to hear of it.
    if (gone.some(([, { found }]) => found !== undefined)) this.#rebuild();
    return tries.length === 0 ? undefined : this.#withinHold(Promise.all(tries));
  }

  /** Fetches all now; resolves when that is done. Joins fetches under way, spares those just tried. */
  async refresh(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const chosen = [...this.#entries.values()].filter(
      ({ running, triedMs }) => running !== undefined || nowMs - triedMs >= minRefreshMs,
    );
    await Promise.all(chosen.map((entry) => this.#fetch(entry)));
  }

  status(): readonly KeySetStatus[] {
    return [...this.#entries.values()].map(
      ({ location, found, foundMs, failures, lastError }): KeySetStatus => ({
        url: shownUrl(location.url),
        kind: location.kind,
        jwksUri: found === undefined ? '' : shownUrl(found.url),
        keyIds: found?.keyIds ?? [],
        lastFetched: found === undefined ? '' : new Date(foundMs).toISOString(),
        failures,
        lastError,
      }),
    );
  }

  stop(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) drop(entry);
  }

  /** The first try of a new location. */
  #adopt(location: KeySetLocation): Promise<void> | undefined {
    const known = this.#entries.get(location.url);
    if (known !== undefined) {
      known.location = location;
      return undefined;
    }
    const entry: Entry = {
      location,
      found: undefined,
      foundMs: 0,
      triedMs: 0,
      failures: 0,
      lastError: '',
      gone: new AbortController(),
      running: undefined,
      cancel: () => undefined,
    };
    this.#entries.set(location.url, entry);
    return this.#fetch(entry);
  }

  #withinHold(done: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(maxHoldMs, resolve);
    void done.then(() => {
      cancel();
      resolve();
    });
    return promise;
  }

  #isFollowed(entry: Entry): boolean {
    return this.#entries.get(entry.location.url) === entry;
  }

  /** Never rejects. */
  #fetch(entry: Entry): Promise<void> {
    entry.cancel();
    entry.running ??= this.#run(entry).finally(() => {
      entry.running = undefined;
    });
    return entry.running;
  }

  async #run(entry: Entry): Promise<void> {
    const turn = this.#turn();
    if (turn !== undefined) await turn;
    try {
      if (this.#isFollowed(entry)) await this.#attempt(entry);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#active -= 1;
      else next();
    }
  }

  /** Waits for one of the places; whoever leaves hands his on. */
  #turn(): Promise<void> | undefined {
    if (this.#active < maxConcurrentFetches) {
      this.#active += 1;
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  async #attempt(entry: Entry): Promise<void> {
    const { fetch, clock, log, metrics } = this.#options;
    const url = shownUrl(entry.location.url);
    entry.triedMs = clock.nowMs();
    try {
      const found = await fetch(entry.location, entry.gone.signal);
      if (!this.#isFollowed(entry)) return;
      metrics.keySetFetches.add(1);
      const isNew = found.text !== entry.found?.text;
      Object.assign(entry, { found, foundMs: clock.nowMs(), failures: 0, lastError: '' });
      this.#later(entry, this.#refreshMs());
      if (!isNew) return;
      log.info('key set fetched', { url, keys: found.keyIds.join() });
      this.#rebuild();
      this.#options.onChange();
    } catch (error) {
      if (!this.#isFollowed(entry)) return;
      metrics.keySetFetchFailures.add(1);
      entry.failures += 1;
      entry.lastError = error instanceof Error ? error.message : String(error);
      const retryMs = this.#retryMs(entry.failures);
      log.warn('key set not fetched', { url, reason: entry.lastError, retryMs });
      this.#later(entry, retryMs);
    }
  }

  #refreshMs(): number {
    const { jitter, refreshMs = defaultRefreshMs } = this.#options;
    return Math.round(refreshMs * (1 - refreshSpread * jitter()));
  }

  #retryMs(failures: number): number {
    const delayMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (failures - 1));
    return Math.round(delayMs * (1 - this.#options.jitter() / 2));
  }

  #later(entry: Entry, delayMs: number): void {
    entry.cancel = this.#options.clock.schedule(delayMs, () => void this.#fetch(entry));
  }

  #rebuild(): void {
    const pairs = [...this.#entries].flatMap(([url, { found }]) =>
      found === undefined ? [] : [[url, found.text] as const],
    );
    this.#keySets = new Map(pairs);
  }
}
