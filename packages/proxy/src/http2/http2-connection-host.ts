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
  }

  nowMs(): number {
    return this.#manager.deps.nowMs();
  }

  /** Takes over a socket; `first` are bytes that were read already. */
  accept(socket: net.Socket, isTls: boolean, first: Buffer | undefined): void {
    const { stats } = this.#manager;
    stats.opened(2, isTls);
    const openedMs = this.nowMs();
    socket.once('close', () => stats.closed(socket, this.nowMs() - openedMs));
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

  /** Ends sessions that were silent too long, or are too old: GOAWAY, then what is under way. */
  sweep(nowMs: number): void {
    const { settings, stats } = this.#manager;
    const { idleTimeoutMs, maxConnectionDurationMs } = settings;
    for (const session of this.sessions) {
      if (session.isClosing) continue;
      if (maxConnectionDurationMs > 0 && nowMs - session.createdMs >= maxConnectionDurationMs) {
        stats.maxDurationReached.value++;
        session.close();
      } else if (idleTimeoutMs > 0 && session.active === 0) {
        if (nowMs - session.sinceMs < idleTimeoutMs) continue;
        stats.idleTimeout.value++;
        session.close();
      }
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
