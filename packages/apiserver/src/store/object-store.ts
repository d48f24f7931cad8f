import type { KubeObject } from '@lateen/api';
import { ApiError } from '../api-error.ts';
import { Journal, type JournalEntry } from './journal.ts';

/** Events kept for watches that resume; an older resourceVersion gets 410 and relists. */
const historyLimit = 20_000;

/** A committed change. `before` is absent for creations, `after` for deletions. */
export interface StoreEvent {
  readonly revision: number;
  readonly key: string;
  readonly before?: KubeObject;
  /** For deletions: the last state, stamped with the revision of the deletion. */
  readonly after?: KubeObject;
}

/** Told of each change after it is durable, in order. */
export type StoreListener = (event: StoreEvent) => void;

interface PendingWrite {
  readonly entry: JournalEntry;
  readonly object: KubeObject | undefined;
  readonly resolve: (object: KubeObject) => void;
  readonly reject: (error: unknown) => void;
}

/** Thrown when the object is not in the state the caller saw. */
export class RevisionMismatch extends Error {
  constructor() {
    super('the object has changed');
    this.name = 'RevisionMismatch';
  }
}

const withRevision = (object: KubeObject, revision: number): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(revision) },
});

/**
 * All objects, in memory for reads and in the journal for durability. Keys are paths; one revision
 * counts every change. Writes of one turn of the event loop are one transaction; readers and
 * watchers see a write only once it is durable, and its promise resolves then.
 */
export class ObjectStore {
  readonly #journal: Journal;
  readonly #objects = new Map<string, KubeObject>();
  /** Keys below each collection prefix (`/group/plural/`), so that a list reads its own only. */
  readonly #collections = new Map<string, Set<string>>();
  readonly #listeners = new Set<StoreListener>();
  #history: StoreEvent[] = [];
  #pending: PendingWrite[] = [];
  readonly #pendingByKey = new Map<string, KubeObject | undefined>();
  #nextRevision: number;
  #oldestRevision: number;
  #committedRevision: number;

  constructor(path: string) {
    this.#journal = new Journal(path);
    this.#committedRevision = this.#journal.revision();
    this.#nextRevision = this.#committedRevision + 1;
    this.#oldestRevision = this.#committedRevision;
    for (const { key, revision, value } of this.#journal.rows())
      this.#set(key, withRevision(JSON.parse(value) as KubeObject, revision));
  }

  /** The newest durable revision. */
  get revision(): number {
    return this.#committedRevision;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** Objects of a collection in key order; `prefix` may narrow to a namespace. */
  list(collection: string, prefix: string = collection): readonly KubeObject[] {
    const keys = [...(this.#collections.get(collection) ?? [])];
    const chosen = prefix === collection ? keys : keys.filter((key) => key.startsWith(prefix));
    return chosen.sort().flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Every object there is; for controllers of whole namespaces. */
  all(): IterableIterator<[string, KubeObject]> {
    return this.#objects.entries();
  }

  /**
   * Creates or replaces. `expected` is the object the caller based its change on (undefined: none).
   * Rejects with `RevisionMismatch` when it is not the newest any more.
   */
  put(key: string, object: KubeObject, expected: KubeObject | undefined): Promise<KubeObject> {
    return this.#write(key, object, expected);
  }

  /** Removes; resolves with the last state. */
  remove(key: string, expected: KubeObject): Promise<KubeObject> {
    return this.#write(key, undefined, expected);
  }

  #newest(key: string): KubeObject | undefined {
    return this.#pendingByKey.has(key) ? this.#pendingByKey.get(key) : this.#objects.get(key);
  }

  #write(
    key: string,
    object: KubeObject | undefined,
    expected: KubeObject | undefined,
  ): Promise<KubeObject> {
    const newest = this.#newest(key);
    if (newest?.metadata.resourceVersion !== expected?.metadata.resourceVersion)
      return Promise.reject(new RevisionMismatch());
    const revision = this.#nextRevision++;
    const stamped = object === undefined ? undefined : withRevision(object, revision);
    const value = stamped === undefined ? undefined : JSON.stringify(stamped);
    const { promise, resolve, reject } = Promise.withResolvers<KubeObject>();
    if (this.#pending.length === 0) setImmediate(() => this.#flush());
    this.#pending.push({ entry: { revision, key, value }, object: stamped, resolve, reject });
    this.#pendingByKey.set(key, stamped);
    return promise;
  }

  #flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingByKey.clear();
    try {
      this.#journal.write(batch.map(({ entry }) => entry));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failure = new ApiError('InternalError', `the store cannot write: ${reason}`);
      for (const { reject } of batch) reject(failure);
      return;
    }
    for (const write of batch) this.#commit(write);
  }

  #commit({ entry: { key, revision }, object, resolve }: PendingWrite): void {
    const before = this.#objects.get(key);
    this.#set(key, object);
    this.#committedRevision = revision;
    const event = {
      revision,
      key,
      ...(before !== undefined && { before }),
      ...(object !== undefined && { after: object }),
    };
    this.#remember(event);
    for (const listener of this.#listeners) listener(event);
    resolve(object ?? withRevision(before as KubeObject, revision));
  }

  #remember(event: StoreEvent): void {
    this.#history.push(event);
    if (this.#history.length < historyLimit * 2) return;
    this.#history = this.#history.slice(-historyLimit);
    this.#oldestRevision = (this.#history[0]?.revision ?? event.revision) - 1;
  }

  #set(key: string, object: KubeObject | undefined): void {
    const collection = collectionOf(key);
    const keys = this.#collections.get(collection) ?? new Set();
    if (object === undefined) {
      this.#objects.delete(key);
      keys.delete(key);
    } else {
      this.#objects.set(key, object);
      keys.add(key);
    }
    this.#collections.set(collection, keys);
  }

  /** Objects of each collection (`/group/plural/`). */
  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#collections].map(([collection, keys]) => [collection, keys.size]));
  }

  /** Events after a revision; ApiError Expired when they are no longer all known. */
  eventsSince(revision: number): readonly StoreEvent[] {
    if (revision < this.#oldestRevision)
      throw new ApiError(
        'Expired',
        `too old resource version: ${revision} (${this.#oldestRevision})`,
      );
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#history[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Calls back for every change from now on; returns the end of it. */
  subscribe(listener: StoreListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Writes what is pending and closes the file. */
  close(): void {
    if (this.#pending.length > 0) this.#flush();
    this.#journal.close();
  }
}

/** `/group/plural/` of a key `/group/plural/namespace/name`. */
const collectionOf = (key: string): string => {
  const end = key.indexOf('/', key.indexOf('/', 1) + 1);
  return key.slice(0, end + 1);
};
