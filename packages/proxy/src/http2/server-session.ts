import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Http2Settings } from '@lateen/routing';
import type { ServerExchange } from '../http1/server-connection.ts';
import { ResetLimit } from './reset-limit.ts';
import { Http2ServerStream, type StreamSession } from './server-stream.ts';
import {
  connectionWindowBytes,
  endStreamFlag,
  errorCode,
  type HeadLimits,
  serverOptions,
} from './session-limits.ts';

/** `performServerHandshake` is younger than the type declarations. */
const { performServerHandshake } = http2 as unknown as {
  performServerHandshake(
    socket: net.Socket,
    options: http2.ServerSessionOptions,
  ): ServerHttp2Session;
};

/** What a session needs from the listener it belongs to. */
export interface ServerSessionHost {
  readonly http2: Http2Settings;
  readonly limits: HeadLimits;
  /** 0: no bound. */
  readonly maxRequests: number;
  createExchange(stream: Http2ServerStream): ServerExchange;
  protocolError(): void;
  sessionClosed(session: Http2ServerSession): void;
  nowMs(): number;
}

/** One HTTP/2 connection from a client. */
export class Http2ServerSession implements StreamSession {
  readonly remote: string;
  readonly remoteLabel: string;
  readonly localLabel: string;
  readonly tls: TLSSocket | undefined;
  cachedAuthority = '';
  cachedHost: unknown = undefined;
  cachedTable: unknown = undefined;
  /** Streams under way. */
  active = 0;
  requests = 0;
  /** When the last stream ended, or the session began. */
  sinceMs: number;
  readonly createdMs: number;
  readonly #host: ServerSessionHost;
  readonly #session: ServerHttp2Session;
  readonly #socket: net.Socket;
  readonly #resets = new ResetLimit();
  #closed = false;

  /** `first`: bytes that were read already. */
  constructor(
    socket: net.Socket,
    host: ServerSessionHost,
    options: { readonly isTls: boolean; readonly first: Buffer | undefined },
  ) {
    this.#host = host;
    this.#socket = socket;
    this.tls = options.isTls ? (socket as TLSSocket) : undefined;
    this.remote = socket.remoteAddress ?? '';
    this.remoteLabel = `${this.remote}:${socket.remotePort ?? 0}`;
    this.localLabel = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    this.sinceMs = host.nowMs();
    this.createdMs = this.sinceMs;
    if (options.first !== undefined && options.first.length > 0) socket.unshift(options.first);
    socket.on('error', () => undefined);
    // What `tls.Server` does when a handshake is done; without it the session waits for one.
    if (options.isTls) Object.assign(socket, { secureConnecting: false });
    const session = performServerHandshake(socket, serverOptions(host.http2, host.limits));
    this.#session = session;
    session.on('error', () => host.protocolError());
    session.on('close', () => this.#onClose());
    socket.once('close', () => this.#onClose());
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(connectionWindowBytes(host.http2));
    });
    session.on('stream', (stream, _headers, flags, raw) => {
      this.#onStream(stream, flags, raw as unknown as readonly string[]);
    });
  }

  #onStream(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    this.requests++;
    this.active++;
    if (stream.destroyed || stream.closed) {
      stream.on('error', () => undefined);
      this.streamClosed(true);
      return;
    }
    const { maxRequests } = this.#host;
    if (maxRequests > 0 && this.requests >= maxRequests) this.close();
    new Http2ServerStream(stream, this).start(raw, (flags & endStreamFlag) !== 0);
  }

  createExchange(stream: Http2ServerStream): ServerExchange {
    return this.#host.createExchange(stream);
  }

  malformed(): void {
    this.#host.protocolError();
  }

  streamClosed(reset: boolean): void {
    this.active--;
    const now = this.#host.nowMs();
    this.sinceMs = now;
    if (!reset || this.#closed || this.#resets.count(now)) return;
    this.#host.protocolError();
    this.#session.destroy(errorCode.enhanceYourCalm as never);
  }

  get isClosing(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  /** Takes no more streams; closes when those under way are done. */
  close(): void {
    if (!this.isClosing) this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.sessionClosed(this);
  }
}
