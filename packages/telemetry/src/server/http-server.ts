import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from '@lateen/base';
import { KubeError } from '@lateen/kube';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';
import { type Answer, problem } from './answer.ts';
import type { EventStream } from './event-stream.ts';
import { listenFrom } from './free-port.ts';
import { QueryReader } from './query-reader.ts';
import { readBody } from './request-body.ts';
import { type AccessPolicy, guardRequest, type Verdict } from './request-guard.ts';
import type { ApiRoute } from './route-table.ts';
import { RouteTable } from './route-table.ts';
import { serveStatic } from './static-files.ts';
import { WorkQueue } from './work-queue.ts';

const apiPrefix = '/api/v1/';
const prometheusPrefix = '/prometheus/';
/** YAML of a few hundred objects. */
const maxBodyBytes = 4 * 1024 * 1024;
/** Ports tried. */
const portTries = 50;
const maxConnections = 512;
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;

/** Scripts from here only and none in the page; styles also by the editor, which makes its own. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Where Kiali's own pages are: bookmarks lead to ours. */
const kialiPath = /^\/kiali(?:[/?]|$)/;

const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export interface HttpServerOptions {
  readonly routes: readonly ApiRoute[];
  readonly events: EventStream;
  readonly policy: AccessPolicy;
  /** Folder of the pages, when they are built; undefined: there are none. Never rejects. */
  readonly staticFolder: () => Promise<string | undefined>;
  /** Prometheus' API below `/prometheus/`; undefined: there is no such path. */
  readonly prometheus: (path: string, parameters: URLSearchParams) => Answer | undefined;
  readonly log: Logger;
}

/** A server that listens. */
export interface RunningServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const sendAnswer = (response: ServerResponse, { status, body }: Answer): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
};

