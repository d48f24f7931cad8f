import type { CircuitBreakerThresholds, ClusterTable, Dice, EndpointTable } from '@lateen/routing';
import type { UpstreamConnection, UpstreamUser } from '../http/upstream-connection.ts';
import { ClientConnection, type ConnectionOwner } from '../http1/client-connection.ts';
import { SessionPool } from '../http2/session-pool.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { SecureContexts } from '../tls/secure-context.ts';
import type { PickContext } from './balancer.ts';
import { ClusterStats } from './cluster-stats.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointSet } from './endpoint-set.ts';
import { needsHash } from './load-balancer.ts';
import { originalEndpoint } from './original-destination.ts';
import { type Outcome, OutlierDetector } from './outlier-detector.ts';
import { TcpConnection } from './tcp-connection.ts';
import { isKeyedPool, planConnection, poolKey, type SocketRequest } from './upstream-socket.ts';
import type { LocalZone } from './zone-routing.ts';

/** What clusters share. */
export interface ClusterDependencies {
  readonly stats: StatsRegistry;
  readonly contexts: SecureContexts;
  readonly dice: Dice;
  readonly nowMs: () => number;
  /** The proxy's own zone and cluster, where the bootstrap names them. */
  readonly localZone?: LocalZone | undefined;
}

/** Requests that wait for a connection of one cluster, whatever the breakers allow. */
const maxWaiting = 65_536;

/** One upstream request that waits for a connection. */
interface Waiter {
  readonly user: UpstreamUser;
  readonly endpoint: Endpoint;
  readonly request: SocketRequest;
}

/** What comes of asking for a connection. */
export type Acquired = UpstreamConnection | 'overflow' | 'waiting';

/** A cluster at work: endpoints, their connections, its limits and its statistics. */
export class Cluster {
  readonly table: ClusterTable;
  readonly endpoints: EndpointSet;
  readonly stats: ClusterStats;
  readonly needsHash: boolean;
  readonly isOriginalDestination: boolean;
  /** Ready for traffic: endpoints are known. */
  warm: boolean;
  /** Replaced or removed: connections close when they are done. */
  #retired = false;
  #connections = 0;
  #requests = 0;
  #retries = 0;
  #waiting: Waiter[] = [];
  /** Connections under way to being made, each for one request that waits for it. */
  #connecting = 0;
  /** What a connection was made for; kept only where it matters. */
  readonly #made = new WeakMap<ClientConnection, { key: string; atMs: number }>();
  /** Connections are not alike: some carry what their client sent. */
  readonly #isKeyed: boolean;
  /** HTTP/2 connections, where the cluster may have some. */
  readonly #sessions: SessionPool | undefined;
  readonly #limits: CircuitBreakerThresholds;
  readonly #highLimits: CircuitBreakerThresholds;
  readonly #deps: ClusterDependencies;
  readonly #detector: OutlierDetector | undefined;

