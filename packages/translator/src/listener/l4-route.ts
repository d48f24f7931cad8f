import type { L4Destination, L4Match } from '../input/virtual-service.ts';
import { appliesToSource } from '../route/http-routes.ts';
import {
  destinationCluster,
  destinationPolicy,
  type RouteContext,
} from '../route/route-context.ts';
import type { TcpProxyOptions } from './tcp-proxy.ts';

/** Whether a TCP or TLS match entry is for this port, these gateways and this client. */
export const l4Match = (match: L4Match, context: RouteContext): boolean =>
  appliesToSource(match, context);

/** What a route's destinations make of a TCP proxy. Tunnel, time-outs and hash are the first one's. */
export const l4Settings = (
  context: RouteContext,
  destinations: readonly L4Destination[],
): Omit<TcpProxyOptions, 'telemetry'> => {
  const targets = destinations.map(({ destination, weight }) => ({
    cluster: destinationCluster(context, destination),
    weight: destinations.length === 1 ? 1 : (weight ?? 0),
  }));
  const [first] = destinations;
  const policy = first && destinationPolicy(context, first.destination);
  return {
    targets,
    statPrefix: targets.map(({ cluster }) => cluster).join(';'),
    tunnel: policy?.tunnel,
    idleTimeoutMs: policy?.connectionPool?.tcp?.idleTimeout,
    maxConnectionDurationMs: policy?.connectionPool?.tcp?.maxConnectionDuration,
    hashSourceIp: policy?.loadBalancer?.consistentHash?.useSourceIp === true,
  };
};
