import net from 'node:net';
import type { Address } from '@lateen/routing';
import { ProxyError } from '../proxy-error.ts';
import type { Listener } from './listener.ts';

/** Connections the kernel keeps for us until they are accepted. Envoy's default is the system's. */
const backlog = 1024;

/** `host:port` or the path of an address. */
export const addressLabel = (address: Address): string => {
  if (address.kind === 'pipe') return address.path;
  if (address.kind === 'internal') return address.listener;
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
};

/**
 * A bound address. The listener behind it is replaced by one assignment, so that no connection is
 * refused while a configuration changes.
 */
export class ListenerSocket {
  readonly label: string;
  readonly #server: net.Server;
  #current: Listener;

  private constructor(address: Address, listener: Listener) {
    this.label = addressLabel(address);
    this.#current = listener;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#current.accept(socket),
    );
  }

  /** Binds. Rejects with `ProxyError` `BindFailed`. */
  static async bind(address: Address, listener: Listener): Promise<ListenerSocket> {
    const bound = new ListenerSocket(address, listener);
    const server = bound.#server;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error): void =>
        reject(
          new ProxyError('BindFailed', `cannot bind to ${bound.label}: ${cause.message}`, {
            cause,
          }),
        );
      server.once('error', onError);
      const ready = (): void => {
        server.off('error', onError);
        server.on('error', () => undefined);
        resolve();
      };
      if (address.kind === 'pipe') server.listen({ path: address.path, backlog }, ready);
      else if (address.kind === 'socket') {
        server.listen({ host: address.host, port: address.port, backlog }, ready);
      } else ready();
    });
    return bound;
  }

  /** The address really bound: of interest when the port was 0. */
  get address(): net.AddressInfo | string | null {
    return this.#server.address();
  }

  replace(listener: Listener): void {
    this.#current = listener;
  }

  /** Accepts no more. */
  close(): void {
    this.#server.close();
  }
}
