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
  readonly requestMutations: readonly HeaderMutation[];
  readonly responseMutations: readonly HeaderMutation[];
}

/** A filter's settings for a route: weighted cluster over route over virtual host over table. */
export const filterConfigOf = (scope: RouteScope, name: string): FilterConfig | undefined =>
  scope.destination?.filterConfig?.get(name) ??
  scope.route.filterConfig.get(name) ??
  scope.host.filterConfig.get(name) ??
  scope.table.filterConfig.get(name);

/** Works out the plan of a route. */
export const buildRoutePlan = (
  scope: RouteScope,
  httpFilters: readonly HttpFilter[],
): RoutePlan => {
  const { table, host, route, destination } = scope;
  const order = table.mostSpecificMutationsWin;
  const filters = httpFilters.flatMap((filter) => {
    const config = filterConfigOf(scope, filter.name);
    if (config?.kind === 'disabled') return [];
    const found = filter.forRoute(config);
    return found === undefined ? [] : [found];
  });
  return {
    filters,
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
