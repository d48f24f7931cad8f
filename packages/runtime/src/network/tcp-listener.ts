import { createServer, type Server, type Socket } from 'node:net';

/** Listens on exactly this address; rejects with the error of the operating system. */
export const listenTcp = (
  address: { readonly host: string; readonly port: number },
  onConnection: (socket: Socket) => void,
): Promise<Server> => {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  // Half-open: a client that has sent all it had still gets its answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  server.once('error', reject);
  server.listen({ ...address, exclusive: true }, () => {
    server.off('error', reject);
    // An accept that fails (no descriptors left) must not end the cluster.
    server.on('error', () => undefined);
    resolve(server);
  });
  return promise;
};

/** Stops listening; open connections stay. Resolves at once when it was closed before. */
export const closeListener = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    // `close` waits for connections; who closes a listener does not.
    resolve();
  });

/** `code` of a system error: EADDRINUSE, EACCES ... */
export const systemErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** Tries whether an address could be listened on now. */
export const isPortFree = async (host: string, port: number): Promise<boolean> => {
  try {
    const server = await listenTcp({ host, port }, (socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
};

/** A port that nobody else can have until its owner listens on it. */
export interface HeldPort {
  readonly port: number;
  /** Listens there, and closes what comes; may hand the port over to another server. */
  readonly listener: Server;
  /** Lets go of it, at once: to be called right before listening. */
  release(): void;
}

/** Takes the first free port at or above `wanted`; undefined when none of the next `tries` is free. */
export const holdFreePort = async (
  host: string,
  wanted: number,
  tries: number,
): Promise<HeldPort | undefined> => {
  for (let port = wanted; port < Math.min(wanted + tries, 65_536); port++) {
    const server = await listenTcp({ host, port }, (socket) => socket.destroy()).catch(() => null);
    if (server !== null)
      return { port, listener: server, release: () => void closeListener(server) };
  }
  return undefined;
};
