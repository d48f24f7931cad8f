import type { Server, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { listenTcp } from './tcp-listener.ts';
import { connectTcp, type Destination, joinSockets, resetSocket } from './tcp-relay.ts';

/** Connections one listener carries at a time; further ones are refused, as a full backlog would. */
const maxConnections = 4_096;
/** Destinations tried for one connection in one round. */
const maxAttempts = 3;
/**
 * Waits before each round. A destination may be about to listen (a gateway that is being configured, an
 * app that starts): a client should not fail for a moment's difference.
 */
const roundDelaysMs: readonly number[] = [0, 50, 100, 200, 400];

/** Gives the next destination to try, or undefined when there is none. */
export type DestinationPicker = (client: Socket) => Destination | undefined;

/** Forwards TCP from one listening address to destinations chosen for each connection. */
export class Forwarder {
  readonly #server: Server;
  readonly #clients: ReadonlySet<Socket>;

  private constructor(server: Server, clients: ReadonlySet<Socket>) {
    this.#server = server;
    this.#clients = clients;
  }

  /** Rejects with the operating system's error when the address cannot be had. */
  static async open(address: Destination, pick: DestinationPicker): Promise<Forwarder> {
    const clients = new Set<Socket>();
    const server = await listenTcp(address, (client) => {
      clients.add(client);
      client.on('close', () => clients.delete(client));
      client.on('error', () => undefined);
      // Nothing is read before there is somebody to read it.
      client.pause();
      void forward(client, pick);
    });
    server.maxConnections = maxConnections;
    return new Forwarder(server, clients);
  }

  /** Stops listening and ends what is open. */
  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }
}

/** One round over the destinations; undefined when all refuse. */
const connectAny = async (client: Socket, pick: DestinationPicker): Promise<Socket | undefined> => {
  for (let attempt = 0; attempt < maxAttempts && !client.destroyed; attempt++) {
    const destination = pick(client);
    if (destination === undefined) return undefined;
    try {
      return await connectTcp(destination);
    } catch {
      // Refused or silent: the next destination may do better.
    }
  }
  return undefined;
};

const forward = async (client: Socket, pick: DestinationPicker): Promise<void> => {
  for (const delayMs of roundDelaysMs) {
    if (delayMs > 0) await setTimeout(delayMs);
    if (client.destroyed) return;
    const server = await connectAny(client, pick);
    if (server === undefined) continue;
    if (client.destroyed) server.destroy();
    else joinSockets(client, server);
    return;
  }
  resetSocket(client);
};
