import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { InformerChange, KubeClient } from '@lateen/kube';
import type { RemoteCluster } from '@lateen/translator';
import { Collections } from './collections.ts';
import { type ConfigChange, objectChange, wholeChange } from './config-change.ts';
import type { WatchedKindName } from './watched-kind.ts';

/** What is read of other clusters: services and the workloads behind them. Their rules stay theirs. */
const remoteKinds = ['services', 'endpointSlices', 'pods', 'namespaces', 'nodes'] as const;

export interface RemoteRegistryOptions {
  readonly clusterId: string;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Called after each change that matters, once everything has been read. */
  readonly onChange: (change: ConfigChange) => void;
}

/** Follows the API server of another cluster of the mesh. */
export class RemoteRegistry {
  readonly #options: RemoteRegistryOptions;
  readonly #collections: Collections;
  readonly #stop = new AbortController();
  #cluster: RemoteCluster | undefined;
  #isSynced = false;

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
      return;
    }
    this.#isSynced = true;
    this.#options.onChange(wholeChange('Secret'));
  }

  stop(): void {
    this.#stop.abort();
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why it is not followed now, if it is not. */
  get problem(): string | undefined {
    return this.#collections.status().find(({ state }) => state !== 'followed')?.lastError;
  }

  /** The same object until something changes; undefined before the first complete read. */
  get cluster(): RemoteCluster | undefined {
    if (!this.#isSynced) return undefined;
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

  #note(name: WatchedKindName, change: InformerChange<KubeObject>): void {
    this.#cluster = undefined;
    if (this.#isSynced) this.#options.onChange(objectChange(name, change));
  }
}
