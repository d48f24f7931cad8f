import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { pushMemo } from '../push-context/push-memo.ts';
import { gatewayRoute } from './gateway-route.ts';
import { sidecarRoute } from './sidecar-route.ts';

const sidecarRoutes = pushMemo<Resource<RouteConfiguration>>();

const resourceOf = (name: string, route: RouteConfiguration): Resource<RouteConfiguration> =>
  createResource(typeUrls.route, name, RouteConfigurationSchema, route);

/**
 * One RouteConfiguration for each name asked for; a name that means nothing gets one that answers
 * 404. Sidecars that are alike as clients share theirs.
 */
export const buildRoutes = (
  push: PushContext,
  proxy: ProxyDescriptor,
  routeNames: readonly string[],
): readonly Resource<RouteConfiguration>[] => {
  if (proxy.type === 'router') {
    return routeNames.map((name) => resourceOf(name, gatewayRoute(push, proxy, name)));
  }
  const client = outboundClient(push, proxy);
  return routeNames.map((name) =>
    sidecarRoutes(push, `${client.key} ${name}`, () =>
      resourceOf(name, sidecarRoute(push, client, name)),
    ),
  );
};
