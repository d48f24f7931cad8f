import type { CircuitBreakerThresholds, ClusterTable, Dice, EndpointTable } from '@lateen/routing';
import {
  ClientConnection,
  type ConnectionOwner,
  type UpstreamUser,
} from '../http1/client-connection.ts';
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
import { planConnection, type SocketRequest } from './upstream-socket.ts';

/** What clusters share. */
export interface ClusterDependencies {
  readonly stats: StatsRegistry;
  readonly contexts: SecureContexts;
  readonly dice: Dice;
  readonly nowMs: () => number;
}

/** Requests that wait for a connection of one cluster, whatever the breakers allow. */
const maxWaiting = 65_536;

/** One upstream request that waits for a connection. */
interface Waiter {
  readonly user: UpstreamUser;
  readonly endpoint: Endpoint;
}

/** What comes of asking for a connection. */
export type Acquired = ClientConnection | 'overflow' | 'waiting';

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
  readonly #limits: CircuitBreakerThresholds;
  readonly #highLimits: CircuitBreakerThresholds;
  readonly #deps: ClusterDependencies;
  readonly #detector: OutlierDetector | undefined;

  constructor(table: ClusterTable, deps: ClusterDependencies) {
    this.table = table;
    this.#deps = deps;
    this.#limits = table.circuitBreakers.default;
    this.#highLimits = table.circuitBreakers.high;
    this.endpoints = new EndpointSet(table);
    this.stats = new ClusterStats(deps.stats, table.statName);
    this.needsHash = needsHash(table);
    this.isOriginalDestination = table.discovery.kind === 'original-dst';
    this.warm = this.isOriginalDestination || table.discovery.kind === 'static';
    if (table.outlierDetection !== undefined) {
      this.#detector = new OutlierDetector(table.outlierDetection, deps.dice, (endpoint, ejected) =>
        this.#onEjection(endpoint, ejected),
      );
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
    for (const endpoint of this.endpoints.replace(table)) this.#closeIdle(endpoint);
    this.warm = true;
    this.#countMembers();
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
    const idle = this.#popIdle(endpoint);
    if (idle !== undefined) return idle;
    const perHost = this.table.circuitBreakers.perHostMaxConnections;
    const isFull = this.#connections >= this.#limits.maxConnections;
    const isHostFull = perHost !== undefined && endpoint.connections >= perHost;
    // As Envoy: an endpoint without any connection gets one even when the cluster is full.
    if (endpoint.connections > 0 && (isFull || isHostFull)) {
      this.stats.connectionOverflow.value++;
      const limit = Math.min(this.#limits.maxPendingRequests, maxWaiting);
      if (this.#waiting.length >= limit) {
        this.stats.requestPendingOverflow.value++;
        return 'overflow';
      }
      this.#waiting.push({ user, endpoint });
      this.stats.requestPendingActive.value++;
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
    const at = this.#waiting.findIndex((waiter) => waiter.user === user);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.stats.requestPendingActive.value--;
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
    return true;
  }

  /** Counts a request out. */
  endRequest(endpoint: Endpoint): void {
    this.#requests--;
    endpoint.active--;
    this.stats.requestsActive.value--;
  }

  /** Takes a place for a retry; false: too many are under way. */
  beginRetry(priority: 'default' | 'high'): boolean {
    const limits = priority === 'high' ? this.#highLimits : this.#limits;
    const budget = limits.retryBudget;
    const most =
      budget === undefined
        ? limits.maxRetries
        : Math.max(budget.minConcurrency, Math.floor((this.#requests * budget.percent) / 100));
    if (this.#retries >= most) {
      this.stats.requestRetryOverflow.value++;
      return false;
    }
    this.#retries++;
    return true;
  }

  endRetry(): void {
    this.#retries--;
  }

  /** Tells outlier detection what came of a request. */
  report(endpoint: Endpoint, outcome: Outcome): void {
    if (outcome.kind === 'local-failure' || outcome.status >= 500) endpoint.requestsFailed++;
    this.#detector?.report(endpoint, outcome, this.endpoints.endpoints, this.#deps.nowMs());
  }

  /** Ends ejections and closes connections that were idle too long. */
  sweep(nowMs: number): void {
    this.#detector?.sweep(this.endpoints.endpoints, nowMs);
  }

  /** Closes connections idle since before `nowMs` less the idle timeout. */
  closeExpired(nowMs: number): void {
    const { idleTimeoutMs } = this.table.http;
    if (idleTimeoutMs === 0) return;
    for (const { idle } of this.endpoints.endpoints) {
      while (idle[0] !== undefined && idle[0].idleSinceMs + idleTimeoutMs < nowMs) {
        idle[0].destroy();
      }
    }
  }

  /** Out of service: idle connections close now, the others after their request. */
  retire(): void {
    this.#retired = true;
    for (const endpoint of this.endpoints.endpoints) {
      endpoint.removed = true;
      this.#closeIdle(endpoint);
    }
  }

  #popIdle(endpoint: Endpoint): ClientConnection | undefined {
    const connection = endpoint.idle.pop();
    if (connection === undefined) return undefined;
    const most = this.table.http.maxRequestsPerConnection;
    if (most > 0 && connection.requests + 1 >= most) connection.retire = true;
    return connection;
  }

  #connect(endpoint: Endpoint, request: SocketRequest): ClientConnection {
    const plan = planConnection(this.table, endpoint, this.#deps.contexts, request);
    this.#countOpen(endpoint);
    const connection = new ClientConnection(plan, this.#ownerFor(endpoint));
    if (this.table.http.maxRequestsPerConnection === 1) connection.retire = true;
    return connection;
  }

  #ownerFor(endpoint: Endpoint): ConnectionOwner {
    return {
      connectionOpened: () => undefined,
      connectionIdle: (connection) => this.#onIdle(endpoint, connection),
      connectionClosed: (connection) => this.#onClosed(endpoint, connection),
    };
  }

  #onIdle(endpoint: Endpoint, connection: ClientConnection): void {
    if (endpoint.removed || this.#retired) {
      connection.destroy();
      return;
    }
    if (this.#waiting.length > 0) {
      const at = this.#waiting.findIndex((waiter) => waiter.endpoint === endpoint);
      const [waiter] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (waiter !== undefined) {
        this.stats.requestPendingActive.value--;
        // Not now: the caller is still inside the end of the last response.
        process.nextTick(() => this.#serve(waiter, connection));
        return;
      }
    }
    connection.idleSinceMs = this.#deps.nowMs();
    endpoint.idle.push(connection);
  }

  #serve({ user, endpoint }: Waiter, connection: ClientConnection): void {
    if (!connection.closed) user.upstreamReady(connection);
    else user.upstreamReady(this.#connect(endpoint, { authority: '', alpn: [] }));
  }

  #onClosed(endpoint: Endpoint, connection: ClientConnection): void {
    const at = endpoint.idle.lastIndexOf(connection);
    if (at >= 0) endpoint.idle.splice(at, 1);
    this.#countClosed(endpoint, connection.connected);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.stats.requestPendingActive.value--;
    process.nextTick(() =>
      next.user.upstreamReady(this.#connect(next.endpoint, { authority: '', alpn: [] })),
    );
  }

  #countOpen(endpoint: Endpoint): void {
    this.#connections++;
    endpoint.connections++;
    this.stats.connections.value++;
    this.stats.connectionsActive.value++;
  }

  #countClosed(endpoint: Endpoint, connected: boolean): void {
    this.#connections--;
    endpoint.connections--;
    this.stats.connectionsActive.value--;
    this.stats.connectionsDestroyed.value++;
    if (connected) return;
    this.stats.connectFail.value++;
    endpoint.connectFailures++;
  }

  #closeIdle(endpoint: Endpoint): void {
    for (const connection of endpoint.idle.splice(0)) connection.destroy();
  }

  #onEjection(endpoint: Endpoint, ejected: boolean): void {
    if (ejected) this.stats.ejectionsTotal.value++;
    this.stats.ejectionsActive.value += ejected ? 1 : -1;
    this.endpoints.invalidate();
    this.#countMembers();
    void endpoint;
  }

  #countMembers(): void {
    this.stats.membershipTotal.value = this.endpoints.endpoints.length;
    this.stats.membershipHealthy.value = this.endpoints.healthyCount;
  }
}
