import type { Destination, RouteEntry, VirtualHostTable } from '@lateen/routing';
import type { Cluster } from '../cluster/cluster.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { Exchange, LocalReply } from './exchange.ts';
import { rememberedHost } from './remembered-host.ts';
import type { RoutePlan } from './route-plan.ts';
import { tlsRedirect } from './tls-requirement.ts';

/** What a selection sets. */
export interface RoutedExchange extends Exchange {
  virtualHost: VirtualHostTable | undefined;
  route: RouteEntry | undefined;
  destination: Destination | undefined;
  cluster: Cluster | undefined;
}

/**
 * Chooses host, route, destination and cluster of a request. Requests without a route have filters
 * all the same: who may not ask is told so, and not what is there.
 */
export const selectRoute = (exchange: RoutedExchange, manager: ConnectionManager): RoutePlan => {
  const { routes, deps } = manager;
  const { table } = routes;
  const host =
    table === undefined
      ? undefined
      : rememberedHost(exchange.connection, table, exchange.authority);
  exchange.virtualHost = host;
  exchange.route = undefined;
  exchange.destination = undefined;
  exchange.cluster = undefined;
  if (table === undefined || host === undefined || tlsRedirect(exchange, host) !== undefined) {
    return manager.routelessPlan;
  }
  const route = host.selectRoute(exchange, deps.dice);
  if (route === undefined) return manager.routelessPlan;
  exchange.route = route;
  if (route.action.kind !== 'forward')
    return manager.planOf({ table, host, route, destination: undefined });
  const destination = route.action.select(deps.dice);
  const name = destination.clusterHeader;
  exchange.destination = destination;
  exchange.cluster = deps.clusters.get(
    name === undefined ? destination.cluster : (exchange.header(name) ?? ''),
  );
  return manager.planOf({ table, host, route, destination });
};

/** The answer to a request without a route, when its filters let it through. */
export const routelessReply = (
  exchange: RoutedExchange,
  manager: ConnectionManager,
): LocalReply => {
  const { virtualHost: host } = exchange;
  const redirect = host === undefined ? undefined : tlsRedirect(exchange, host);
  if (redirect !== undefined) return redirect;
  manager.stats.noRoute.value++;
  return { status: 404, body: '', details: 'route_not_found', flag: 'NR' };
};
