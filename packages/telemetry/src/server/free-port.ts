import type net from 'node:net';
import { TelemetryError } from '../telemetry-error.ts';

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

/** An address, and how far to look from its port on. */
export interface WantedAddress {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Ports tried, this one among them. Default 20. */
  readonly tries?: number;
}

/**
 * Lets a server listen; a taken port is followed by the next free one. Resolves with the port; rejects with
 * TelemetryError `no-free-port`.
 */
export const listenFrom = async (
  server: net.Server,
  { host, port, tries = 20 }: WantedAddress,
): Promise<number> => {
  for (let tried = port; tried < port + tries; tried++) {
    if (!(await listening(server, host, tried))) continue;
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : tried;
  }
  throw new TelemetryError('no-free-port', `ports ${port} to ${port + tries - 1} are taken`);
};
