import type { ClusterTable } from '@lateen/routing';
import type { ClusterStats } from '../cluster/cluster-stats.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { SocketRequest } from '../cluster/upstream-socket.ts';
import type { UpstreamConnection, UpstreamUser } from '../http/upstream-connection.ts';
import type { ConnectPlan } from '../http1/client-connection.ts';
import {
  type ClientSessionOwner,
  Http2ClientSession,
  type SessionFailure,
} from './client-session.ts';
import type { Http2ClientStream } from './client-stream.ts';

/** What a pool needs from its cluster. */
export interface PoolHost {
  readonly table: ClusterTable;
  readonly stats: ClusterStats;
  /** Requests that may wait for a session. */
  readonly maxPending: number;
  plan(endpoint: Endpoint, request: SocketRequest): ConnectPlan;
  /** Whether the breaker for connections lets one more through. */
  mayConnect(): boolean;
  countOpen(endpoint: Endpoint): void;
  countClosed(endpoint: Endpoint, connected: boolean): void;
  /** An HTTP/1.1 connection: the server does not speak HTTP/2. */
  fallBack(endpoint: Endpoint, request: SocketRequest): UpstreamConnection;
  nowMs(): number;
}

/** What a request asks of a pool. `key`: connections for other keys are not for it. */
export interface PoolRequest {
  readonly endpoint: Endpoint;
  readonly request: SocketRequest;
  readonly key: string;
  readonly user: UpstreamUser;
}

/** Requests that wait in one pool, whatever the cluster's breakers sum up. */
interface Waiter {
  readonly user: UpstreamUser;
  readonly request: SocketRequest;
}

/** Sessions with one endpoint that are alike. */
class EndpointPool implements ClientSessionOwner {
  readonly sessions: Set<Http2ClientSession> = new Set<Http2ClientSession>();
  /** TLS agreed on HTTP/1.1: do not ask again. */
  speaksHttp1 = false;
  #waiting: Waiter[] = [];
  readonly #endpoint: Endpoint;
  readonly #host: PoolHost;
  #connecting = 0;

  constructor(endpoint: Endpoint, host: PoolHost) {
    this.#endpoint = endpoint;
    this.#host = host;
  }

