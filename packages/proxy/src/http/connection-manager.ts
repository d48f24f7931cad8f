import type {
  Destination,
  Dice,
  FormatNode,
  HttpConnectionManagerSettings,
  ListenerTable,
  RouteEntry,
} from '@lateen/routing';
import type { AccessLogger } from '../access-log/access-logger.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { Ticker } from '../ticker.ts';
import type { RequestTracing } from '../tracing/request-tracing.ts';
import type { HttpFilter } from './http-filter.ts';
import { HttpStats } from './http-stats.ts';
import type { RouteHolder } from './route-holder.ts';
import {
  buildRoutelessPlan,
  buildRoutePlan,
  type RoutePlan,
  type RouteScope,
} from './route-plan.ts';
import { needsStreamTimer } from './stream-timer.ts';

/** Where requests find clusters: always the current ones. */
export interface ClusterDirectory {
  get(name: string): Cluster | undefined;
}

/** What connection managers share. */
export interface HttpDependencies {
  readonly clusters: ClusterDirectory;
  readonly stats: StatsRegistry;
  readonly ticker: Ticker;
  readonly dice: Dice;
  readonly newRequestId: () => string;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Who this proxy is, for formats and expressions. */
  readonly node: FormatNode;
}

/** What a connection manager is made of. */
export interface ConnectionManagerParts {
  readonly settings: HttpConnectionManagerSettings;
  readonly routes: RouteHolder;
  readonly filters: readonly HttpFilter[];
  readonly accessLogs: readonly AccessLogger[];
  /** Undefined: nothing is traced. */
  readonly tracing: RequestTracing | undefined;
  readonly chainName: string;
  readonly direction: ListenerTable['direction'];
}

/** Plans kept at most for one table; more routes than that are worked out each time. */
const maxPlans = 65_536;

/** An HTTP connection manager at work: settings, current routes, filters, logs and statistics. */
export class ConnectionManager {
  readonly settings: HttpConnectionManagerSettings;
  readonly routes: RouteHolder;
  readonly filters: readonly HttpFilter[];
  readonly completionFilters: readonly HttpFilter[];
  readonly accessLogs: readonly AccessLogger[];
  readonly tracing: RequestTracing | undefined;
  readonly chainName: string;
  readonly direction: ListenerTable['direction'];
  readonly stats: HttpStats;
  readonly deps: HttpDependencies;
  /** Every stream is timed, not only those of routes that say so. */
  readonly timesStreams: boolean;
  /** The listener is going: answer and close. */
  draining = false;
  /** The plan of requests without a route. */
  readonly routelessPlan: RoutePlan;
  #plans = new Map<RouteEntry | Destination, RoutePlan>();
  #plansTable: unknown = undefined;

  constructor(parts: ConnectionManagerParts, deps: HttpDependencies) {
    this.settings = parts.settings;
    this.routes = parts.routes;
    this.filters = parts.filters;
    this.routelessPlan = buildRoutelessPlan(parts.filters);
    this.completionFilters = parts.filters.filter(({ onComplete }) => onComplete !== undefined);
    this.accessLogs = parts.accessLogs;
    this.tracing = parts.tracing;
    this.chainName = parts.chainName;
    this.direction = parts.direction;
    this.deps = deps;
    this.timesStreams = needsStreamTimer(parts.settings);
    this.stats = new HttpStats(deps.stats, parts.settings.statPrefix);
  }

  /** The plan of a route, looked up after the first time. */
  planOf(scope: RouteScope): RoutePlan {
    if (this.#plansTable !== scope.table) {
      this.#plansTable = scope.table;
      this.#plans = new Map();
    }
    const { destination } = scope;
    const isOwn =
      destination !== undefined &&
      (destination.filterConfig !== undefined ||
        destination.requestHeaders !== undefined ||
        destination.responseHeaders !== undefined);
    const key = isOwn ? destination : scope.route;
    const found = this.#plans.get(key);
    if (found !== undefined) return found;
    const plan = buildRoutePlan(scope, this.filters);
    if (this.#plans.size < maxPlans) this.#plans.set(key, plan);
    return plan;
  }
}
