import type { KubeObject } from '@lateen/api';
import { type Clock, type Logger, silentLogger } from '@lateen/base';
import {
  apiVersionOf,
  Informer,
  type InformerChange,
  isKubeError,
  type KubeClient,
} from '@lateen/kube';
import { type WatchedKind, watchedKinds } from './watched-kinds.ts';

export interface MeshObjectsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
}

/** A change of one object, after the first complete read. */
export interface ObjectChange extends InformerChange<KubeObject> {
  readonly kind: WatchedKind;
}

/** Items of lists leave out what the list says itself. */
const complete = ({ resource }: WatchedKind, object: KubeObject): KubeObject =>
  object.kind === undefined || object.apiVersion === undefined
    ? { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }
    : object;

/** Everything of a cluster that the eyes look at, kept current. */
export class MeshObjects {
  readonly #informers: ReadonlyMap<string, Informer<KubeObject>>;
  readonly #options: MeshObjectsOptions;
  readonly #lists = new Map<string, readonly KubeObject[]>();
  readonly #handlers = new Set<(change: ObjectChange) => void>();
  #version = 0;
  #isSynced = false;

  constructor(options: MeshObjectsOptions) {
    this.#options = options;
    this.#informers = new Map(watchedKinds.map((kind) => [kind.resource.kind, this.#follow(kind)]));
  }

  /** Counts up with every change: what is computed from objects is good for one version. */
  get version(): number {
    return this.#version;
  }

  /** '' while the API server answers; else why it does not. */
  get problem(): string {
    const away = [...this.#informers].find(
      ([kind, informer]) =>
        !informer.connected && !(isOptional(kind) && isKubeError(informer.lastError, 'not-found')),
    );
    return away === undefined ? '' : (away[1].lastError?.message ?? 'not read yet');
  }

  /**
   * Follows until the signal fires; resolves when everything that exists, and may be read, has been read once.
   * Rejects with KubeError `aborted` when it is stopped before.
   */
  async start(signal: AbortSignal): Promise<void> {
    const reads = watchedKinds.map(async (kind) => {
      const informer = this.#informers.get(kind.resource.kind) as Informer<KubeObject>;
      void informer.run(signal);
      await Promise.race([informer.synced, this.#absence(kind, signal)]);
    });
    await Promise.all(reads);
    this.#isSynced = true;
  }

  /** Objects of a kind, in a list that stays the same while nothing changes. */
  list<T extends KubeObject>(kind: string): readonly T[] {
    const known = this.#lists.get(kind);
    if (known !== undefined) return known as readonly T[];
    const watched = watchedKinds.find(({ resource }) => resource.kind === kind);
    const objects = (this.#informers.get(kind)?.list() ?? []).map((object) =>
      watched === undefined ? object : complete(watched, object),
    );
    this.#lists.set(kind, objects);
    return objects as readonly KubeObject[] as readonly T[];
  }

  get<T extends KubeObject>(kind: string, name: string, namespace?: string): T | undefined {
    const watched = watchedKinds.find(({ resource }) => resource.kind === kind);
    const found = this.#informers.get(kind)?.get(name, namespace);
    return found && watched ? (complete(watched, found) as T) : undefined;
  }

  /** Everything there is, all kinds. */
  all(): readonly KubeObject[] {
    return watchedKinds.flatMap(({ resource }) => this.list(resource.kind));
  }

  /** Whether a kind is served by the cluster at all. */
  isServed(kind: string): boolean {
    const informer = this.#informers.get(kind);
    return informer !== undefined && !isKubeError(informer.lastError, 'not-found');
  }

  /** Calls for each change after the first read. Returns its removal. */
  onChange(handler: (change: ObjectChange) => void): () => void {
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  #follow(kind: WatchedKind): Informer<KubeObject> {
    const { log, ...common } = this.#options;
    // A kind that is not installed would be said every few seconds.
    const informer = new Informer<KubeObject>({
      ...common,
      log: kind.isOptional ? silentLogger : log,
      resource: kind.resource,
    });
    informer.onChange((change) => {
      this.#version++;
      this.#lists.delete(kind.resource.kind);
      if (!this.#isSynced) return;
      const { before, after } = change;
      const completed = {
        key: change.key,
        ...(before && { before: complete(kind, before) }),
        ...(after && { after: complete(kind, after) }),
      };
      for (const handler of this.#handlers) handler({ ...completed, kind });
    });
    return informer;
  }

  /** Resolves when the API server says it has no such kind, or one may not read it; otherwise never. */
  async #absence({ resource }: WatchedKind, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.client.list(resource, { signal });
    } catch (error) {
      if (isKubeError(error, 'not-found') || isKubeError(error, 'forbidden')) return;
    }
    await new Promise<never>(() => undefined);
  }
}

const isOptional = (kind: string): boolean =>
  watchedKinds.some(({ resource, isOptional: optional }) => optional && resource.kind === kind);
