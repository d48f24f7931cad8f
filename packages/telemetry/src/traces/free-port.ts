import type net from 'node:net';
import { TelemetryError } from '../telemetry-error.ts';

/** Ports tried after a taken one. */
const portTries = 20;

const listening = (server: net.Server, host: string, port: number): Promise<boolean> => {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EADDRINUSE') resolve(false);
    else reject(error);
  };
  server.once('error', onError);
  server.listen({ host, port }, () => {
    server.off('error', onError);
    resolve(true);
  });
  return promise;
};

/**
 * Lets a server listen; a taken port is followed by the next free one (port 0: any). Resolves with the port; rejects
 * with TelemetryError `no-free-port`.
 */
export const listenFrom = async (
  server: net.Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> => {
  for (let tried = port; tried < port + portTries; tried++) {
    if (!(await listening(server, host, tried))) continue;
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : tried;
  }
  throw new TelemetryError('no-free-port', `ports ${port} to ${port + portTries - 1} are taken`);
};
