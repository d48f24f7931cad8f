import { createResource, type Resource, typeUrls } from '@lateen/xds';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { gatewayRoute } from './gateway-route.ts';
import { sidecarRoute } from './sidecar-route.ts';

/** One RouteConfiguration for each name asked for; a name that means nothing gets one that answers 404. */
export const buildRoutes = (
  push: PushContext,
  proxy: ProxyDescriptor,
  routeNames: readonly string[],
): readonly Resource<RouteConfiguration>[] =>
  routeNames.map((name) =>
    createResource(
      typeUrls.route,
      name,
      RouteConfigurationSchema,
      proxy.type === 'router' ? gatewayRoute(push, proxy, name) : sidecarRoute(push, proxy, name),
    ),
  );
