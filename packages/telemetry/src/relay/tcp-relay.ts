import net, { type Socket } from 'node:net';
import { pipeline } from 'node:stream';

const maxConnections = 512;
const connectTimeoutMs = 10_000;

const relayConnection = (client: Socket, target: URL, upstreams: Set<Socket>): void => {
  const upstream = net.connect({ host: target.hostname, port: Number(target.port) });
  upstreams.add(upstream);
  upstream.setTimeout(connectTimeoutMs, () => upstream.destroy());
  upstream.once('connect', () => upstream.setTimeout(0));
  upstream.once('close', () => upstreams.delete(upstream));
  // Whichever side ends or fails ends the other.
  pipeline(client, upstream, () => upstream.destroy());
  pipeline(upstream, client, () => client.destroy());
};

/** A server that passes bytes on as they are, for what is no HTTP/1.1: gRPC. */
export const createTcpRelay = (
  target: URL,
): { readonly server: net.Server; closeConnections(): void } => {
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const server = net.createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    relayConnection(client, target, upstreams);
  });
  server.maxConnections = maxConnections;
  return {
    server,
    closeConnections: () => {
      for (const socket of [...clients, ...upstreams]) socket.destroy();
    },
  };
};