  acquire(user: UpstreamUser, request: SocketRequest): Http2ClientStream | 'overflow' | 'waiting' {
    const session = this.#withRoom();
    if (session !== undefined && this.#waiting.length === 0) return this.#open(session);
    const { stats, maxPending } = this.#host;
    if (this.#waiting.length >= maxPending) {
      stats.requestPendingOverflow.value++;
      return 'overflow';
    }
    this.#waiting.push({ user, request });
    stats.requestPendingTotal.value++;
    stats.requestPendingActive.value++;
    if (this.#connecting === 0) this.#connect(request);
    return 'waiting';
  }

  cancel(user: UpstreamUser): boolean {
    const at = this.#waiting.findIndex((waiter) => waiter.user === user);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#host.stats.requestPendingActive.value--;
    return true;
  }

  /** The next that waits, no longer waiting. */
  #shift(): Waiter | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#host.stats.requestPendingActive.value--;
    return next;
  }

  sessionReady(session: Http2ClientSession): void {
    this.#host.stats.http2Connections.value++;
    session.idleSinceMs = this.#host.nowMs();
    this.#connecting--;
    this.#serve();
  }

  sessionFailed(failure: SessionFailure, detail: string): void {
    this.#connecting--;
    // Only those of now: a retry must not be failed by the connection before it.
    for (let left = this.#waiting.length; left > 0; left--) {
      const next = this.#shift();
      if (failure !== 'other-protocol') next?.user.upstreamFailed(failure, detail);
      else {
        this.speaksHttp1 = true;
        if (next !== undefined) this.#fallBack(next);
      }
    }
  }

  #fallBack({ user, request }: Waiter): void {
    user.upstreamReady(this.#host.fallBack(this.#endpoint, request));
  }

  streamEnded(session: Http2ClientSession): void {
    session.idleSinceMs = this.#host.nowMs();
    if (this.#waiting.length > 0) process.nextTick(() => this.#serve());
  }

  sessionClosed(session: Http2ClientSession, connected: boolean): void {
    this.sessions.delete(session);
    this.#host.countClosed(this.#endpoint, connected);
    if (connected && this.#waiting.length > 0) process.nextTick(() => this.#serve());
  }

  #withRoom(): Http2ClientSession | undefined {
    for (const session of this.sessions) if (session.hasRoom) return session;
    return undefined;
  }

  #open(session: Http2ClientSession): Http2ClientStream {
    const stream = session.open();
    const most = this.#host.table.http.maxRequestsPerConnection;
    if (most > 0 && session.requests >= most) session.retired = true;
    return stream;
  }

  #connect(request: SocketRequest): void {
    const host = this.#host;
    // As Envoy: an endpoint without any connection gets one even when the cluster is full.
    if (this.sessions.size > 0 && !host.mayConnect()) {
      host.stats.connectionOverflow.value++;
      return;
    }
    this.#connecting++;
    host.countOpen(this.#endpoint);
    const { protocol } = host.table.http;
    const speaks = protocol === 'auto' ? 'auto' : 'http2';
    const plan = host.plan(this.#endpoint, { ...request, speaks });
    this.sessions.add(new Http2ClientSession(plan, host.table.http, this));
  }

  #serve(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const session = this.#withRoom();
      if (session === undefined) {
        if (this.#connecting === 0) this.#connect(next.request);
        return;
      }
      this.#shift();
      next.user.upstreamReady(this.#open(session));
    }
  }
}

/** HTTP/2 sessions of one cluster, by endpoint. */
export class SessionPool {
  readonly #host: PoolHost;
  readonly #pools = new Map<Endpoint, Map<string, EndpointPool>>();

  constructor(host: PoolHost) {
    this.#host = host;
  }

  /** Whether a request is for HTTP/2. Upgrades never are. */
  takes(endpoint: Endpoint, { protocol }: SocketRequest): boolean {
    if (protocol === 'upgrade') return false;
    const spoken = this.#host.table.http.protocol;
    if (spoken === 'http2') return true;
    if (spoken === 'downstream') return protocol === 'http2';
    if (spoken !== 'auto' || this.#host.table.transport.kind !== 'tls') return false;
    for (const pool of this.#pools.get(endpoint)?.values() ?? []) {
      if (pool.speaksHttp1) return false;
    }
    return true;
  }

  /** A stream for one request; `waiting`: the user is told by `upstreamReady` or `upstreamFailed`. */
  acquire(wanted: PoolRequest): Http2ClientStream | 'overflow' | 'waiting' {
    const { endpoint, key, user, request } = wanted;
    let pools = this.#pools.get(endpoint);
    if (pools === undefined) {
      pools = new Map();
      this.#pools.set(endpoint, pools);
    }
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = new EndpointPool(endpoint, this.#host);
      pools.set(key, pool);
    }
    return pool.acquire(user, request);
  }

  /** Stops waiting; false: it did not wait here. */
  cancel(user: UpstreamUser): boolean {
    for (const pools of this.#pools.values()) {
      for (const pool of pools.values()) if (pool.cancel(user)) return true;
    }
    return false;
  }

  /** The endpoint is gone: its sessions end with their streams. */
  retireEndpoint(endpoint: Endpoint): void {
    const pools = this.#pools.get(endpoint);
    if (pools === undefined) return;
    this.#pools.delete(endpoint);
    for (const { sessions } of pools.values()) for (const session of sessions) session.retire();
  }

  /** Ends sessions idle for too long, and those that are too old. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs, maxConnectionDurationMs } = this.#host.table.http;
    for (const [endpoint, pools] of this.#pools) {
      for (const [key, pool] of pools) {
        for (const session of pool.sessions) {
          session.expire(nowMs, { idleTimeoutMs, maxConnectionDurationMs });
        }
        if (pool.sessions.size === 0 && !pool.speaksHttp1) pools.delete(key);
      }
      if (pools.size === 0) this.#pools.delete(endpoint);
    }
  }
}
