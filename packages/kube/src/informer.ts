import { type KubeObject, objectKey } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { KubeClient, WatchEvent } from './kube-client.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import type { Resource } from './resource.ts';

/** Wait before the next list or watch after a failure: doubles from the first to the last value. */
const backoffFirstMs = 50;
const backoffLastMs = 5_000;

/** What changed. `before` is absent for additions, `after` for deletions. */
export interface InformerChange<T extends KubeObject> {
  readonly key: string;
  readonly before?: T;
  readonly after?: T;
}

/** What to follow, and how to wait between tries. */
export interface InformerOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Spreads retries of many informers; a number in [0, 1). */
  readonly jitter: () => number;
}

/** What readers of an informer need; unlike it, a cache of pods is also a cache of objects. */
export interface ObjectCache<T extends KubeObject> {
  get(name: string, namespace?: string): T | undefined;
  getByKey(key: string): T | undefined;
  list(): readonly T[];
  onChange(handler: (change: InformerChange<T>) => void): () => void;
}

type ChangeHandler<T extends KubeObject> = (change: InformerChange<T>) => void;

/**
 * A cache of one collection that follows the API server: list, then watch, relisting when the
 * history is gone. Handlers run synchronously after the cache shows the change, in order.
 */
export class Informer<T extends KubeObject> implements ObjectCache<T> {
  readonly #options: InformerOptions;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #objects = new Map<string, T>();
  readonly #synced = Promise.withResolvers<void>();
  #connected = false;
  #lastError: KubeError | undefined;

  constructor(options: InformerOptions) {
    this.#options = options;
    // A stop before the first list is a normal end, not an unhandled rejection.
    this.#synced.promise.catch(() => undefined);
  }

  /** Resolves after the first complete list; rejects when stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** False while the API server cannot be reached; the cache then holds the last state known. */
  get connected(): boolean {
    return this.#connected;
  }

  get lastError(): KubeError | undefined {
    return this.#lastError;
  }

  /** Adds a handler; it first hears of every object already known. Returns its removal. */
  onChange(handler: ChangeHandler<T>): () => void {
    for (const [key, after] of this.#objects) handler({ key, after });
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(namespace === undefined ? name : `${namespace}/${name}`);
  }

  /** By `namespace/name` key. */
  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Runs until the signal fires; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const resourceVersion = await this.#relist(signal);
        failures = 0;
        await this.#follow(resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#noteFailure(error);
        failures += 1;
        await this.#pause(failures, signal);
      }
    }
    this.#connected = false;
    this.#synced.reject(new KubeError('aborted', 'informer stopped before its first list'));
  }

  #noteFailure(error: unknown): void {
    this.#connected = false;
    this.#lastError =
      error instanceof KubeError
        ? error
        : new KubeError('bad-response', String(error), { cause: error });
    const { resource, log } = this.#options;
    log.warn('informer lost its watch', {
      resource: resource.plural,
      code: this.#lastError.code,
      reason: this.#lastError.message,
    });
  }

  async #relist(signal: AbortSignal): Promise<string> {
    const { client, resource } = this.#options;
    const { items, resourceVersion } = await client.list<T>(resource, {
      ...this.#selection(),
      signal,
    });
    const fresh = new Map(items.map((item) => [objectKey(item), item]));
    for (const key of [...this.#objects.keys()]) if (!fresh.has(key)) this.#remove(key);
    for (const [key, item] of fresh) this.#put(key, item);
    this.#connected = true;
    this.#lastError = undefined;
    this.#synced.resolve();
    return resourceVersion;
  }

  /** Watches, resuming where the last stream ended, until the history is gone. */
  async #follow(from: string, signal: AbortSignal): Promise<void> {
    const { client, resource } = this.#options;
    let resourceVersion = from;
    while (!signal.aborted) {
      try {
        const selection = this.#selection();
        const events = client.watch<T>(resource, { ...selection, resourceVersion, signal });
        for await (const event of events) {
          this.#connected = true;
          resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
          this.#apply(event);
        }
      } catch (error) {
        if (isKubeError(error, 'gone')) return;
        throw error;
      }
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') return;
    const key = objectKey(event.object);
    if (event.type === 'DELETED') this.#remove(key);
    else this.#put(key, event.object);
  }

  #put(key: string, after: T): void {
    const before = this.#objects.get(key);
    const version = after.metadata.resourceVersion;
    if (before !== undefined && before.metadata.resourceVersion === version) return;
    this.#objects.set(key, after);
    this.#notify(before === undefined ? { key, after } : { key, before, after });
  }

  #remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#notify({ key, before });
  }

  #notify(change: InformerChange<T>): void {
    for (const handler of this.#handlers) handler(change);
  }

  #selection(): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
  }

  #pause(failures: number, signal: AbortSignal): Promise<void> {
    const { clock, jitter } = this.#options;
    const ceiling = Math.min(backoffFirstMs * 2 ** (failures - 1), backoffLastMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(ceiling * (0.5 + jitter() / 2), resolve);
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', stop));
  }
}
