import type { Clock } from '@lateen/base';
import type { SeriesStore } from '../metrics/series-store.ts';
import { type ToldRounds, toldSeries } from '../metrics/told-rounds.ts';
import { TelemetryError } from '../telemetry-error.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';

/** What a cluster tells at most of the past, when all of it is too much. */
const shortPastMs = 60_000;
/** Several pages that look at once look at the same. */
const quietMs = 1_000;

/**
 * Brings what other clusters measured of calls into the store, when somebody looks: what happened since the last time, in
 * each one's own rounds, so that nothing is counted twice or lost.
 */
export class PeerRounds {
  readonly #peers: Peers;
  readonly #store: SeriesStore;
  readonly #clock: Clock;
  /** End of the newest round known, by cluster. */
  readonly #known = new Map<string, number>();
  #running: Promise<void> | undefined;
  #ranMs = Number.NEGATIVE_INFINITY;

  constructor(peers: Peers, store: SeriesStore, clock: Clock) {
    this.#peers = peers;
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves when what answers has answered. Never rejects. */
  refresh(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    // Without rounds of its own there is nowhere to put them.
    const isEarly = this.#store.rounds.newest < 1;
    if (isEarly || this.#clock.nowMs() - this.#ranMs < quietMs) return Promise.resolve();
    this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    // One that speaks otherwise, of another version, is passed over.
    await Promise.allSettled(this.#peers.all().map((peer) => this.#follow(peer)));
    this.#ranMs = this.#clock.nowMs();
    this.#running = undefined;
  }

  async #follow(peer: Peer): Promise<void> {
    const { cluster } = peer.address;
    const { rounds } = this.#store;
    const sinceMs = Math.max(this.#known.get(cluster) ?? 0, rounds.oldestMs);
    try {
      const told = (await peer.ask(`/rounds?since=${Math.floor(sinceMs)}`)) as
        | ToldRounds
        | undefined;
      if (told === undefined) return;
      const target = { id: `cluster ${cluster}`, namespace: '', pod: '', cluster };
      for (const series of toldSeries(told)) this.#store.add(target, series);
      this.#known.set(cluster, Math.max(told.toMs, sinceMs));
    } catch (error) {
      if (!(error instanceof TelemetryError)) throw error;
      this.#known.set(cluster, Math.max(sinceMs + 1, this.#clock.nowMs() - shortPastMs));
    }
  }
}
