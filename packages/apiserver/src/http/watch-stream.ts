import type { ServerResponse } from 'node:http';
import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import { ApiError } from '../api-error.ts';
import type { ServedKind } from '../registry/kind-registry.ts';
import { storePrefix } from '../registry/object-key.ts';
import type { Selection } from '../registry/selection.ts';
import type { ObjectStore, StoreEvent } from '../store/object-store.ts';

/** A client that reads slower than it is written to is cut off; it resumes or relists. */
const maxUnsentBytes: number = 16 * 1024 * 1024;
/** Time between bookmarks on a quiet watch. */
const bookmarkPeriodMs = 60_000;
/** A watch that names no end is ended here; clients resume without loss. */
const defaultTimeoutMs: number = 30 * 60_000;

/** How one object is shown in an event: plain, or as a one-row Table. */
export type RenderObject = (object: KubeObject) => unknown;

/** What a client watches, and how it is to be told. */
export interface WatchRequest {
  readonly served: ServedKind;
  readonly namespace: string | undefined;
  /** Only this object. */
  readonly name: string | undefined;
  readonly selection: Selection;
  readonly query: URLSearchParams;
  readonly render: RenderObject;
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What a change of the store is to a watcher that sees only a part of it. */
const visibleChange = (
  event: StoreEvent,
  sees: (object: KubeObject) => boolean,
): Change | undefined => {
  const before = event.before !== undefined && sees(event.before) ? event.before : undefined;
  const after = event.after !== undefined && sees(event.after) ? event.after : undefined;
  if (after !== undefined)
    return { type: before === undefined ? 'ADDED' : 'MODIFIED', object: after };
  if (before === undefined) return undefined;
  const last = event.after ?? before;
  const metadata = { ...last.metadata, resourceVersion: String(event.revision) };
  return { type: 'DELETED', object: { ...last, metadata } };
};

/** Streams a collection's changes as JSON lines until the client, the time-out or a slow reader ends it. */
export const streamWatch = (
  store: ObjectStore,
  clock: Clock,
  request: WatchRequest,
  response: ServerResponse,
): void => {
  const { query } = request;
  const since = query.get('resourceVersion') ?? '';
  const fromNow = since === '' || since === '0';
  const backlog = fromNow ? [] : store.eventsSince(parseRevision(since));
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const watch = new Watch(store, request, response);
  const wantsInitial = query.get('sendInitialEvents') === 'true';
  if (fromNow || wantsInitial) watch.sendState();
  if (wantsInitial) watch.sendBookmark({ 'k8s.io/initial-events-end': 'true' });
  for (const event of backlog) watch.deliver(event);
  const ends = [store.subscribe((event) => watch.deliver(event))];
  if (query.get('allowWatchBookmarks') === 'true')
    ends.push(repeat(clock, bookmarkPeriodMs, () => watch.sendBookmark()));
  const timeoutMs = Number(query.get('timeoutSeconds') ?? 0) * 1000 || defaultTimeoutMs;
  ends.push(clock.schedule(timeoutMs, () => response.end()));
  response.on('close', () => {
    for (const end of ends) end();
  });
};

/** Calls `run` every period; returns the end of it. */
const repeat = (clock: Clock, periodMs: number, run: () => void): (() => void) => {
  let cancel = (): void => undefined;
  const again = (): void => {
    run();
    cancel = clock.schedule(periodMs, again);
  };
  cancel = clock.schedule(periodMs, again);
  return () => cancel();
};

/** One client's view of a collection. */
class Watch {
  readonly #store: ObjectStore;
  readonly #request: WatchRequest;
  readonly #response: ServerResponse;
  readonly #prefix: string;

  constructor(store: ObjectStore, request: WatchRequest, response: ServerResponse) {
    this.#store = store;
    this.#request = request;
    this.#response = response;
    this.#prefix = storePrefix(request.served, request.namespace);
  }

  #sees(object: KubeObject): boolean {
    const { name, selection } = this.#request;
    return (name === undefined || object.metadata.name === name) && selection.matches(object);
  }

  #send(type: string, object: unknown): void {
    if (this.#response.writableLength > maxUnsentBytes) this.#response.destroy();
    else this.#response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #sendObject(type: string, object: KubeObject): void {
    const { served, render } = this.#request;
    this.#send(type, render({ ...object, apiVersion: served.apiVersion, kind: served.kind.kind }));
  }

  /** Everything there is, as additions. */
  sendState(): void {
    const { served } = this.#request;
    for (const object of this.#store.list(served.storePrefix, this.#prefix))
      if (this.#sees(object)) this.#sendObject('ADDED', object);
  }

  sendBookmark(annotations?: Readonly<Record<string, string>>): void {
    const { served } = this.#request;
    const resourceVersion = String(this.#store.revision);
    this.#send('BOOKMARK', {
      kind: served.kind.kind,
      apiVersion: served.apiVersion,
      metadata: { resourceVersion, creationTimestamp: null, ...(annotations && { annotations }) },
    });
  }

  deliver(event: StoreEvent): void {
    if (!event.key.startsWith(this.#prefix)) return;
    const change = visibleChange(event, (object) => this.#sees(object));
    if (change !== undefined) this.#sendObject(change.type, change.object);
  }
}

const parseRevision = (text: string): number => {
  const revision = Number(text);
  if (!Number.isSafeInteger(revision) || revision < 0)
    throw new ApiError('BadRequest', `resourceVersion: Invalid value: "${text}"`);
  return revision;
};
