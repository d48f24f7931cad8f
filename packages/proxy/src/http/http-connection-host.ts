import type net from 'node:net';
import {
  attachReader,
  detachReader,
  ServerConnection,
  type ServerConnectionHost,
  type ServerExchange,
} from '../http1/server-connection.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { HttpExchange } from './http-exchange.ts';
import { reasonOf } from './status-reason.ts';

/** Takes a connection over that turns out to be HTTP/2. `first`: bytes that were read already. */
export type AcceptHttp2 = (socket: net.Socket, isTls: boolean, first: Buffer) => void;

/** Connections of one connection manager. */
export class HttpConnectionHost implements ServerConnectionHost {
  readonly manager: ConnectionManager;
  readonly connections: Set<ServerConnection> = new Set<ServerConnection>();
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly delayedCloseMs: number;
  readonly #onClosed: () => void;
  readonly #acceptHttp2: AcceptHttp2 | undefined;

  constructor(manager: ConnectionManager, onClosed: () => void, acceptHttp2?: AcceptHttp2) {
    this.manager = manager;
    this.#acceptHttp2 = acceptHttp2;
    this.#onClosed = onClosed;
    const { settings } = manager;
    this.maxHeadBytes = settings.maxRequestHeadersBytes;
    this.maxHeaders = settings.maxHeadersCount;
    this.headersTimeoutMs = settings.requestHeadersTimeoutMs;
    this.idleTimeoutMs = settings.idleTimeoutMs;
    this.delayedCloseMs = settings.delayedCloseTimeoutMs;
  }

  nowMs(): number {
    return this.manager.deps.nowMs();
  }

  /** Takes over a socket; `first` are bytes that were read already. */
  accept(socket: net.Socket, isTls: boolean, first?: Buffer): ServerConnection {
    const connection = new ServerConnection(socket, this, isTls);
    this.connections.add(connection);
    const { stats } = this.manager;
    stats.connections.value++;
    stats.connectionsActive.value++;
    attachReader(socket, (chunk) => connection.receive(chunk));
    if (first !== undefined && first.length > 0 && !connection.receive(first)) return connection;
    socket._read(0);
    return connection;
  }

  createExchange(connection: ServerConnection): ServerExchange {
    const { maxRequestsPerConnection } = this.manager.settings;
    if (maxRequestsPerConnection > 0 && connection.requests >= maxRequestsPerConnection) {
      connection.closeAfter = true;
    }
    return new HttpExchange(connection, this.manager);
  }

  refuse(_connection: ServerConnection, status: number, _detail: string): string {
    const { stats } = this.manager;
    stats.requests.value++;
    stats.protocolErrors.value++;
    stats.requestStatus.count(status);
    return `HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;
  }

  takesOver(connection: ServerConnection, input: Buffer): boolean {
    if (this.#acceptHttp2 === undefined) return false;
    const { socket } = connection;
    this.connectionClosed(connection);
    // HTTP/1.1 never counted it: it is one connection still.
    this.manager.stats.connections.value--;
    detachReader(socket);
    this.#acceptHttp2(socket, connection.isTls, input);
    return true;
  }

  connectionClosed(connection: ServerConnection): void {
    if (!this.connections.delete(connection)) return;
    this.manager.stats.connectionsActive.value--;
    this.#onClosed();
  }

  /** Closes what was silent too long, and heads that never end. */
  sweep(nowMs: number): void {
    for (const connection of this.connections) {
      if (!connection.isIdle) continue;
      const silentMs = nowMs - connection.sinceMs;
      if (connection.inHead && this.headersTimeoutMs > 0 && silentMs > this.headersTimeoutMs) {
        connection.refuse(408, 'request_header_timeout');
      } else if (this.idleTimeoutMs > 0 && silentMs > this.idleTimeoutMs) connection.close();
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
