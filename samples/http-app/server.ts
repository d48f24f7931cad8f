import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';

/** A request whose path matched a route. */
export interface AppRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Decoded `:name` segments of the route; `*` holds what a trailing `/*` matched. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The request as Node received it, for its body and raw header names. */
  readonly raw: IncomingMessage;
}

/** What an app answers. A body that is an iterable is streamed; its length is then not announced. */
export interface AppReply {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** Answers one request; a rejection becomes a 500 and a line on the log. */
export type AppHandler = (request: AppRequest) => AppReply | Promise<AppReply>;

/** One row of an app's table, tried in order. */
export interface AppRoute {
  /** `GET` answers HEAD too; `*` is any method. */
  readonly method: string;
  /** Literal segments, `:name` for one segment; or a literal prefix and a last `*` for the rest. */
  readonly path: string;
  readonly handle: AppHandler;
}

/** An app: its routes and what is the same for all of them. */
export interface AppOptions {
  readonly routes: readonly AppRoute[];
  /** Answer when no route has the path. Default: 404 and plain text. */
  readonly notFound?: AppHandler;
  /** Takes access log lines (Combined Log Format, no line break). Default: no access log. */
  readonly log?: ((line: string) => void) | undefined;
}

interface Matched {
  readonly handle: AppHandler;
  readonly params: Record<string, string>;
}

const PLAIN_TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** A plain-text answer. */
export function textReply(status: number, body: string, headers?: OutgoingHttpHeaders): AppReply {
  return { status, headers: { ...PLAIN_TEXT, ...headers }, body };
}

/** A JSON answer. */
export function jsonReply(status: number, value: unknown, headers?: OutgoingHttpHeaders): AppReply {
  const body = JSON.stringify(value);
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** An HTML answer. */
export function htmlReply(status: number, body: string, headers?: OutgoingHttpHeaders): AppReply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body };
}

/**
 * Reads a request's body.
 * @returns undefined when it is longer than `maxBytes`; the rest is then left unread.
 */
export async function readBody(request: AppRequest, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Destroying the request on return would take the answer's connection with it.
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** An HTTP server, not yet listening, that answers by the table of `options`. */
export function createApp(options: AppOptions): Server {
  const server = createServer((raw, response) => {
    void answer(options, raw, response, () => !server.listening);
  });
  // A proxy in front keeps idle connections for an hour; closing them from here at Node's five
  // seconds would race with its next request.
  server.keepAliveTimeout = 0;
  return server;
}

async function answer(
  options: AppOptions,
  raw: IncomingMessage,
  response: ServerResponse,
  isClosing: () => boolean,
): Promise<void> {
  const peer = raw.socket.remoteAddress ?? '-';
  let bytes = 0;
  try {
    const reply = await dispatch(options, raw);
    // Tells the peer not to send its next request into a connection that is about to be closed.
    if (isClosing()) response.setHeader('connection', 'close');
    bytes = await send(reply, raw, response);
  } catch (error) {
    process.stderr.write(`${raw.method} ${raw.url}: ${describe(error)}\n`);
    if (response.headersSent) response.destroy();
    else bytes = await send(textReply(500, 'Internal Server Error\n'), raw, response);
  }
  options.log?.(`${peer} - - ${accessFields(raw, response.statusCode, bytes)}`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function dispatch(options: AppOptions, raw: IncomingMessage): AppReply | Promise<AppReply> {
  const [path, search] = splitTarget(raw.url ?? '/');
  const method = raw.method ?? 'GET';
  const request = {
    method,
    path,
    query: new URLSearchParams(search),
    params: {},
    headers: raw.headers,
    raw,
  };
  let found: Matched | 'other method' | undefined;
  try {
    found = findRoute(options.routes, method, path);
  } catch {
    return textReply(400, 'Bad Request: the path is not valid percent-encoding\n');
  }
  if (found === 'other method') return textReply(405, 'Method Not Allowed\n');
  if (found === undefined) return (options.notFound ?? notFound)(request);
  return found.handle({ ...request, params: found.params });
}

function notFound(): AppReply {
  return textReply(404, 'Not Found\n');
}

/** Splits a request target into path and query; RFC 9112 3.2.2 obliges servers to take absolute-form. */
function splitTarget(target: string): [path: string, search: string] {
  const local = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  return [path === '' ? '/' : path, mark < 0 ? '' : local.slice(mark + 1)];
}

function findRoute(
  routes: readonly AppRoute[],
  method: string,
  path: string,
): Matched | 'other method' | undefined {
  let pathFound = false;
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params === undefined) continue;
    pathFound = true;
    const takes = route.method === '*' || route.method === method;
    if (takes || (route.method === 'GET' && method === 'HEAD')) {
      return { handle: route.handle, params };
    }
  }
  return pathFound ? 'other method' : undefined;
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  if (pattern.endsWith('/*')) {
    const prefix = pattern.slice(0, -1);
    if (!path.startsWith(prefix)) return undefined;
    return { '*': decodeURIComponent(path.slice(prefix.length)) };
  }
  const want = pattern.split('/');
  const have = path.split('/');
  if (have.length !== want.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of want.entries()) {
    const value = have[index] ?? '';
    if (segment.startsWith(':') && value !== '') {
      params[segment.slice(1)] = decodeURIComponent(value);
    } else if (segment !== value) {
      return undefined;
    }
  }
  return params;
}

async function send(
  reply: AppReply,
  raw: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const { status, headers, body = '' } = reply;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(status, { 'content-length': bytes.length, ...headers });
    response.end(raw.method === 'HEAD' ? undefined : bytes);
    return bytes.length;
  }
  response.writeHead(status, headers);
  let sent = 0;
  for await (const chunk of body) {
    if (response.destroyed) break;
    sent += Buffer.byteLength(chunk);
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
  return sent;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function accessFields(raw: IncomingMessage, status: number, bytes: number): string {
  const iso = new Date().toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  const time = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  const quote = (value: string | undefined): string => `"${(value ?? '-').replaceAll('"', '%22')}"`;
  const line = quote(`${raw.method} ${raw.url} HTTP/${raw.httpVersion}`);
  const { referer, 'user-agent': agent } = raw.headers;
  return `[${time}] ${line} ${status} ${bytes} ${quote(referer)} ${quote(agent)}`;
}
