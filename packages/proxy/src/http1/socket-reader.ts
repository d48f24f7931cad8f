import type net from 'node:net';

/** Replaces a socket's queue: chunks go straight to `receive`, without an event for each. */
export const attachReader = (socket: net.Socket, receive: (chunk: Buffer) => boolean): void => {
  const push = socket.push;
  socket.push = (chunk: Buffer | null): boolean =>
    chunk === null ? push.call(socket, null) : receive(chunk);
};

/** Undoes `attachReader`: chunks go to the socket's own queue again. */
export const detachReader = (socket: net.Socket): void => {
  Reflect.deleteProperty(socket, 'push');
};
