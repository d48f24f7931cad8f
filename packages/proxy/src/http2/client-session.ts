import http2, { type ClientHttp2Session } from 'node:http2';
import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Http2Settings } from '@lateen/routing';
import type { ConnectPlan } from '../http1/client-connection.ts';
import { connectFailure } from '../tls/failure-reason.ts';
import { Http2ClientStream } from './client-stream.ts';
import {
  clientOptions,
  connectionWindowBytes,
  errorCode,
  type HeadLimits,
  maxStreams,
} from './session-limits.ts';

/** Head of a response: Envoy's bound. */
const maxResponseHeadBytes = 61_440;

/** What is spoken on a session. */
export interface SessionSettings {
  readonly http2: Http2Settings;
  /** Header lines of a response. */
  readonly maxHeadersCount: number;
}

/** Why a session never became ready; `other-protocol`: TLS agreed on something else. */
export type SessionFailure = 'connect-failure' | 'connect-timeout' | 'other-protocol';

/** Who owns a session. */
export interface ClientSessionOwner {
  /** Connected: streams may begin. */
  sessionReady(session: Http2ClientSession): void;
  /** Never became ready. */
  sessionFailed(failure: SessionFailure, detail: string): void;
  /** A stream ended: there may be room. */
  streamEnded(session: Http2ClientSession): void;
  sessionClosed(session: Http2ClientSession, connected: boolean): void;
}

/** One HTTP/2 connection to an endpoint; it takes requests until it retires. */
export class Http2ClientSession {
  readonly socket: net.Socket;
  localLabel = '';
  requests = 0;
  /** Streams under way. */
  active = 0;
  connected = false;
  /** No further streams: the peer said so, or enough requests were made. */
  retired = false;
  isBroken = false;
  idleSinceMs = 0;
  readonly #owner: ClientSessionOwner;
  readonly #settings: Http2Settings;
  readonly #limits: HeadLimits;
  #session: ClientHttp2Session | undefined = undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #connectedMs = 0;
  #reason = 'connection termination';

  constructor(plan: ConnectPlan, settings: SessionSettings, owner: ClientSessionOwner) {
    this.#owner = owner;
    this.#settings = settings.http2;
    this.#limits = {
      maxHeadBytes: maxResponseHeadBytes,
      maxHeaders: settings.maxHeadersCount,
    };
    const socket = plan.open(undefined);
    this.socket = socket;
    this.#timer = setTimeout(
      () => this.#failed('connect-timeout', 'connection timeout'),
      plan.connectTimeoutMs,
    );
    socket.on('error', (error: Error) => {
      this.#reason = connectFailure(error);
    });
    socket.once('close', () => this.#onClose());
    socket.once(plan.isTls ? 'secureConnect' : 'connect', () => this.#onConnect(plan.isTls));
  }

  /** Whether one more request finds room. */
  get hasRoom(): boolean {
    if (!this.connected || this.retired || this.isBroken || this.#closed) return false;
    const ours = maxStreams(this.#settings);
    const theirs = this.#session?.remoteSettings.maxConcurrentStreams;
    return this.active < Math.min(ours, theirs === undefined || theirs === 0 ? ours : theirs);
  }

  get session(): ClientHttp2Session {
    if (this.#session === undefined) throw new TypeError('the session is not connected');
    return this.#session;
  }

  /** A place for one request. */
  open(): Http2ClientStream {
    this.active++;
    this.requests++;
    return new Http2ClientStream(this);
  }

  streamClosed(_stream: Http2ClientStream): void {
    this.active--;
    if (this.active === 0 && this.retired) this.close();
    this.#owner.streamEnded(this);
  }

  /** No further streams; closes when those under way are done. */
  retire(): void {
    this.retired = true;
    if (this.active === 0) this.close();
  }

  /** Ends the session when it was idle too long, or is too old. 0: no bound. */
  expire(
    nowMs: number,
    limits: { readonly idleTimeoutMs: number; readonly maxConnectionDurationMs: number },
  ): void {
    if (!this.connected || this.retired) return;
    const { idleTimeoutMs, maxConnectionDurationMs } = limits;
    const isIdle = idleTimeoutMs > 0 && this.active === 0;
    const ageMs = performance.now() - this.#connectedMs;
    const isOld = maxConnectionDurationMs > 0 && ageMs > maxConnectionDurationMs;
    if (isOld || (isIdle && this.idleSinceMs + idleTimeoutMs < nowMs)) this.retire();
  }

  close(): void {
    if (this.#session === undefined) this.socket.destroy();
    else if (!this.#session.closed) this.#session.close();
  }

  destroy(): void {
    this.isBroken = true;
    this.#session?.destroy();
    this.socket.destroy();
  }

  #onConnect(isTls: boolean): void {
    clearTimeout(this.#timer);
    const { socket } = this;
    if (socket.destroyed) return;
    const agreed = isTls ? (socket as TLSSocket).alpnProtocol : false;
    if (agreed && agreed !== 'h2' && agreed.startsWith('http/')) {
      this.#failed('other-protocol', agreed);
      return;
    }
    this.#connectedMs = performance.now();
    socket.setNoDelay(true);
    this.connected = true;
    this.localLabel = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    const session = http2.connect('http://upstream', {
      ...clientOptions(this.#settings, this.#limits),
      createConnection: () => socket,
    });
    this.#session = session;
    session.on('error', () => {
      this.isBroken = true;
    });
    session.on('goaway', (code) => {
      this.retired = true;
      if (code !== errorCode.none) this.isBroken = true;
    });
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(connectionWindowBytes(this.#settings));
    });
    this.#owner.sessionReady(this);
  }

  #failed(failure: SessionFailure, detail: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.isBroken = true;
    clearTimeout(this.#timer);
    this.socket.destroy();
    this.#owner.sessionClosed(this, false);
    this.#owner.sessionFailed(failure, detail);
  }

  #onClose(): void {
    if (!this.connected) {
      this.#failed('connect-failure', this.#reason);
      return;
    }
    if (this.#closed) return;
    this.#closed = true;
    this.isBroken = true;
    this.#owner.sessionClosed(this, true);
  }
}
