import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { testCertificate } from './test-certificate.ts';

/** A request as an upstream got it. */
export interface EchoedRequest {
  /** `ip:port` of the endpoint that the upstream stands for. */
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A mirrored copy arrives within this time, or never. */
const copyTimeoutMs = 60_000;

/** First byte of a TLS record that carries a handshake. */
const tlsHandshake = 22;
/** What a client sends that speaks neither HTTP nor TLS. */
export const greeting = '\u0001hello\r\n';

/** A client's name for its request: gateways give a request from outside another `x-request-id`. */
export const idHeader = 'x-conformance-id';

const flat = (headers: NodeJS.Dict<string | string[]>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(',')]),
  );

/**
 * Servers on loopback, one for each endpoint of a mesh, that answer with who they are and what they
 * got: HTTP, HTTPS, and a greeting, told apart by the first bytes.
 */
export class EchoUpstreams {
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Set<net.Socket>();
  readonly #ports = new Map<string, Promise<number>>();
  readonly #seen: EchoedRequest[] = [];
  #waiting: (() => void)[] = [];

  /** Port of the server that stands for an endpoint. */
  portOf(endpoint: string): Promise<number> {
    const port = this.#ports.get(endpoint) ?? this.#listen(endpoint);
    this.#ports.set(endpoint, port);
    return port;
  }

  async #listen(endpoint: string): Promise<number> {
    const answer = (request: http.IncomingMessage, response: http.ServerResponse): void =>
      this.#answer(endpoint, request, response);
    const plain = http.createServer(answer);
    const secure = https.createServer(testCertificate(), answer);
    const server = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#sockets.delete(socket));
      socket.once('data', (bytes: Buffer) => {
        if (bytes.toString('latin1', 0, greeting.length) === greeting) {
          socket.end(endpoint);
          return;
        }
        socket.pause();
        socket.unshift(bytes);
        (bytes[0] === tlsHandshake ? secure : plain).emit('connection', socket);
        process.nextTick(() => socket.resume());
      });
    });
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  #answer(endpoint: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    const echo: EchoedRequest = {
      endpoint,
      method: request.method ?? '',
      path: request.url ?? '',
      authority: request.headers.host ?? '',
      headers: flat(request.headersDistinct),
    };
    this.#seen.push(echo);
    for (const wake of this.#waiting.splice(0)) wake();
    request.resume();
    // Who asks for another answer gets it: an authorizer that refuses, for instance.
    response.statusCode = Number(request.headers['x-answer'] ?? 200);
    response.setHeader('x-got', encodeURIComponent(JSON.stringify(echo)));
    response.end();
  }

  /** Everything that arrived so far. */
  get seen(): readonly EchoedRequest[] {
    return this.#seen;
  }

  /** Endpoints that got a request with this id, once there are as many. */
  async receivers(requestId: string, count: number): Promise<readonly string[]> {
    const found = (): readonly string[] =>
      this.#seen
        .filter(({ headers }) => headers[idHeader] === requestId)
        .map(({ endpoint }) => endpoint);
    const signal = AbortSignal.timeout(copyTimeoutMs);
    while (found().length < count && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return found();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}
