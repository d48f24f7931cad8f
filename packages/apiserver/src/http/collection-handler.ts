import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import { ApiError } from '../api-error.ts';
import type { ServedKind } from '../registry/kind-registry.ts';
import type { ObjectService } from '../registry/object-service.ts';
import { parseSelection } from '../registry/selection.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { renderTable } from '../table/table.ts';
import { sendJson } from './response.ts';
import { streamWatch } from './watch-stream.ts';

/** What reading needs. */
export interface ReadServices {
  readonly objects: ObjectService;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** A GET of a collection or of one object, of a kind that is served. */
export interface ReadRequest {
  readonly served: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Which rendering a client asked for with `includeObject`. */
const includeOf = (query: URLSearchParams): 'Metadata' | 'None' | 'Object' => {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
};

const wantsTable = (request: IncomingMessage): boolean =>
  /as=Table;v=v1;g=meta\.k8s\.io/.test(request.headers.accept ?? '');

const tableOf = (
  { served, query }: ReadRequest,
  objects: readonly KubeObject[],
  resourceVersion: string,
  nowMs: number,
): unknown =>
  renderTable({
    kind: served.kind,
    version: served.version.name,
    objects,
    resourceVersion,
    nowMs,
    includeObject: includeOf(query),
  });

/** An object, or its one-row Table. */
export const serveObject = (
  services: ReadServices,
  read: ReadRequest,
  object: KubeObject,
  code = 200,
): void => {
  const revision = object.metadata.resourceVersion ?? '';
  const body = wantsTable(read.request)
    ? tableOf(read, [object], revision, services.clock.nowMs())
    : object;
  sendJson(read.response, { code, body });
};

interface PageToken {
  readonly start: string;
}

const readToken = (text: string): PageToken => {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as PageToken;
    if (typeof token.start === 'string') return token;
  } catch {
    // Falls through: any text that is not one of our tokens.
  }
  throw new ApiError('BadRequest', 'continue key is not valid: list again from the start');
};

const positionOf = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

interface Page {
  readonly items: readonly KubeObject[];
  readonly next: string | undefined;
  readonly remaining: number;
}

/** `limit` and `continue`: pages in key order; later pages show the state of their own time. */
const pageOf = (all: readonly KubeObject[], query: URLSearchParams): Page => {
  const token = query.get('continue');
  const start = token === null || token === '' ? undefined : readToken(token).start;
  const rest = start === undefined ? all : all.filter((object) => positionOf(object) > start);
  const limit = Number(query.get('limit') ?? 0);
  if (!(limit > 0) || rest.length <= limit) return { items: rest, next: undefined, remaining: 0 };
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const position = last === undefined ? '' : positionOf(last);
  const next = Buffer.from(JSON.stringify({ start: position })).toString('base64url');
  return { items, next, remaining: rest.length - items.length };
};

/** Lists, or watches with `watch=true`; `name` narrows a watch to one object. */
export const serveCollection = (services: ReadServices, read: ReadRequest): void => {
  const { served, namespace, query, response, request } = read;
  const selection = parseSelection(query);
  const watch = query.get('watch');
  if (watch === 'true' || watch === '1') {
    const render = (object: KubeObject): unknown =>
      wantsTable(request)
        ? tableOf(read, [object], object.metadata.resourceVersion ?? '', services.clock.nowMs())
        : object;
    const { store, clock } = services;
    const watching = { served, namespace, name: read.name, selection, query, render };
    streamWatch(store, clock, watching, response);
    return;
  }
  const all = services.objects.list(served, namespace).filter((one) => selection.matches(one));
  const { items, next, remaining } = pageOf(all, query);
  const resourceVersion = String(services.store.revision);
  const paging = next === undefined ? {} : { continue: next, remainingItemCount: remaining };
  if (wantsTable(request)) {
    const table = tableOf(read, items, resourceVersion, services.clock.nowMs()) as {
      metadata?: object;
    };
    const body = { ...table, metadata: { ...table.metadata, resourceVersion, ...paging } };
    sendJson(response, { code: 200, body });
    return;
  }
  const body = {
    kind: `${served.kind.kind}List`,
    apiVersion: served.apiVersion,
    metadata: { resourceVersion, ...paging },
    items,
  };
  sendJson(response, { code: 200, body });
};
