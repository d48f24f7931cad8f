import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProxyError } from '../proxy-error.ts';
import { watchAgent } from '../stats/agent-stats.ts';
import { watchServer } from '../stats/server-stats.ts';
import type { AdminContext, AdminReply } from './admin-context.ts';
import { adminPage, type Page, prometheusPage, readyPage } from './admin-pages.ts';
import { AppMetrics, appMetricsTarget } from './app-metrics.ts';
import { type AdminState, serverState } from './server-state.ts';

type Answer = (method: string, url: URL) => AdminReply | Promise<AdminReply>;

/** Longest a client may take to send its request. */
const requestTimeoutMs = 10_000;

const respond = async (
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> => {
  request.resume();
  let reply: AdminReply;
  try {
    const url = new URL(request.url ?? '/', 'http://admin');
    reply = await answer(request.method ?? 'GET', url);
  } catch (error) {
    reply = { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
  response.writeHead(reply.status, {
    'content-type': reply.contentType ?? 'text/plain; charset=UTF-8',
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? '' : reply.body);
};

/** An address of the network, or a Unix socket. */
type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

const addressText = (address: ListenAddress): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;

const listen = async (address: ListenAddress, answer: Answer): Promise<Server> => {
  // A socket that an earlier process left behind would count as taken.
  if ('path' in address) rmSync(address.path, { force: true });
  const server = createServer((request, response) => void respond(request, response, answer));
  server.requestTimeout = requestTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ProxyError('BindFailed', `cannot bind to ${addressText(address)}: ${cause.message}`, {
          cause,
        }),
      ),
    );
    server.listen(address, resolve);
  });
  return server;
};

/** Ports of Istio's agent. */
const agentPorts = { merged: 15_020, health: 15_021, metrics: 15_090 } as const;

/** What Istio's agent serves at 15020: the app's own metrics, the proxy's, and its own. */
const mergedPage = (context: AdminContext): Page => {
  const { stats, bootstrap, prometheusAnnotations } = context;
  const target = appMetricsTarget(prometheusAnnotations, bootstrap.node?.metadata ?? {});
  const app = target && new AppMetrics(target, stats);
  const scrapes = watchAgent(stats, context);
  return async (request) => {
    scrapes.value++;
    const part = (await app?.read()) ?? '';
    const own = await prometheusPage(request);
    return { ...own, body: `${part}${own.body}` };
  };
};

/** The admin server, and where asked for the endpoints that Istio's agent serves beside Envoy. */
export class AdminServer {
  readonly #servers: Server[] = [];
  readonly #state: AdminState = { failsHealthcheck: false, isDraining: false };
  address: string | undefined = undefined;

  private constructor() {
    // Made by `start` only.
  }

  /** Binds. Rejects with `ProxyError` `BindFailed`. */
  static async start(context: AdminContext): Promise<AdminServer> {
    const server = new AdminServer();
    server.#watch(context);
    try {
      await server.#startAdmin(context);
      if (context.statusAddress !== undefined) {
        await server.#startAgent(context, context.statusAddress);
      }
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async #startAdmin(context: AdminContext): Promise<void> {
    const address = context.bootstrap.admin?.address?.address;
    const state = this.#state;
    const answer: Answer = (method, url) => adminPage(method, url, { context, state });
    if (address?.case === 'pipe') {
      const { path } = address.value;
      this.#servers.push(await listen({ path }, answer));
      this.address = path;
      return;
    }
    if (address?.case !== 'socketAddress') return;
    const { address: host, portSpecifier } = address.value;
    const port = portSpecifier.case === 'portValue' ? portSpecifier.value : 0;
    const server = await listen({ host, port }, answer);
    this.#servers.push(server);
    this.address = `${host}:${(server.address() as AddressInfo).port}`;
  }

  async #startAgent(context: AdminContext, host: string): Promise<void> {
    const state = this.#state;
    const merged = mergedPage(context);
    for (const [name, port] of Object.entries(agentPorts)) {
      const metrics = name === 'merged' ? merged : prometheusPage;
      const pages: Readonly<Record<string, typeof readyPage>> = {
        '/healthz/ready': readyPage,
        '/stats/prometheus': metrics,
        '/metrics': metrics,
      };
      const answer: Answer = (_method, url) => {
        const page = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
        if (page === undefined) return { status: 404, body: '' };
        // Strangers get the whole page: regular expressions are for operators.
        return page({ context, state, query: new URLSearchParams() });
      };
      this.#servers.push(await listen({ host, port }, answer));
    }
  }

  /** Numbers that are read when somebody asks for them. */
  #watch({ stats, configuration, listeners, certificates, isReady }: AdminContext): void {
    watchServer(stats, {
      certificates,
      state: () => serverState(this.#state, isReady()),
      connections: () => listeners.connectionCount,
      clusters: () => ({
        active: configuration.clusters.all.length,
        warming: configuration.clusters.warmingNames.length,
      }),
      listeners: () => ({
        active: listeners.tables.length,
        warming: configuration.waitingListeners.length,
        draining: listeners.drainingCount,
      }),
    });
  }

  /** Readiness says no from now on. */
  markDraining(): void {
    this.#state.isDraining = true;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      ),
    );
  }
}