  constructor(table: ClusterTable, deps: ClusterDependencies) {
    this.table = table;
    this.#deps = deps;
    this.#limits = table.circuitBreakers.default;
    this.#highLimits = table.circuitBreakers.high;
    this.stats = new ClusterStats(deps.stats, table.statName);
    this.endpoints = new EndpointSet(table, {
      nowMs: deps.nowMs,
      localZone: deps.localZone,
      onPanic: () => {
        this.stats.panic.value++;
      },
    });
    this.needsHash = needsHash(table);
    this.#isKeyed = isKeyedPool(table);
    if (table.http.protocol !== 'http1') this.#sessions = this.#createSessions();
    this.isOriginalDestination = table.discovery.kind === 'original-dst';
    this.warm = this.isOriginalDestination || table.discovery.kind === 'static';
    if (table.outlierDetection !== undefined) {
      this.#detector = new OutlierDetector(table.outlierDetection, deps.dice, {
        onChange: (_endpoint, ejected) => this.#onEjection(ejected),
        onOverflow: () => {
          this.stats.ejectionsOverflow.value++;
        },
      });
    }
    if (table.discovery.kind === 'static' && table.endpoints !== undefined) {
      this.setEndpoints(table.endpoints);
    }
  }

  get name(): string {
    return this.table.name;
  }

  /** Interval of `sweep`, 0: not needed. */
  get sweepIntervalMs(): number {
    return this.table.outlierDetection?.intervalMs ?? 0;
  }

  get connectionCount(): number {
    return this.#connections;
  }

  /** Takes new endpoints; connections to those that left are closed as they become idle. */
  setEndpoints(table: EndpointTable): void {
    const before = this.endpoints.endpoints.length;
    const gone = this.endpoints.replace(table);
    for (const endpoint of gone) this.#closeIdle(endpoint);
    const isChanged = gone.length > 0 || this.endpoints.endpoints.length !== before;
    if (isChanged) this.stats.membershipChange.value++;
    this.warm = true;
    this.#countMembers();
  }

  /** Whether a request is to be dropped to spare an overloaded service (`drop_overloads`). */
  dropsRequest(): boolean {
    if (this.endpoints.drawDrop(this.#deps.dice) === undefined) return false;
    this.stats.requestDropped.value++;
    return true;
  }

  /** The endpoint for a request. */
  pick(
    context: PickContext,
    metadata: Readonly<Record<string, unknown>> | undefined,
  ): Endpoint | undefined {
    const endpoint = this.endpoints.pick(context, metadata);
    if (endpoint === undefined) this.stats.noneHealthy.value++;
    return endpoint;
  }

  /** The endpoint for an address that came with the connection or the request. */
  original(host: string, port: number): Endpoint | undefined {
    return originalEndpoint(this.endpoints, host, port);
  }

  /**
   * A connection for one request. `waiting`: the user is told later by `upstreamReady`, or by
   * `upstreamFailed`. `beginRequest` must have been called.
   */
  acquire(endpoint: Endpoint, user: UpstreamUser, request: SocketRequest): Acquired {
    const key = this.#isKeyed ? poolKey(this.table, request) : '';
    if (this.#sessions?.takes(endpoint, request)) {
      return this.#sessions.acquire({ endpoint, request, key, user });
    }
    const idle = this.#popIdle(endpoint, key);
    if (idle !== undefined) return idle;
    const mostPending = Math.min(this.#limits.maxPendingRequests, maxWaiting);
    if (this.#waiting.length + this.#connecting >= mostPending) {
      this.stats.requestPendingOverflow.value++;
      return 'overflow';
    }
    this.stats.requestPendingTotal.value++;
    const perHost = this.table.circuitBreakers.perHostMaxConnections;
    const isFull = this.#connections >= this.#limits.maxConnections;
    const isHostFull = perHost !== undefined && endpoint.connections >= perHost;
    // As Envoy: an endpoint without any connection gets one even when the cluster is full.
    if (endpoint.connections > 0 && (isFull || isHostFull)) {
      this.stats.connectionOverflow.value++;
      this.#waiting.push({ user, endpoint, request });
      this.#countPending(1);
      return 'waiting';
    }
    return this.#connect(endpoint, request);
  }

  /** A connection for a TCP session; undefined: the breaker for connections is open. */
  openTcp(endpoint: Endpoint, request: SocketRequest): TcpConnection | undefined {
    if (this.#connections >= this.#limits.maxConnections) {
      this.stats.connectionOverflow.value++;
      return undefined;
    }
    const plan = planConnection(this.table, endpoint, this.#deps.contexts, request);
    this.#countOpen(endpoint);
    return new TcpConnection(plan, (connected) => this.#countClosed(endpoint, connected));
  }

  /** Stops waiting. */
  cancelWaiting(user: UpstreamUser): void {
    if (this.#sessions?.cancel(user)) return;
    const at = this.#waiting.findIndex((waiter) => waiter.user === user);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#countPending(-1);
  }

  /** Counts a request in; false: the breaker for requests is open. */
  beginRequest(endpoint: Endpoint, priority: 'default' | 'high'): boolean {
    const limits = priority === 'high' ? this.#highLimits : this.#limits;
    if (this.#requests >= limits.maxRequests) {
      this.stats.requestPendingOverflow.value++;
      return false;
    }
    this.#requests++;
    endpoint.active++;
    endpoint.requestsTotal++;
    this.stats.requests.value++;
    this.stats.requestsActive.value++;
    if (this.#requests >= this.#limits.maxRequests) this.stats.requestsOpen.value = 1;
    return true;
  }

  /** Counts a request out. */
  endRequest(endpoint: Endpoint): void {
    this.#requests--;
    endpoint.active--;
    this.stats.requestsActive.value--;
    if (this.#requests < this.#limits.maxRequests) this.stats.requestsOpen.value = 0;
  }

  /** Takes a place for a retry; false: too many are under way. */
  beginRetry(priority: 'default' | 'high'): boolean {
    if (this.#retries >= this.#mostRetries(priority)) {
      this.stats.requestRetryOverflow.value++;
      return false;
    }
    this.#retries++;
    this.stats.retriesOpen.value = Number(this.#retries >= this.#mostRetries('default'));
    return true;
  }

  endRetry(): void {
    this.#retries--;
    this.stats.retriesOpen.value = Number(this.#retries >= this.#mostRetries('default'));
  }

  /** A budget is a part of the requests under way, and beats the fixed number. */
  #mostRetries(priority: 'default' | 'high'): number {
    const limits = priority === 'high' ? this.#highLimits : this.#limits;
    const budget = limits.retryBudget;
    if (budget === undefined) return limits.maxRetries;
    const part = Math.floor((this.#requests * budget.percent) / 100);
    return Math.max(budget.minConcurrency, part);
  }

  /** Tells outlier detection what came of a request. */
  report(endpoint: Endpoint, outcome: Outcome): void {
    if (outcome.kind !== 'connected' && (outcome.kind !== 'status' || outcome.status >= 500)) {
      endpoint.requestsFailed++;
    }
    this.#detector?.report(endpoint, outcome, this.endpoints.endpoints, this.#deps.nowMs());
  }

  /** Ends ejections and closes connections that were idle too long. */
  sweep(nowMs: number): void {
    this.#detector?.sweep(this.endpoints.endpoints, nowMs);
  }

  /** Closes connections idle for too long, and idle ones that are too old. */
  closeExpired(nowMs: number): void {
    const { idleTimeoutMs, maxConnectionDurationMs } = this.table.http;
    this.#sessions?.sweep(nowMs);
    if (idleTimeoutMs === 0 && maxConnectionDurationMs === 0) return;
    for (const { idle } of this.endpoints.endpoints) {
      for (const connection of [...idle]) {
        if (this.#isIdleTooLong(connection, nowMs) || this.#isOld(connection, nowMs)) {
          connection.destroy();
        }
      }
    }
  }

  #isIdleTooLong(connection: ClientConnection, nowMs: number): boolean {
    const { idleTimeoutMs } = this.table.http;
    if (idleTimeoutMs === 0 || connection.idleSinceMs + idleTimeoutMs >= nowMs) return false;
    this.stats.connectionIdleTimeout.value++;
    return true;
  }

  #isOld(connection: ClientConnection, nowMs: number): boolean {
    const { maxConnectionDurationMs } = this.table.http;
    if (maxConnectionDurationMs === 0) return false;
    const made = this.#made.get(connection);
    if (made === undefined || made.atMs + maxConnectionDurationMs > nowMs) return false;
    this.stats.maxDurationReached.value++;
    return true;
  }

  /** Out of service: idle connections close now, the others after their request. */
  retire(): void {
    this.#retired = true;
    for (const endpoint of this.endpoints.endpoints) {
      endpoint.removed = true;
      this.#closeIdle(endpoint);
    }
  }

  #popIdle(endpoint: Endpoint, key: string): ClientConnection | undefined {
    const { idle } = endpoint;
    let connection = idle.pop();
    if (connection === undefined) return undefined;
    if (this.#isKeyed && this.#made.get(connection)?.key !== key) {
      idle.push(connection);
      const at = idle.findLastIndex((other) => this.#made.get(other)?.key === key);
      [connection] = at < 0 ? [] : idle.splice(at, 1);
      if (connection === undefined) return undefined;
    }
    const most = this.table.http.maxRequestsPerConnection;
    if (most > 0 && connection.requests + 1 >= most) {
      connection.retire = true;
      this.stats.connectionMaxRequests.value++;
    }
    return connection;
  }

  #connect(endpoint: Endpoint, request: SocketRequest): ClientConnection {
    const plan = planConnection(this.table, endpoint, this.#deps.contexts, request);
    this.#countOpen(endpoint);
    this.#countConnecting(1);
    const { maxHeadersCount } = this.table.http;
    const connection = new ClientConnection(plan, this.#ownerFor(endpoint), maxHeadersCount);
    if (this.#isKeyed || this.table.http.maxConnectionDurationMs > 0) {
      const key = this.#isKeyed ? poolKey(this.table, request) : '';
      this.#made.set(connection, { key, atMs: this.#deps.nowMs() });
    }
    if (this.table.http.maxRequestsPerConnection === 1) {
      connection.retire = true;
      this.stats.connectionMaxRequests.value++;
    }
    return connection;
  }

  #ownerFor(endpoint: Endpoint): ConnectionOwner {
    const { nowMs } = this.#deps;
    const startMs = nowMs();
    return {
      connectionOpened: () => {
        this.stats.http1Connections.value++;
        this.stats.connectMs.observe(nowMs() - startMs);
        this.#countConnecting(-1);
      },
      connectionIdle: (connection) => this.#onIdle(endpoint, connection),
      connectionClosed: (connection) => {
        this.stats.connectionLengthMs.observe(nowMs() - startMs);
        this.#onClosed(endpoint, connection);
      },
    };
  }

  #onIdle(endpoint: Endpoint, connection: ClientConnection): void {
    const now = this.#deps.nowMs();
    if (endpoint.removed || this.#retired || this.#isOld(connection, now)) {
      connection.destroy();
      return;
    }
    if (this.#waiting.length > 0) {
      const at = this.#waiting.findIndex(
        (waiter) =>
          waiter.endpoint === endpoint &&
          (!this.#isKeyed ||
            this.#made.get(connection)?.key === poolKey(this.table, waiter.request)),
      );
      const [waiter] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (waiter !== undefined) {
        this.#countPending(-1);
        // Not now: the caller is still inside the end of the last response.
        process.nextTick(() => this.#serve(waiter, connection));
        return;
      }
    }
    connection.idleSinceMs = now;
    endpoint.idle.push(connection);
  }

  #serve({ user, endpoint, request }: Waiter, connection: ClientConnection): void {
    if (!connection.closed) user.upstreamReady(connection);
    else user.upstreamReady(this.#connect(endpoint, request));
  }

  #onClosed(endpoint: Endpoint, connection: ClientConnection): void {
    const at = endpoint.idle.lastIndexOf(connection);
    if (at >= 0) endpoint.idle.splice(at, 1);
    this.#countClosed(endpoint, connection.connected);
    if (!connection.connected) this.#countConnecting(-1);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#countPending(-1);
    process.nextTick(() => next.user.upstreamReady(this.#connect(next.endpoint, next.request)));
  }

  /** Requests that wait, in the queue or for the connection that is made for them. */
  #countPending(by: 1 | -1): void {
    const { stats } = this;
    stats.requestPendingActive.value += by;
    const pending = this.#waiting.length + this.#connecting;
    stats.pendingOpen.value = Number(pending >= this.#limits.maxPendingRequests);
  }

  #countConnecting(by: 1 | -1): void {
    this.#connecting += by;
    this.#countPending(by);
  }

  #countOpen(endpoint: Endpoint): void {
    this.#connections++;
    this.stats.connectionsOpen.value = Number(this.#connections >= this.#limits.maxConnections);
    endpoint.connections++;
    this.stats.connections.value++;
    this.stats.connectionsActive.value++;
  }

  #countClosed(endpoint: Endpoint, connected: boolean): void {
    this.#connections--;
    this.stats.connectionsOpen.value = Number(this.#connections >= this.#limits.maxConnections);
    endpoint.connections--;
    this.stats.connectionsActive.value--;
    this.stats.connectionsDestroyed.value++;
    if (connected) return;
    this.stats.connectFail.value++;
    endpoint.connectFailures++;
  }

  #createSessions(): SessionPool {
    const { table, stats } = this;
    return new SessionPool({
      table,
      maxPending: Math.min(this.#limits.maxPendingRequests, maxWaiting),
      plan: (endpoint, request) => planConnection(table, endpoint, this.#deps.contexts, request),
      mayConnect: () => this.#connections < this.#limits.maxConnections,
      countOpen: (endpoint) => this.#countOpen(endpoint),
      countClosed: (endpoint, connected) => this.#countClosed(endpoint, connected),
      stats,
      fallBack: (endpoint, request) => this.#connect(endpoint, request),
      nowMs: this.#deps.nowMs,
    });
  }

  #closeIdle(endpoint: Endpoint): void {
    this.#sessions?.retireEndpoint(endpoint);
    for (const connection of endpoint.idle.splice(0)) connection.destroy();
  }

  #onEjection(ejected: boolean): void {
    if (ejected) this.stats.ejectionsTotal.value++;
    this.stats.ejectionsActive.value += ejected ? 1 : -1;
    this.endpoints.invalidate();
    this.#countMembers();
  }

  #countMembers(): void {
    const { stats, endpoints } = this;
    const all = endpoints.endpoints;
    stats.membershipTotal.value = all.length;
    stats.membershipHealthy.value = endpoints.healthyCount;
    stats.membershipDegraded.value = all.filter(({ isDegraded }) => isDegraded).length;
  }
}
