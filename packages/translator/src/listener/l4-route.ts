import type { L4Destination, L4Match } from '../input/virtual-service.ts';
import { appliesToSource } from '../route/http-routes.ts';
import { destinationCluster, type RouteContext } from '../route/route-context.ts';
import type { TcpTarget } from './tcp-proxy.ts';

/** Whether a TCP or TLS match entry is for this port, these gateways and this client. */
export const l4Match = (match: L4Match, context: RouteContext): boolean =>
  appliesToSource(match, context);

/** Destinations with their weights; a lone one gets everything. */
export const l4Targets = (
  context: RouteContext,
  destinations: readonly L4Destination[],
): readonly TcpTarget[] =>
  destinations.map(({ destination, weight }) => ({
    cluster: destinationCluster(context, destination),
    weight: destinations.length === 1 ? 1 : (weight ?? 0),
  }));
