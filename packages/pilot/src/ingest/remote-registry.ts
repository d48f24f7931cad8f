import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { type Informer, type InformerChange, type KubeClient, resources } from '@lateen/kube';
import type { RemoteCluster } from '@lateen/translator';
import { identityNamespace } from './cluster-conflicts.ts';
import { Collections } from './collections.ts';
import { type ConfigChange, objectChange, wholeChange } from './config-change.ts';
import type { WatchedKindName } from './watched-kind.ts';

/** What is read of other clusters: services and the workloads behind them. Their rules stay theirs. */
const remoteKinds = ['services', 'endpointSlices', 'pods', 'namespaces', 'nodes'] as const;

/**
 * A watch on a server that hangs looks like one with nothing to tell: a request now and then knows the
 * difference. Often enough for people who wonder, seldom enough for the server.
 */
const probeIntervalMs = 10_000;
const probeTimeoutMs = 5_000;

export interface RemoteRegistryOptions {
  readonly clusterId: string;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** What is known of the cluster before the first complete read: from a registry with other credentials. */
  readonly known?: RemoteCluster | undefined;
  /** Called after each change that matters, once everything has been read. */
  readonly onChange: (change: ConfigChange) => void;
}

/** Follows the API server of another cluster of the mesh. */
export class RemoteRegistry {
  readonly #options: RemoteRegistryOptions;
  readonly #collections: Collections;
  readonly #stop = new AbortController();
  #cluster: RemoteCluster | undefined;
  readonly #started = Promise.withResolvers<void>();
  #isSynced = false;
  #silence: string | undefined;
  #cancelProbe: () => void = () => undefined;

  constructor(options: RemoteRegistryOptions) {
    this.#options = options;
    const { client, clock, log, jitter } = options;
    this.#collections = new Collections({
      client,
      clock,
      log,
      jitter,
      kinds: remoteKinds,
      onChange: (name, change) => this.#note(name, change),
      onEvent: () => undefined,
    });
  }

  /** Never rejects: a server that cannot be reached is tried again and again. */
  async start(): Promise<void> {
    try {
      await this.#collections.start(this.#stop.signal);
    } catch {
      // Stopped before the first complete read.
      this.#started.resolve();
      return;
    }
    this.#isSynced = true;
    this.#cluster = undefined;
    this.#started.resolve();
    this.#options.onChange(wholeChange('Secret'));
    this.#probeLater();
  }

  stop(): void {
    this.#cancelProbe();
    this.#stop.abort();
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why it is not followed now, if it is not. */
  get problem(): string | undefined {
    const lost = this.#collections.status().find(({ state }) => state !== 'followed');
    return lost?.lastError ?? this.#silence;
  }

  /** Resolves when everything has been read, or the first try has failed; never rejects. */
  async tried(): Promise<void> {
    const { client } = this.#options;
    const failed = Promise.withResolvers<void>();
    client.list(resources.namespaces, { signal: this.#stop.signal }).catch(() => failed.resolve());
    await Promise.race([this.#started.promise, failed.promise]);
  }

  get client(): KubeClient {
    return this.#options.client;
  }

  /** Its namespaces as they are; empty before the first read. */
  get namespaces(): Informer<KubeObject> {
    return this.#collections.informer('namespaces');
  }

  /** The same object until something changes; undefined before anything is known. */
  get cluster(): RemoteCluster | undefined {
    if (!this.#isSynced) return this.#options.known;
    this.#cluster ??= {
      clusterId: this.#options.clusterId,
      services: this.#collections.list('services'),
      endpointSlices: this.#collections.list('endpointSlices'),
      pods: this.#collections.list('pods'),
      namespaces: this.#collections.list('namespaces'),
      nodes: this.#collections.list('nodes'),
    };
    return this.#cluster;
  }

  #probeLater(): void {
    if (this.#stop.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelProbe = clock.schedule(probeIntervalMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const { client, clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.schedule(probeTimeoutMs, () => late.abort());
    try {
      await client.list(resources.namespaces, {
        fieldSelector: `metadata.name=${identityNamespace}`,
        signal: AbortSignal.any([late.signal, this.#stop.signal]),
      });
      this.#hear(undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isLate = late.signal.aborted;
      this.#hear(isLate ? `no answer within ${probeTimeoutMs / 1_000} s` : reason);
    }
    cancel();
    this.#probeLater();
  }

  #hear(silence: string | undefined): void {
    const { log, clusterId } = this.#options;
    const before = this.#silence;
    this.#silence = silence;
    if (this.#stop.signal.aborted || (before === undefined) === (silence === undefined)) return;
    if (silence === undefined) log.info('remote cluster answers again', { cluster: clusterId });
    else log.warn('remote cluster does not answer', { cluster: clusterId, reason: silence });
  }

  #note(name: WatchedKindName, change: InformerChange<KubeObject>): void {
    this.#cluster = undefined;
    if (this.#isSynced) this.#options.onChange(objectChange(name, change));
  }
}
