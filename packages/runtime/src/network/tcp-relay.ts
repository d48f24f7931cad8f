import { connect, type Socket } from 'node:net';

/** A destination that does not answer a connect in this time counts as failed. */
const connectTimeoutMs = 5_000;

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** A Unix socket. */
export interface LocalDestination {
  readonly path: string;
}

/** Connects with a time-out; rejects with the operating system's error. */
export const connectTcp = (
  destination: Destination | LocalDestination,
  localAddress?: string,
): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    ...destination,
    ...(localAddress !== undefined && { localAddress }),
    allowHalfOpen: true,
    noDelay: true,
  });
  socket.setTimeout(connectTimeoutMs, () =>
    socket.destroy(new Error(`no answer from ${Object.values(destination).join(':')}`)),
  );
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
};

/**
 * Ends a connection with RST, so that the peer knows it was cut off and not finished. Not while its
 * FIN is on the way: libuv refuses to reset then, and the handle would never be closed.
 */
export const resetSocket = (socket: Socket): void => {
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
};

/**
 * Joins two sockets both ways: back-pressure from `pipe`, the end of one direction is the end of
 * that direction only (half-close), an error of one side resets the other.
 */
export const joinSockets = (client: Socket, server: Socket): void => {
  const couple = (from: Socket, to: Socket): void => {
    from.on('error', () => resetSocket(to));
    from.on('close', () => {
      if (!to.destroyed && !to.writableEnded) to.end();
    });
    from.pipe(to);
  };
  couple(client, server);
  couple(server, client);
};
