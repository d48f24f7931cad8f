import type net from 'node:net';
import type { ConnectPlan } from '../http1/client-connection.ts';
import { connectFailure } from '../tls/failure-reason.ts';

/** A raw upstream connection, for TCP proxies and tunnels. */
export class TcpConnection {
  readonly #socket: net.Socket;
  readonly #isTls: boolean;
  readonly #timer: NodeJS.Timeout;
  #connected = false;

  constructor(plan: ConnectPlan, onClosed: (connected: boolean) => void) {
    this.#isTls = plan.isTls;
    const socket = plan.open(undefined);
    this.#socket = socket;
    socket.allowHalfOpen = true;
    this.#timer = setTimeout(
      () => socket.destroy(new Error('connection timeout')),
      plan.connectTimeoutMs,
    );
    socket.once('close', () => {
      clearTimeout(this.#timer);
      onClosed(this.#connected);
    });
  }

  /** Exactly one of both is called. */
  whenConnected(ready: (socket: net.Socket) => void, failed: (reason: string) => void): void {
    const socket = this.#socket;
    let reason = 'connection termination';
    socket.on('error', (error: Error) => {
      reason = connectFailure(error);
    });
    socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(this.#timer);
      // The peer's certificate was refused a moment ago.
      if (socket.destroyed) return;
      this.#connected = true;
      ready(socket);
    });
    socket.once('close', () => {
      if (!this.#connected) failed(reason);
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
