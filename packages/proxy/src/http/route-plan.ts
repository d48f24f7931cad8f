import {
  type Destination,
  type FilterConfig,
  type HeaderMutation,
  orderHeaderMutations,
  type RouteEntry,
  type RouteTable,
  type VirtualHostTable,
} from '@lateen/routing';
import type { HttpFilter, RequestFilter } from './http-filter.ts';

/** The places a filter's settings can come from, most specific first. */
export interface RouteScope {
  readonly table: RouteTable;
  readonly host: VirtualHostTable;
  readonly route: RouteEntry;
  readonly destination: Destination | undefined;
}

/** What one route means for a request: worked out once, then looked up. */
export interface RoutePlan {
  /** Filters that have something to do on this route, in order. Empty on the fast path. */
  readonly filters: readonly RequestFilter[];
  /** Where in the chain each of `filters` stands. */
  readonly positions: readonly number[];
  readonly requestMutations: readonly HeaderMutation[];
  readonly responseMutations: readonly HeaderMutation[];
}

/** A filter's settings for a route: weighted cluster over route over virtual host over table. */
export const filterConfigOf = (scope: RouteScope, name: string): FilterConfig | undefined =>
  scope.destination?.filterConfig?.get(name) ??
  scope.route.filterConfig.get(name) ??
  scope.host.filterConfig.get(name) ??
  scope.table.filterConfig.get(name);

const bindFilters = (
  httpFilters: readonly HttpFilter[],
  configOf: (name: string) => FilterConfig | undefined,
): Pick<RoutePlan, 'filters' | 'positions'> => {
  const filters: RequestFilter[] = [];
  const positions: number[] = [];
  for (const [position, filter] of httpFilters.entries()) {
    const config = configOf(filter.name);
    const found = config?.kind === 'disabled' ? undefined : filter.forRoute(config);
    if (found === undefined) continue;
    filters.push(found);
    positions.push(position);
  }
  return { filters, positions };
};

/** Nothing to do. */
export const noRoutePlan: RoutePlan = {
  filters: [],
  positions: [],
  requestMutations: [],
  responseMutations: [],
};

/** Filters of requests that no route takes: they run with their own settings. */
export const buildRoutelessPlan = (httpFilters: readonly HttpFilter[]): RoutePlan => ({
  ...noRoutePlan,
  ...bindFilters(httpFilters, () => undefined),
});

/** Where to go on in another plan when `done` filters of one have run. */
export const nextFilter = (before: RoutePlan, done: number, after: RoutePlan): number => {
  const last = before.positions[done - 1] ?? -1;
  const next = after.positions.findIndex((position) => position > last);
  return next < 0 ? after.filters.length : next;
};

/** Works out the plan of a route. */
export const buildRoutePlan = (
  scope: RouteScope,
  httpFilters: readonly HttpFilter[],
): RoutePlan => {
  const { table, host, route, destination } = scope;
  const order = table.mostSpecificMutationsWin;
  return {
    ...bindFilters(httpFilters, (name) => filterConfigOf(scope, name)),
    requestMutations: orderHeaderMutations(
      [
        destination?.requestHeaders,
        route.requestHeaders,
        host.requestHeaders,
        table.requestHeaders,
      ],
      order,
    ),
    responseMutations: orderHeaderMutations(
      [
        destination?.responseHeaders,
        route.responseHeaders,
        host.responseHeaders,
        table.responseHeaders,
      ],
      order,
    ),
  };
};
