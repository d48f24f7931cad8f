import type { KubeObject } from '@lateen/api';
import type { Resource } from './resource.ts';

/** A watch event; `BOOKMARK` carries only a resourceVersion. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** Which objects of a collection; all fields absent: every one. */
export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

/** A collection as of `resourceVersion`, from which a watch goes on without loss. */
export interface ListResult<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Which changes, from which state on. */
export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
}

/** One object of a collection; without a namespace it is of the whole cluster. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/**
 * JSON patch (RFC 6902), JSON merge patch (RFC 7386), Kubernetes' strategic merge patch, or
 * server-side apply, which creates what is not there and takes fields over from other managers.
 */
export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

/** A change of one object, as its `kind` reads the body. */
export interface PatchRequest extends ObjectRef {
  readonly kind: PatchKind;
  readonly body: unknown;
  /** For instance `status` or `scale`. */
  readonly subresource?: string;
  /** Who applies; for `apply` only. Default `lateen`. */
  readonly fieldManager?: string;
}

/** One object to delete, if it still has the `uid`, and what becomes of those it owns. */
export interface DeleteOptions extends ObjectRef {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
}

/**
 * What controllers and the control plane need of an API server.
 * Every call rejects with `KubeError`; `not-found`, `conflict`, `already-exists` and `gone` are part
 * of normal life and told apart by `code`.
 */
export interface KubeClient {
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<ListResult<T>>;
  get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T>;
  /** The namespace is the object's own. */
  create<T extends KubeObject>(resource: Resource, object: T): Promise<T>;
  /** Rejects with `conflict` when `metadata.resourceVersion` is set and no longer current. */
  update<T extends KubeObject>(resource: Resource, object: T, subresource?: 'status'): Promise<T>;
  patch<T extends KubeObject>(resource: Resource, request: PatchRequest): Promise<T>;
  delete(resource: Resource, options: DeleteOptions): Promise<void>;
  /** Ends when the server closes the stream or the signal fires; rejects with `gone` on 410. */
  watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
}
