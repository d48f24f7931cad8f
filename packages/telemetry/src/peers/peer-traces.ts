import type { Clock } from '@lateen/base';
import { TelemetryError } from '../telemetry-error.ts';
import type { ReceivedSpan } from '../traces/received-span.ts';
import type { TraceStore } from '../traces/trace-store.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';

/** Spans of one answer; the newest, where there are more. A trace that is opened is asked for by itself. */
export const maxToldSpans = 5_000;
/** How often it is looked for others while somebody looks, and for how long after. */
const lookMs = 2_000;
const watchMs = 30_000;

/** Spans that were sent to a cluster. JSON. */
export interface ToldSpans {
  /** Another one: the eyes were started anew, and count from 1. */
  readonly epoch: number;
  readonly next: number;
  readonly spans: readonly ReceivedSpan[];
}

/** Tells the spans sent here after one, in the count of an epoch. */
export const tellSpans = (
  store: TraceStore,
  own: number,
  { epoch, after }: { readonly epoch: number; readonly after: number },
): ToldSpans => ({ epoch: own, ...store.since(epoch === own ? after : 0, maxToldSpans) });

/** Brings spans that were sent to other clusters into the store, while somebody looks at traces. */
export class PeerTraces {
  readonly #peers: Peers;
  readonly #store: TraceStore;
  readonly #clock: Clock;
  readonly #onNew: () => void;
  readonly #known = new Map<string, { readonly epoch: number; readonly next: number }>();
  #running: Promise<void> | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** `onNew`: others came while nobody asked. */
  constructor(
    peers: Peers,
    store: TraceStore,
    { clock, onNew }: { readonly clock: Clock; readonly onNew: () => void },
  ) {
    this.#peers = peers;
    this.#store = store;
    this.#clock = clock;
    this.#onNew = onNew;
  }

  /** For a list of traces. Resolves when what answers has answered; never rejects. */
  async refresh(): Promise<void> {
    this.#lookedMs = this.#clock.nowMs();
    await this.#pull();
    this.#watch();
  }

  /** All spans of one trace. */
  async refreshTrace(traceId: string): Promise<void> {
    const path = `/spans?traceId=${encodeURIComponent(traceId)}`;
    await Promise.allSettled(
      this.#peers.all().map(async (peer) => {
        for (const span of (await askSpans(peer, path))?.spans ?? []) this.#store.addTold(span);
      }),
    );
  }

  close(): void {
    this.#cancel?.();
    this.#lookedMs = Number.NEGATIVE_INFINITY;
  }

  #watch(): void {
    if (this.#cancel !== undefined || this.#peers.all().length === 0) return;
    this.#cancel = this.#clock.schedule(lookMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const before = this.#store.told;
    await this.#pull();
    this.#cancel = undefined;
    if (this.#store.told !== before) this.#onNew();
    if (this.#clock.nowMs() - this.#lookedMs < watchMs) this.#watch();
  }

  #pull(): Promise<void> {
    // One that speaks otherwise, of another version, is passed over.
    this.#running ??= Promise.allSettled(this.#peers.all().map((peer) => this.#follow(peer))).then(
      () => {
        this.#running = undefined;
      },
    );
    return this.#running;
  }

  async #follow(peer: Peer): Promise<void> {
    const { cluster } = peer.address;
    const { epoch = 0, next = 0 } = this.#known.get(cluster) ?? {};
    const told = await askSpans(peer, `/spans?epoch=${epoch}&after=${next}`);
    if (told === undefined) return;
    for (const span of told.spans) this.#store.addTold(span);
    this.#known.set(cluster, { epoch: told.epoch, next: told.next });
  }
}

const isSpan = ({ traceId, spanId, name, service, attributes, events }: ReceivedSpan): boolean =>
  [traceId, spanId, name, service].every((text) => typeof text === 'string') &&
  typeof attributes === 'object' &&
  Array.isArray(events);

const askSpans = async (peer: Peer, path: string): Promise<ToldSpans | undefined> => {
  try {
    const told = (await peer.ask(path)) as ToldSpans | undefined;
    // Another version may speak otherwise.
    return told && { ...told, spans: told.spans.filter(isSpan) };
  } catch (error) {
    // Longer than any answer may be: the next one begins later.
    if (error instanceof TelemetryError) return undefined;
    throw error;
  }
};
