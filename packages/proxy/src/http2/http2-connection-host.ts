import type net from 'node:net';
import type { Http2Settings } from '@lateen/routing';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { HttpExchange } from '../http/http-exchange.ts';
import type { ServerExchange } from '../http1/server-connection.ts';
import { Http2ServerSession, type ServerSessionHost } from './server-session.ts';
import type { Http2ServerStream } from './server-stream.ts';
import type { HeadLimits } from './session-limits.ts';

/** HTTP/2 sessions of one connection manager. */
export class Http2ConnectionHost implements ServerSessionHost {
  readonly sessions: Set<Http2ServerSession> = new Set<Http2ServerSession>();
  readonly http2: Http2Settings;
  readonly limits: HeadLimits;
  readonly maxRequests: number;
  readonly #manager: ConnectionManager;
  readonly #idleTimeoutMs: number;
  readonly #onClosed: () => void;

  constructor(manager: ConnectionManager, onClosed: () => void) {
    this.#manager = manager;
    this.#onClosed = onClosed;
    const { settings } = manager;
    this.http2 = settings.http2;
    this.limits = {
      maxHeadBytes: settings.maxRequestHeadersBytes,
      maxHeaders: settings.maxHeadersCount,
    };
    this.maxRequests = settings.maxRequestsPerConnection;
    this.#idleTimeoutMs = settings.idleTimeoutMs;
  }

  nowMs(): number {
    return this.#manager.deps.nowMs();
  }

  /** Takes over a socket; `first` are bytes that were read already. */
  accept(socket: net.Socket, isTls: boolean, first: Buffer | undefined): void {
    const { stats } = this.#manager;
    stats.connections.value++;
    stats.connectionsActive.value++;
    this.sessions.add(new Http2ServerSession(socket, this, { isTls, first }));
  }

  createExchange(stream: Http2ServerStream): ServerExchange {
    return new HttpExchange(stream, this.#manager);
  }

  protocolError(): void {
    this.#manager.stats.protocolErrors.value++;
  }

  sessionClosed(session: Http2ServerSession): void {
    if (!this.sessions.delete(session)) return;
    this.#manager.stats.connectionsActive.value--;
    this.#onClosed();
  }

  /** Closes sessions that were silent too long. */
  sweep(nowMs: number): void {
    if (this.#idleTimeoutMs === 0) return;
    for (const session of this.sessions) {
      if (session.active === 0 && nowMs - session.sinceMs > this.#idleTimeoutMs) session.close();
    }
  }

  /** Asks clients to go elsewhere (GOAWAY); what is under way goes on. */
  drain(): void {
    this.#manager.draining = true;
    for (const session of this.sessions) session.close();
  }

  destroy(): void {
    for (const session of this.sessions) session.destroy();
  }
}
