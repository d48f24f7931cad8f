import type { Logger } from '@lateen/base';
import {
  type ClientProtocol,
  type ClientState,
  type ClientUpdate,
  openClientState,
  type Rejection,
  shortTypeName,
  typeUrls,
} from '@lateen/xds';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { Configuration } from '../config/configuration.ts';
import { type UpdateStats, updateStats } from '../config/manager-stats.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { AdsStream } from './ads-channel.ts';

/** Names of dependent resources that are wanted now. */
const wantedNames = (configuration: Configuration, typeUrl: string): ReadonlySet<string> => {
  if (typeUrl === typeUrls.endpoint) return configuration.clusters.endpointNames;
  // Those that come by ADS: other servers have streams of their own.
  if (typeUrl === typeUrls.secret) return configuration.secretNames('');
  return configuration.routeNames;
};

/** Types whose names follow from clusters and listeners. */
const dependentTypes = [typeUrls.endpoint, typeUrls.route, typeUrls.secret] as const;

/** Types that refer to clusters. */
const referrerTypes: ReadonlySet<string> = new Set([typeUrls.listener, typeUrls.route]);

/**
 * One variant of xDS over its streams: applies what comes, answers ACK or NACK, and asks for what
 * the applied resources refer to. Survives reconnections with all it has.
 */
export class AdsSession<Request, Response extends { readonly typeUrl: string }> {
  readonly #protocol: ClientProtocol<Request, Response>;
  readonly #configuration: Configuration;
  readonly #log: Logger;
  #state: ClientState;
  #stream: AdsStream<Request, Response> | undefined = undefined;
  /** Responses are applied one after the other, in two lanes: see `#enqueue`. */
  #work: Promise<void> = Promise.resolve();
  #referrerWork: Promise<void> = Promise.resolve();
  /** Types that have been answered at least once. */
  readonly #seen = new Set<string>();
  readonly #roots: readonly string[];
  readonly #updates = new Map<string, UpdateStats>();

  constructor(
    protocol: ClientProtocol<Request, Response>,
    parts: {
      readonly configuration: Configuration;
      readonly log: Logger;
      readonly stats: StatsRegistry;
      readonly node: Node;
      /** Types asked for by wildcard. */
      readonly roots: readonly string[];
    },
  ) {
    this.#protocol = protocol;
    this.#configuration = parts.configuration;
    this.#log = parts.log;
    this.#roots = parts.roots;
    for (const typeUrl of parts.roots) {
      const updates = updateStats(parts.stats, typeUrl);
      if (updates !== undefined) this.#updates.set(typeUrl, updates);
    }
    this.#state = openClientState(parts.node);
    for (const typeUrl of parts.roots) {
      this.#state = protocol.subscribe(this.#state, typeUrl, ['*']).state;
    }
  }

