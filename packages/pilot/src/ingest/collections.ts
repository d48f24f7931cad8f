import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { Informer, type InformerChange, isKubeError, type KubeClient } from '@lateen/kube';
import {
  type Fields,
  isRelevantChange,
  type WatchedKindName,
  watchedKinds,
} from './watched-kind.ts';

/** Selects a part of one collection. */
export interface Selection {
  readonly namespace: string;
  readonly fieldSelector: string;
}

export interface CollectionsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  readonly kinds: readonly WatchedKindName[];
  /** Parts of collections that are enough. */
  readonly selections?: Readonly<Partial<Record<WatchedKindName, Selection>>>;
  /** Called after each change that matters. */
  readonly onChange: (name: WatchedKindName, change: InformerChange<KubeObject>) => void;
  /** Called for every event, with the kind and what happened to it. */
  readonly onEvent: (kind: string, event: 'add' | 'update' | 'delete') => void;
}

/** How well one kind is followed. */
export interface CollectionStatus {
  readonly name: WatchedKindName;
  readonly kind: string;
  readonly objects: number;
  /** `away`: the API server cannot be reached, and the last known state is served. */
  readonly state: 'followed' | 'away' | 'not-installed';
  readonly lastError: string | undefined;
}

const stateOf = ({ connected, lastError }: Informer<KubeObject>): CollectionStatus['state'] => {
  if (connected) return 'followed';
  return isKubeError(lastError, 'not-found') ? 'not-installed' : 'away';
};

const eventOf = ({ before, after }: InformerChange<KubeObject>): 'add' | 'update' | 'delete' => {
  if (before === undefined) return 'add';
  return after === undefined ? 'delete' : 'update';
};

/** Follows collections of one API server. */
export class Collections {
  readonly #options: CollectionsOptions;
  readonly #informers: ReadonlyMap<WatchedKindName, Informer<KubeObject>>;
  /** Arrays keep their identity until something in them changes that matters. */
  readonly #lists = new Map<WatchedKindName, readonly KubeObject[]>();

  constructor(options: CollectionsOptions) {
    this.#options = options;
    const { client, clock, log, jitter, selections = {} } = options;
    this.#informers = new Map(
      options.kinds.map((name) => {
        const { resource } = watchedKinds[name];
        const common = { client, resource, clock, log, jitter };
        return [name, new Informer<KubeObject>({ ...common, ...selections[name] })];
      }),
    );
    for (const [name, informer] of this.#informers)
      informer.onChange((change) => this.#note(name, change));
  }

  /** Starts following until the signal fires. Resolves when everything has been read once. */
  async start(signal: AbortSignal): Promise<void> {
    for (const informer of this.#informers.values()) void informer.run(signal);
    const reads = [...this.#informers].map(([name, informer]) =>
      watchedKinds[name].isOptional
        ? Promise.race([informer.synced, this.#absence(name, signal)])
        : informer.synced,
    );
    await Promise.all(reads);
  }

  /** The cache of a kind, for parts that follow it themselves. */
  informer(name: WatchedKindName): Informer<KubeObject> {
    const found = this.#informers.get(name);
    if (found === undefined) throw new RangeError(`${name} is not watched`);
    return found;
  }

  list(name: WatchedKindName): readonly KubeObject[] {
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = this.#informers.get(name)?.list() ?? [];
      this.#lists.set(name, list);
    }
    return list;
  }

  status(): readonly CollectionStatus[] {
    return [...this.#informers].map(([name, informer]) => ({
      name,
      kind: watchedKinds[name].resource.kind,
      objects: informer.list().length,
      state: stateOf(informer),
      lastError: informer.lastError?.message,
    }));
  }

  #note(name: WatchedKindName, change: InformerChange<KubeObject>): void {
    const kind = watchedKinds[name];
    this.#options.onEvent(kind.resource.kind, eventOf(change));
    const before = change.before as Fields | undefined;
    const after = change.after as Fields | undefined;
    if (!isRelevantChange(kind, before, after)) return;
    this.#lists.delete(name);
    this.#options.onChange(name, change);
  }

  /** Resolves when the API server says it has no such kind; otherwise never. */
  async #absence(name: WatchedKindName, signal: AbortSignal): Promise<void> {
    const { resource } = watchedKinds[name];
    try {
      await this.#options.client.list(resource, { signal });
    } catch (error) {
      if (isKubeError(error, 'not-found')) {
        this.#options.log.warn('kind is not installed', { kind: resource.kind });
        return;
      }
    }
    await new Promise<never>(() => undefined);
  }
}
