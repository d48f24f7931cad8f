import type net from 'node:net';
import {
  type Refusal,
  ServerConnection,
  type ServerConnectionHost,
  type ServerExchange,
} from '../http1/server-connection.ts';
import { attachReader, detachReader } from '../http1/socket-reader.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { HttpExchange } from './http-exchange.ts';

/** Takes a connection over that turns out to be HTTP/2. `first`: bytes that were read already. */
export type AcceptHttp2 = (socket: net.Socket, isTls: boolean, first: Buffer) => void;

/** The head of a request took longer than `request_headers_timeout`. */
const lateHead: Refusal = {
  status: 408,
  details: 'request_header_timeout',
  body: 'request header timeout',
  isProtocolError: false,
};

/** The same for `request_timeout`, which begins with the first byte too. */
const lateRequest: Refusal = {
  status: 408,
  details: 'request_overall_timeout',
  body: 'request timeout',
  isProtocolError: false,
};

/** Connections of one connection manager. */
export class HttpConnectionHost implements ServerConnectionHost {
  readonly manager: ConnectionManager;
  readonly connections: Set<ServerConnection> = new Set<ServerConnection>();
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly delayedCloseMs: number;
  readonly keepsTrailers: boolean;
  readonly allowsChunkedLength: boolean;
  readonly #onClosed: () => void;
  readonly #acceptHttp2: AcceptHttp2 | undefined;

  constructor(manager: ConnectionManager, onClosed: () => void, acceptHttp2?: AcceptHttp2) {
    this.manager = manager;
    this.#acceptHttp2 = acceptHttp2;
    this.#onClosed = onClosed;
    const { settings } = manager;
    this.maxHeadBytes = settings.maxRequestHeadersBytes;
    this.maxHeaders = settings.maxHeadersCount;
    this.delayedCloseMs = settings.delayedCloseTimeoutMs;
    this.keepsTrailers = settings.enableTrailers;
    this.allowsChunkedLength = settings.allowChunkedLength;
  }

  nowMs(): number {
    return this.manager.deps.nowMs();
  }

  /** Takes over a socket; `first` are bytes that were read already. */
  accept(socket: net.Socket, isTls: boolean, first?: Buffer): ServerConnection {
    const connection = new ServerConnection(socket, this, isTls);
    this.connections.add(connection);
    this.manager.stats.opened(1, isTls);
    attachReader(socket, (chunk) => connection.receive(chunk));
    if (first !== undefined && first.length > 0 && !connection.receive(first)) return connection;
    socket._read(0);
    return connection;
  }

  createExchange(connection: ServerConnection): ServerExchange {
    const { maxRequestsPerConnection } = this.manager.settings;
    if (maxRequestsPerConnection > 0 && connection.requests >= maxRequestsPerConnection) {
      this.manager.stats.maxRequestsReached.value++;
      connection.closeAfter = true;
    }
    if (connection.drainAtMs > 0) connection.closeAfter = true;
    return new HttpExchange(connection, this.manager);
  }

  refuse(connection: ServerConnection, refusal: Refusal): void {
    if (refusal.isProtocolError) this.manager.stats.protocolErrors.value++;
    new HttpExchange(connection, this.manager).refuseUnread(refusal);
  }

  takesOver(connection: ServerConnection, input: Buffer): boolean {
    if (this.#acceptHttp2 === undefined) return false;
    const { socket } = connection;
    this.#forget(connection);
    this.manager.stats.tookOver(connection.isTls);
    detachReader(socket);
    this.#acceptHttp2(socket, connection.isTls, input);
    return true;
  }

  connectionClosed(connection: ServerConnection): void {
    if (!this.#forget(connection)) return;
    this.manager.stats.closed(connection.socket, this.nowMs() - connection.createdMs);
  }

  #forget(connection: ServerConnection): boolean {
    if (!this.connections.delete(connection)) return false;
    this.manager.stats.connectionsActive.value--;
    this.#onClosed();
    return true;
  }

  /** Ends heads that never end, and connections that are silent too long or too old. */
  sweep(nowMs: number): void {
    for (const connection of this.connections) {
      this.#startDrain(connection, nowMs);
      if (!connection.isIdle) continue;
      if (connection.inHead) this.#checkHead(connection, nowMs);
      else if (connection.drainAtMs > 0 && nowMs >= connection.drainAtMs) connection.close();
    }
  }

  /** What is to end gets the drain time, so that a request on its way is still answered. */
  #startDrain(connection: ServerConnection, nowMs: number): void {
    if (connection.drainAtMs > 0) return;
    const { settings, stats } = this.manager;
    const { maxConnectionDurationMs, idleTimeoutMs, drainTimeoutMs } = settings;
    if (maxConnectionDurationMs > 0 && nowMs - connection.createdMs >= maxConnectionDurationMs) {
      stats.maxDurationReached.value++;
      connection.closeAfter = true;
    } else {
      const isSilent = connection.isIdle && !connection.inHead;
      if (!isSilent || idleTimeoutMs === 0 || nowMs - connection.sinceMs < idleTimeoutMs) return;
      stats.idleTimeout.value++;
    }
    connection.drainAtMs = nowMs + Math.max(1, drainTimeoutMs);
  }

  #checkHead(connection: ServerConnection, nowMs: number): void {
    const { requestHeadersTimeoutMs, requestTimeoutMs } = this.manager.settings;
    const waitedMs = nowMs - connection.sinceMs;
    if (requestHeadersTimeoutMs > 0 && waitedMs >= requestHeadersTimeoutMs) {
      this.manager.stats.headerTimeout.value++;
      connection.refuse(lateHead);
    } else if (requestTimeoutMs > 0 && waitedMs >= requestTimeoutMs) {
      this.manager.stats.requestTimeout.value++;
      connection.refuse(lateRequest);
    }
  }

  /** From now on responses close their connections. */
  drain(): void {
    this.manager.draining = true;
  }

  /** Closes connections without a request under way; the others when their response is done. */
  closeIdle(): void {
    this.manager.draining = true;
    for (const connection of this.connections) {
      if (connection.isIdle && !connection.inHead) connection.close();
      else connection.closeAfter = true;
    }
  }

  /** Closes everything at once. */
  destroy(): void {
    for (const connection of this.connections) connection.socket.destroy();
  }
}
