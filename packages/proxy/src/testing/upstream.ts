import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import net, { type AddressInfo } from 'node:net';

/** A server for tests, on a free loopback port. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly server: net.Server;
}

const started = async (server: net.Server, sockets: Set<net.Socket>): Promise<Upstream> => {
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

/** An HTTP server with Node's own parser: a second opinion on what we send. */
export const httpUpstream = (
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<Upstream> => {
  const server: Server = createServer(options, listener);
  server.keepAliveTimeout = 0;
  return started(server, new Set());
};

/** A server that does what the test says with the bytes. */
export const rawUpstream = (accept: (socket: net.Socket) => void): Promise<Upstream> =>
  started(net.createServer({ allowHalfOpen: true }, accept), new Set());

/** A server that answers with its name. */
export const namedUpstream = (name: string): Promise<Upstream> =>
  httpUpstream((request, response) => {
    request.resume();
    response.setHeader('x-upstream', name);
    response.end(name);
  });

/** The whole body of a request. */
export const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

/**
 * A port that refuses connections: nobody serves tcpmux. One that was free a moment ago may be the next
 * that somebody, the proxy under test included, is given.
 */
export const refusedPort = 1;
