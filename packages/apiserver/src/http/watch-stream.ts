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
  const { served, selection, query, render, name } = request;
  const prefix = storePrefix(served, request.namespace);
  const sees = (object: KubeObject): boolean =>
    (name === undefined || object.metadata.name === name) && selection.matches(object);
  const since = query.get('resourceVersion') ?? '';
  const fromNow = since === '' || since === '0';
  const backlog = fromNow ? [] : store.eventsSince(parseRevision(since));
  const send = (type: string, object: unknown): void => {
    if (response.writableLength > maxUnsentBytes) response.destroy();
    else response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const bookmark = (annotations?: Readonly<Record<string, string>>): void =>
    send('BOOKMARK', {
      kind: served.kind.kind,
      apiVersion: served.apiVersion,
      metadata: {
        resourceVersion: String(store.revision),
        creationTimestamp: null,
        ...(annotations && { annotations }),
      },
    });
  const deliver = (event: StoreEvent): void => {
    if (!event.key.startsWith(prefix)) return;
    const change = visibleChange(event, sees);
    if (change === undefined) return;
    const { apiVersion } = served;
    send(change.type, render({ ...change.object, apiVersion, kind: served.kind.kind }));
  };
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (fromNow || query.get('sendInitialEvents') === 'true') {
    for (const object of store.list(served.storePrefix, prefix).filter(sees))
      send('ADDED', render({ ...object, apiVersion: served.apiVersion, kind: served.kind.kind }));
    if (query.get('sendInitialEvents') === 'true')
      bookmark({ 'k8s.io/initial-events-end': 'true' });
  }
  for (const event of backlog) deliver(event);
  const unsubscribe = store.subscribe(deliver);
  let cancelBookmark: () => void = () => undefined;
  const keepMarking = (): void => {
    bookmark();
    cancelBookmark = clock.schedule(bookmarkPeriodMs, keepMarking);
  };
  if (query.get('allowWatchBookmarks') === 'true')
    cancelBookmark = clock.schedule(bookmarkPeriodMs, keepMarking);
  const timeoutMs = Number(query.get('timeoutSeconds') ?? 0) * 1000 || defaultTimeoutMs;
  const cancelEnd = clock.schedule(timeoutMs, () => response.end());
  response.on('close', () => {
    unsubscribe();
    cancelBookmark();
    cancelEnd();
  });
};

const parseRevision = (text: string): number => {
  const revision = Number(text);
  if (!Number.isSafeInteger(revision) || revision < 0)
    throw new ApiError('BadRequest', `resourceVersion: Invalid value: "${text}"`);
  return revision;
};
