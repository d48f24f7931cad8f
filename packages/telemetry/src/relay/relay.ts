import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type net from 'node:net';
import { pipeline } from 'node:stream';
import { relayedHeader } from '../server/request-guard.ts';
import { TelemetryError } from '../telemetry-error.ts';
import { createTcpRelay } from './tcp-relay.ts';

/** An address that answers with what another server says. */
export interface RelayRoute {
  readonly host: string;
  readonly port: number;
  /**
   * `http://127.0.0.1:20001`, with a path that is put in front of every request's; or `tcp://127.0.0.1:4317`: bytes are
   * passed on as they are.
   */
  readonly target: URL;
}

/** A relay that listens. */
export interface RunningRelay {
  readonly port: number;
  close(): Promise<void>;
}

const maxConnections = 512;
const connectTimeoutMs = 10_000;

/** Of one connection, not of the message (RFC 9110, 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);

const forwarded = (headers: IncomingMessage['headers']): http.OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));

const refuse = (response: ServerResponse, message: string): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(502, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code: 'unavailable', message, diagnostics: [] }));
};

/**
 * The Host stays as the client wrote it, so that the server decides who may call it how; the server
 * learns that the client is not the one that connects, and lets it read only.
 */
const relayRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  { target, agent }: { readonly target: URL; readonly agent: http.Agent },
): void => {
  const base = target.pathname.replace(/\/$/, '');
  const upstream = http.request(
    {
      host: target.hostname,
      port: target.port,
      method: request.method,
      path: base + (request.url ?? '/'),
      headers: { ...forwarded(request.headers), [relayedHeader]: '1' },
      agent,
      timeout: connectTimeoutMs,
    },
    (answer) => {
      upstream.setTimeout(0);
      response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
      pipeline(answer, response, () => undefined);
    },
  );
  upstream.on('timeout', () => upstream.destroy(new Error('no answer in time')));
  upstream.on('error', (error) => refuse(response, `${target.host}: ${error.message}`));
  response.on('close', () => upstream.destroy());
  pipeline(request, upstream, () => undefined);
};

const listen = (server: net.Server, { host, port }: RelayRoute): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(new TelemetryError('no-free-port', `cannot listen on ${host}:${port}`, cause)),
  );
  server.listen({ host, port }, resolve);
  return promise;
};

/** A server of one route, and how to end what it has open. */
interface RelayServer {
  readonly server: net.Server;
  closeConnections(): void;
}

const createHttpRelay = (target: URL): RelayServer => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: maxConnections });
  const server = http.createServer((request, response) =>
    relayRequest(request, response, { target, agent }),
  );
  server.maxConnections = maxConnections;
  return {
    server,
    closeConnections: () => {
      agent.destroy();
      server.closeAllConnections();
    },
  };
};

/** Starts one relay. Rejects with TelemetryError `no-free-port`. */
export const startRelay = async (route: RelayRoute): Promise<RunningRelay> => {
  const create = route.target.protocol === 'tcp:' ? createTcpRelay : createHttpRelay;
  const { server, closeConnections } = create(route.target);
  await listen(server, route);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : route.port,
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      closeConnections();
      await closed.promise;
    },
  };
};
