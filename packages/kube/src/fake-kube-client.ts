import { type KubeObject, objectKey } from '@lateen/api';
import type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ListResult,
  ObjectRef,
  PatchRequest,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts';
import { KubeError } from './kube-error.ts';
import { apiVersionOf, type Resource } from './resource.ts';

type Listener = (event: WatchEvent) => void;

interface Collection {
  readonly objects: Map<string, KubeObject>;
  readonly history: { readonly version: number; readonly event: WatchEvent }[];
  readonly listeners: Set<Listener>;
  readonly wakers: Set<() => void>;
}

const keyOf = ({ name, namespace }: ObjectRef): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
};

const matchesEquality = (labels: Readonly<Record<string, string>>, selector: string): boolean =>
  selector.split(',').every((term) => {
    const [key = '', value] = term.split('=');
    return labels[key] === value;
  });

/**
 * An API server in memory for tests of code that takes a `KubeClient`: resourceVersions, conflicts,
 * watches with history, merge patches and equality label selectors; no schemas, no admission.
 */
export class FakeKubeClient implements KubeClient {
  readonly #collections = new Map<string, Collection>();
  #version = 0;
  #failure: KubeError | undefined;
  #failedCall = Promise.withResolvers<void>();

  /** When set, every call and every open watch fails with it: an API server that is away. */
  set failure(error: KubeError | undefined) {
    this.#failure = error;
    for (const { wakers } of this.#collections.values()) for (const wake of wakers) wake();
  }

  /** Resolves when a call or watch has failed a second time, so that its caller has seen the first. */
  async nextFailedCall(): Promise<void> {
    await this.#failedCall.promise;
    await this.#failedCall.promise;
  }

  #check(): void {
    if (this.#failure === undefined) return;
    this.#failedCall.resolve();
    this.#failedCall = Promise.withResolvers();
    throw this.#failure;
  }

  #collection(resource: Resource): Collection {
    const id = `${resource.group}/${resource.plural}`;
    let collection = this.#collections.get(id);
    if (collection === undefined) {
      collection = { objects: new Map(), history: [], listeners: new Set(), wakers: new Set() };
      this.#collections.set(id, collection);
    }
    return collection;
  }

  #write(collection: Collection, type: WatchEvent['type'], object: KubeObject): void {
    const event = { type, object };
    collection.history.push({ version: this.#version, event });
    for (const listener of [...collection.listeners]) listener(event);
  }

  #stamp<T extends KubeObject>(resource: Resource, object: T): T {
    this.#version += 1;
    const { uid = `uid-${this.#version}`, creationTimestamp } = object.metadata;
    return {
      ...object,
      apiVersion: object.apiVersion ?? apiVersionOf(resource),
      kind: object.kind ?? resource.kind,
      metadata: {
        ...object.metadata,
        uid,
        creationTimestamp: creationTimestamp ?? '2026-01-01T00:00:00Z',
        resourceVersion: String(this.#version),
      },
    };
  }

  #existing(resource: Resource, key: string): KubeObject {
    this.#check();
    const object = this.#collection(resource).objects.get(key);
    if (object === undefined)
      throw new KubeError('not-found', `${resource.plural} "${key}" not found`);
    return object;
  }

  async list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ListResult<T>> {
    this.#check();
    const items = [...this.#collection(resource).objects.values()].filter((object) =>
      this.#selected(object, options),
    );
    return { items: items as unknown as readonly T[], resourceVersion: String(this.#version) };
  }

  #selected(object: KubeObject, options: ListOptions): boolean {
    if (options.namespace !== undefined && object.metadata.namespace !== options.namespace)
      return false;
    return (
      options.labelSelector === undefined ||
      matchesEquality(object.metadata.labels ?? {}, options.labelSelector)
    );
  }

  async get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T> {
    return this.#existing(resource, keyOf(ref)) as T;
  }

  async create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    this.#check();
    const collection = this.#collection(resource);
    const { generateName } = object.metadata;
    const name = object.metadata.name ?? `${generateName ?? ''}${this.#version + 1}`;
    const stored = this.#stamp(resource, { ...object, metadata: { ...object.metadata, name } });
    const key = objectKey(stored);
    if (collection.objects.has(key))
      throw new KubeError('already-exists', `${resource.plural} "${key}" already exists`);
    collection.objects.set(key, stored);
    this.#write(collection, 'ADDED', stored);
    return stored;
  }

  async update<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const key = objectKey(object);
    const current = this.#existing(resource, key);
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion)
      throw new KubeError('conflict', `${resource.plural} "${key}" has been modified`);
    const merged = { ...object, metadata: { ...current.metadata, ...object.metadata } };
    const stored = this.#stamp(resource, merged);
    const collection = this.#collection(resource);
    collection.objects.set(key, stored);
    this.#write(collection, 'MODIFIED', stored);
    return stored;
  }

  async patch<T extends KubeObject>(resource: Resource, request: PatchRequest): Promise<T> {
    if (request.kind === 'json') throw new KubeError('invalid', 'JSON patch is not faked');
    const known = this.#collection(resource).objects.has(keyOf(request));
    if (request.kind === 'apply' && !known) return this.create(resource, request.body as T);
    const current = this.#existing(resource, keyOf(request));
    const patched = mergePatch(current, request.body) as T;
    const { resourceVersion: _, ...metadata } = patched.metadata;
    return this.update(resource, { ...patched, metadata });
  }

  async delete(resource: Resource, options: DeleteOptions): Promise<void> {
    const key = keyOf(options);
    const object = this.#existing(resource, key);
    const collection = this.#collection(resource);
    collection.objects.delete(key);
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#write(collection, 'DELETED', { ...object, metadata });
  }

  async *watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    this.#check();
    const collection = this.#collection(resource);
    const since = Number(options.resourceVersion);
    const pending = collection.history
      .filter((entry) => entry.version > since)
      .map((entry) => entry.event);
    let wake = Promise.withResolvers<void>();
    const listener: Listener = (event) => {
      pending.push(event);
      wake.resolve();
    };
    collection.listeners.add(listener);
    const stop = (): void => wake.resolve();
    collection.wakers.add(stop);
    options.signal?.addEventListener('abort', stop);
    try {
      while (options.signal?.aborted !== true) {
        for (let event = pending.shift(); event !== undefined; event = pending.shift())
          if (this.#selected(event.object, options)) yield event as WatchEvent<T>;
        this.#check();
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      collection.listeners.delete(listener);
      collection.wakers.delete(stop);
      options.signal?.removeEventListener('abort', stop);
    }
  }
}