  /** Every root type has come, and nothing waits for what it refers to. */
  get isReady(): boolean {
    if (!this.#roots.every((typeUrl) => this.#seen.has(typeUrl))) return false;
    const { clusters, waitingListeners } = this.#configuration;
    return clusters.warmingNames.length === 0 && waitingListeners.length === 0;
  }

  /** Begins on a new stream. */
  attach(stream: AdsStream<Request, Response>, onFirstResponse: () => void): void {
    this.#stream = stream;
    stream.onResponse((response) => {
      onFirstResponse();
      this.#enqueue(stream, response);
    });
    const step = this.#protocol.reconnect(this.#state);
    this.#state = step.state;
    this.#send(stream, step.requests);
  }

  /**
   * Listeners and routes that came after clusters wait until those can serve, so that no request
   * meets a route to a cluster that is still warming up. What the clusters wait for (endpoints)
   * must pass meanwhile: hence two lanes.
   */
  #enqueue(stream: AdsStream<Request, Response>, response: Response): void {
    const before = this.#work;
    if (!referrerTypes.has(response.typeUrl)) {
      this.#work = before.then(() => this.#handle(stream, response));
      return;
    }
    this.#referrerWork = Promise.all([before, this.#referrerWork]).then(async () => {
      const { clusters } = this.#configuration;
      await clusters.whenWarm(clusters.warmingNames);
      await this.#handle(stream, response);
    });
  }

  detach(): void {
    this.#stream = undefined;
  }

  #send(stream: AdsStream<Request, Response>, requests: readonly Request[]): void {
    if (this.#stream !== stream) return;
    for (const request of requests) stream.send(request);
  }

  async #handle(stream: AdsStream<Request, Response>, response: Response): Promise<void> {
    // What a stream that is gone still delivered is repeated by the next one.
    if (this.#stream !== stream) return;
    let received: { readonly state: ClientState; readonly update: ClientUpdate };
    try {
      received = this.#protocol.receive(this.#state, response);
    } catch (error) {
      this.#log.error('response cannot be read', { type: response.typeUrl, error: String(error) });
      stream.cancel();
      return;
    }
    this.#state = received.state;
    const { update } = received;
    const rejection = await this.#apply(update);
    this.#seen.add(update.typeUrl);
    this.#followReferences(stream);
    if (update.typeUrl !== typeUrls.cluster) {
      this.#settle(stream, update, rejection);
      return;
    }
    // Clusters count as applied when they can serve: routes to them come after that. Endpoints,
    // which they wait for, are handled meanwhile.
    const names = update.changed.map(({ name }) => name);
    void this.#configuration.clusters.whenWarm(names).then(() => {
      if (this.#stream === stream) this.#settle(stream, update, rejection);
    });
  }

  #settle(
    stream: AdsStream<Request, Response>,
    update: ClientUpdate,
    rejection: Rejection | undefined,
  ): void {
    const step = this.#protocol.settle(this.#state, update, rejection);
    this.#state = step.state;
    this.#send(stream, step.requests);
  }

  async #apply(update: ClientUpdate): Promise<Rejection | undefined> {
    const { typeUrl } = update;
    const refused: { readonly name: string; readonly reason: string }[] = [];
    for (const { name, version, any } of update.changed) {
      const resource = { typeUrl, name, version, bytes: any.value };
      const reason = await this.#configuration.apply(resource);
      if (reason !== undefined) refused.push({ name, reason });
    }
    for (const name of update.removed) this.#configuration.remove(typeUrl, name);
    this.#log.debug('configuration applied', {
      type: shortTypeName(typeUrl),
      changed: update.changed.length,
      removed: update.removed.length,
      refused: refused.length,
    });
    this.#count(typeUrl, refused.length === 0);
    if (refused.length === 0) return undefined;
    return {
      error: refused.map(({ name, reason }) => `${name}: ${reason}`).join('\n'),
      names: refused.map(({ name }) => name),
    };
  }

  #count(typeUrl: string, isTaken: boolean): void {
    const stats = this.#updates.get(typeUrl);
    if (stats === undefined) return;
    stats.attempt.value++;
    (isTaken ? stats.success : stats.rejected).value++;
    if (isTaken) stats.updatedAt(Date.now());
  }

  /** Subscribes to what clusters and listeners refer to, and lets go of the rest. */
  #followReferences(stream: AdsStream<Request, Response>): void {
    for (const typeUrl of dependentTypes) {
      const wanted = wantedNames(this.#configuration, typeUrl);
      const have = this.#state.subscriptions.get(typeUrl)?.names ?? new Set<string>();
      const added = [...wanted].filter((name) => !have.has(name));
      const dropped = [...have].filter((name) => !wanted.has(name));
      if (added.length > 0) {
        const step = this.#protocol.subscribe(this.#state, typeUrl, added);
        this.#state = step.state;
        this.#send(stream, step.requests);
      }
      if (dropped.length > 0) {
        const step = this.#protocol.unsubscribe(this.#state, typeUrl, dropped);
        this.#state = step.state;
        this.#send(stream, step.requests);
        for (const name of dropped) this.#configuration.dropUnused(typeUrl, name);
      }
    }
  }
}