const parseJson = (bytes: Buffer): { readonly value: unknown } | undefined => {
  if (bytes.length === 0) return { value: undefined };
  try {
    return { value: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch {
    return undefined;
  }
};

/** Answer to a handler's failure: what Kubernetes says is passed on, anything else is ours. */
const failureAnswer = (error: unknown): Answer => {
  if (error instanceof KubeError) {
    const { code, message } = error;
    if (code === 'not-found') return problem('not-found', message);
    if (code === 'conflict' || code === 'already-exists') return problem('conflict', message);
    if (code === 'forbidden' || code === 'unauthorized') return problem('forbidden', message);
    if (code === 'invalid') return problem('invalid', message);
    return problem('unavailable', message);
  }
  if (error instanceof TelemetryError) return problem('unavailable', error.message);
  return problem('internal', 'this should not happen; the log of the server has the reason');
};

/** Long queries come by POST, as forms: they read all the same. */
const effectiveMethod = ({ method = 'GET', url = '' }: IncomingMessage): string =>
  method === 'POST' && url.startsWith(prometheusPrefix) ? 'GET' : method;

const urlOf = ({ url = '' }: IncomingMessage): URL | undefined =>
  URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : undefined;

type Passed = Extract<Verdict, { readonly refusal: undefined }>;

class DashboardServer {
  readonly #options: HttpServerOptions;
  readonly #table: RouteTable;
  readonly #heavy = new WorkQueue();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#table = new RouteTable(options.routes);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const { headers, socket } = request;
    const method = effectiveMethod(request);
    const remoteAddress = socket.remoteAddress ?? '';
    const verdict = guardRequest({ method, headers, remoteAddress }, this.#options.policy);
    if (verdict.refusal !== undefined) {
      request.resume();
      sendAnswer(response, verdict.refusal);
      return;
    }
    const url = urlOf(request);
    if (url === undefined) sendAnswer(response, problem('bad-request', 'the URL cannot be read'));
    else if (url.pathname.startsWith(prometheusPrefix))
      sendAnswer(response, await this.#prometheus(url, request));
    else if (url.pathname.startsWith(apiPrefix))
      await this.#api(url, verdict, { request, response });
    else await this.#page(request, response);
  }

  async #prometheus(url: URL, request: IncomingMessage): Promise<Answer> {
    const { bytes } = await readBody(request, maxBodyBytes);
    if (bytes === undefined) return problem('too-large', 'the query is too long');
    const parameters = new URLSearchParams([
      ...url.searchParams,
      ...new URLSearchParams(bytes.toString('utf8')),
    ]);
    const path = url.pathname.slice(prometheusPrefix.length);
    return (
      this.#options.prometheus(path, parameters) ??
      problem('not-found', `there is no ${url.pathname}`)
    );
  }

  async #page(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendAnswer(response, problem('method-not-allowed', 'pages can only be read'));
      return;
    }
    if (request.url === '/healthz' || request.url === '/kiali/healthz') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
      return;
    }
    if (kialiPath.test(request.url ?? '')) {
      response.writeHead(302, { location: '/' }).end();
      return;
    }
    const folder = await this.#options.staticFolder();
    if (folder !== undefined && (await serveStatic(folder, request, response))) return;
    const message =
      folder === undefined ? 'this server has no pages, only the API' : 'there is no such page';
    sendAnswer(response, problem(folder === undefined ? 'unavailable' : 'not-found', message));
  }

  async #api(
    url: URL,
    access: Passed,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ): Promise<void> {
    const path = url.pathname.slice(apiPrefix.length);
    if (path === 'events' && request.method === 'GET') {
      if (!this.#options.events.open(response))
        sendAnswer(response, problem('unavailable', 'too many pages are open'));
      return;
    }
    sendAnswer(response, await this.#answer(url, access, { path, request }));
  }

  async #answer(
    url: URL,
    { canWrite, readOnlyReason }: Passed,
    { path, request }: { readonly path: string; readonly request: IncomingMessage },
  ): Promise<Answer> {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const match = this.#table.match(method, path);
    if (match.route === undefined) {
      request.resume();
      return match.methods.length > 0
        ? problem('method-not-allowed', `use ${match.methods.join(' or ')}`)
        : problem('not-found', `there is no ${url.pathname}`);
    }
    if (match.route.isWrite === true && !canWrite) {
      request.resume();
      return problem('forbidden', readOnlyReason);
    }
    const body = await readBody(request, maxBodyBytes);
    if (body.problem !== undefined) {
      return problem('too-large', `a body may have ${maxBodyBytes} bytes`);
    }
    const json = parseJson(body.bytes);
    if (json === undefined) return problem('bad-request', 'the body is not JSON');
    const query = new QueryReader(url.searchParams);
    const { params, route } = match;
    return this.#run(route, { method, params, query, body: json.value, canWrite, readOnlyReason });
  }

  async #handled(route: ApiRoute, request: Parameters<ApiRoute['handle']>[0]): Promise<Answer> {
    if (route.isHeavy !== true) return route.handle(request);
    const queued = this.#heavy.run(async () => route.handle(request));
    return queued ?? problem('unavailable', 'too many questions of this kind wait: try again');
  }

  async #run(route: ApiRoute, request: Parameters<ApiRoute['handle']>[0]): Promise<Answer> {
    try {
      const answer = await this.#handled(route, request);
      const { diagnostics } = request.query;
      if (diagnostics.length === 0) return answer;
      return problem(
        'bad-request',
        diagnostics.map(({ message }) => message).join('; '),
        diagnostics,
      );
    } catch (error) {
      const answer = failureAnswer(error);
      if (answer.status === 500)
        this.#options.log.error('request failed', { path: route.path, reason: reasonOf(error) });
      return answer;
    }
  }
}

/**
 * Starts a server on the port asked for or the next free one (port 0: any).
 * Rejects with TelemetryError `no-free-port`.
 */
export const startHttpServer = async (
  { host, port }: { readonly host: string; readonly port: number },
  options: HttpServerOptions,
): Promise<RunningServer> => {
  const dashboard = new DashboardServer(options);
  const server = http.createServer((request, response) => {
    void dashboard.handle(request, response).catch((error: unknown) => {
      options.log.error('request failed', { reason: reasonOf(error) });
      response.destroy();
    });
  });
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  server.maxConnections = maxConnections;
  return {
    host,
    port: await listenFrom(server, { host, port, tries: portTries }),
    close: async () => {
      options.events.close();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
};
