import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Problem } from '@lateen/telemetry/contract';
import { FixtureConfig } from './fixture-config.ts';
import { callers, explainAnswer } from './fixture-explain.ts';
import type { FixtureMesh } from './fixture-mesh.ts';
import {
  dumpOf,
  proxiesOf,
  serviceOf,
  servicesOf,
  statusOf,
  workloadOf,
  workloadsOf,
} from './fixture-objects.ts';
import { logsOf, traceOf, tracesOf } from './fixture-signals.ts';
import { graphOf, metricsOf } from './fixture-traffic.ts';

/** A server with made-up answers that keep to the contract. */
export interface FixtureServer {
  readonly url: string;
  readonly config: FixtureConfig;
  /** Tells every page that something changed. */
  readonly announce: (type: string) => void;
  readonly close: () => Promise<void>;
}

interface Asked {
  readonly method: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

type Answer = { readonly status: number; readonly body: unknown } | undefined;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
};

const ok = (body: unknown): Answer => (body === undefined ? undefined : { status: 200, body });

const problem = (status: number, code: Problem['code'], more: Partial<Problem> = {}): Answer => ({
  status,
  body: { code, message: code, diagnostics: [], ...more },
});

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: made-up answers, read from top to bottom
const answerConfig = (config: FixtureConfig, { method, parts, query, body }: Asked): Answer => {
  const [, kind = '', namespace = '', name = ''] = parts;
  const yaml = String(body['yaml'] ?? '');
  if (kind === '') return ok({ kinds: config.kinds(), objects: config.list() });
  if (kind === 'validate') return ok(config.validate(yaml));
  if (kind === 'preview') return ok(config.preview(yaml));
  if (kind === 'history') {
    const entries = config
      .history()
      .filter(({ object }) => (query.get('name') ?? object.name) === object.name)
      .filter(({ object }) => (query.get('kind') ?? object.kind) === object.kind);
    return ok({ entries, sinceMs: Date.now() - 3_600_000 });
  }
  if (kind === 'restore') {
    const entry = config.history().find(({ id }) => id === body['id']);
    if (entry === undefined) return problem(404, 'not-found');
    const text = body['side'] === 'before' ? entry.before : entry.after;
    return ok({ object: config.save(text) ?? null, change: 'modified' });
  }
  const reference = { kind, namespace, name };
  if (method === 'DELETE')
    return config.remove(reference) ? ok({ deleted: reference }) : problem(404, 'not-found');
  if (method === 'PUT') {
    const { diagnostics, valid } = config.validate(yaml);
    return valid ? ok(config.save(yaml)) : problem(422, 'invalid', { diagnostics });
  }
  return ok(config.detail(reference)) ?? problem(404, 'not-found');
};

const schemaProperties = {
  hosts: { type: 'array', description: 'The destination hosts.', items: { type: 'string' } },
  http: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        route: { type: 'array' },
        match: { type: 'array' },
        timeout: { type: 'string' },
      },
    },
  },
  gateways: { type: 'array', items: { type: 'string' } },
};

const answerRead = (mesh: FixtureMesh, { parts, query }: Asked): Answer => {
  const [page = '', namespace = '', name = '', more = ''] = parts;
  const isDetail = name !== '';
  const answers: Readonly<Record<string, () => Answer>> = {
    status: () => ok(statusOf(mesh)),
    graph: () => ok(graphOf(mesh, query)),
    services: () =>
      isDetail ? ok(serviceOf(mesh, namespace, name)) : ok({ services: servicesOf(mesh) }),
    workloads: () =>
      isDetail ? ok(workloadOf(mesh, namespace, name)) : ok({ workloads: workloadsOf(mesh) }),
    proxies: () =>
      more === 'config'
        ? ok(dumpOf(`${name}.${namespace}`))
        : ok({ proxies: proxiesOf(mesh), istiodError: '' }),
    metrics: () => ok(metricsOf(query)),
    traces: () =>
      namespace === ''
        ? ok({
            traces: tracesOf(query),
            services: ['productpage.default', 'reviews.default'],
            evicted: 0,
          })
        : ok(traceOf(namespace)),
    logs: () => ok(logsOf(query)),
    schema: () =>
      ok({
        kind: namespace,
        apiVersion: 'networking.istio.io/v1',
        apiVersions: ['networking.istio.io/v1'],
        schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: schemaProperties } },
        },
        values: {
          hosts: ['reviews', 'ratings', 'details', 'productpage'],
          subsets: { reviews: ['v1', 'v2', 'v3'] },
          gateways: ['default/bookinfo-gateway'],
          namespaces: ['default', 'istio-system'],
          labels: ['app=reviews', 'version=v1'],
        },
      }),
    explain: () => ok(callers),
  };
  return answers[page]?.() ?? problem(404, 'not-found');
};

const readBody = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

const answerApi = async (
  request: IncomingMessage,
  url: URL,
  mesh: FixtureMesh,
  config: FixtureConfig,
): Promise<Answer> => {
  const asked: Asked = {
    method: request.method ?? 'GET',
    parts: url.pathname.replace('/api/v1/', '').split('/').map(decodeURIComponent),
    query: url.searchParams,
    body: await readBody(request),
  };
  if (asked.method !== 'GET' && request.headers['x-lateen-request'] !== '1')
    return problem(403, 'forbidden');
  if (asked.parts[0] === 'config') return answerConfig(config, asked);
  if (asked.parts[0] === 'explain' && asked.method === 'POST')
    return ok(explainAnswer(asked.body as { url: string; headers?: readonly string[] }));
  return answerRead(mesh, asked);
};

const serveFile = async (folder: string, path: string, response: ServerResponse): Promise<void> => {
  const file = normalize(path === '/' ? '/index.html' : path);
  try {
    const bytes = await readFile(join(folder, file));
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
    response.setHeader(
      'content-security-policy',
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
    );
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** Serves the pages in `folder` and made-up answers for a mesh. Port 0: any. */
export const startFixtureServer = async (
  folder: string,
  mesh: FixtureMesh,
  port = 0,
): Promise<FixtureServer> => {
  const config = new FixtureConfig();
  const streams = new Set<ServerResponse>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n');
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    if (!url.pathname.startsWith('/api/')) return serveFile(folder, url.pathname, response);
    const answer = await answerApi(request, url, mesh, config);
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer?.body ?? { code: 'not-found', message: 'not found', diagnostics: [] }),
    );
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}/`,
    config,
    announce: (type) => {
      const text = `event: ${type}\ndata: ${JSON.stringify({ type, atMs: Date.now() })}\n\n`;
      for (const stream of streams) stream.write(text);
    },
    close: () =>
      new Promise((resolve) => {
        for (const stream of streams) stream.end();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
