import { create, type JsonObject } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Route,
  RouteSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import { metadata } from '../envoy/metadata.ts';
import type { HttpMatch, HttpRoute } from '../input/virtual-service.ts';
import type { HttpRule, MeshVirtualService } from '../push-context/mesh-virtual-service.ts';
import type { MeshService, ServicePort } from '../registry/mesh-service.ts';
import { selects } from '../registry/workload.ts';
import { corsConfig, corsFilter } from './cors.ts';
import { faultConfig, faultFilter } from './fault.ts';
import { translateHeaders } from './header-operations.ts';
import { directResponseAction, redirectAction } from './redirect.ts';
import { defaultAction, forwarding } from './route-action.ts';
import { destinationCluster, type RouteContext } from './route-context.ts';
import { isCatchAll, routeMatch } from './route-match.ts';

/** Whether a match entry is for these gateways and this client at all; labels count only without gateways. */
export const appliesToSource = (
  match: Pick<HttpMatch, 'gateways' | 'sourceLabels' | 'sourceNamespace' | 'port'> | undefined,
  { proxy, port, gateways }: RouteContext,
): boolean => {
  if (match === undefined) return true;
  if (match.port && match.port !== port) return false;
  if (match.gateways.length > 0) return match.gateways.some((gateway) => gateways.has(gateway));
  if (!selects(match.sourceLabels, proxy.labels)) return false;
  return !match.sourceNamespace || match.sourceNamespace === proxy.namespace;
};

const routeName = (rule: HttpRoute, match: HttpMatch | undefined): string =>
  match?.name ? `${rule.name ?? ''}.${match.name}` : (rule.name ?? '');

const actionFields = (
  context: RouteContext,
  rule: HttpRoute,
): MessageFields<typeof RouteSchema> => {
  const { fields, authority } = translateHeaders(rule.headers);
  if (rule.redirect !== undefined) {
    const redirect = redirectAction(rule.redirect, context);
    return { ...fields, ...(redirect && { action: { case: 'redirect', value: redirect } }) };
  }
  if (rule.directResponse !== undefined) {
    const value = directResponseAction(rule.directResponse);
    return { ...fields, action: { case: 'directResponse', value } };
  }
  const { action, headers } = forwarding(context, rule, authority);
  return {
    requestHeadersToAdd: [...fields.requestHeadersToAdd, ...headers.requestHeadersToAdd],
    requestHeadersToRemove: [...fields.requestHeadersToRemove, ...headers.requestHeadersToRemove],
    responseHeadersToAdd: [...fields.responseHeadersToAdd, ...headers.responseHeadersToAdd],
    responseHeadersToRemove: [
      ...fields.responseHeadersToRemove,
      ...headers.responseHeadersToRemove,
    ],
    action: { case: 'route', value: action },
  };
};

const filterConfig = (rule: HttpRoute): Record<string, Any> => {
  const fault = rule.fault && faultConfig(rule.fault);
  return {
    ...(fault && { [faultFilter]: fault }),
    ...(rule.corsPolicy && { [corsFilter]: corsConfig(rule.corsPolicy) }),
  };
};

/** Span name of a route: where it leads and the path it matches. */
const operationOf = (
  context: RouteContext,
  rule: HttpRoute,
  match: HttpMatch | undefined,
): string => {
  const uri = match?.uri;
  const path = uri?.exact ?? (uri?.prefix === undefined ? (uri?.regex ?? '/*') : `${uri.prefix}*`);
  const destination = rule.route[0]?.destination;
  if (destination === undefined) return path;
  const [, port, , host] = destinationCluster(context, destination).split('|');
  return `${host}:${port}${path}`;
};

/** Where a route was written, for people and tools that ask why a request went where it went. */
const originOf = ({ rule, delegate }: HttpRule, match: number): JsonObject => ({
  rule,
  ...(match >= 0 && { match }),
  ...(delegate && { delegate: delegate.config, delegateRule: delegate.rule }),
});

const translateRoute = (
  context: RouteContext,
  service: MeshVirtualService,
  rule: HttpRule,
  matchIndex: number,
): Route => {
  const { route } = rule;
  const match = route.match[matchIndex];
  return create(RouteSchema, {
    name: routeName(route, match),
    match: routeMatch(match),
    ...actionFields(context, route),
    metadata: metadata({ istio: { config: service.config }, lateen: originOf(rule, matchIndex) }),
    decorator: { operation: operationOf(context, route, match) },
    typedPerFilterConfig: filterConfig(route),
    statPrefix: match?.statPrefix ?? '',
  });
};

/**
 * The routes of a VirtualService for one proxy and port, in order. Stops at a route that takes
 * everything. Empty when no rule applies to this client: the host then keeps its default route.
 */
export const httpRoutes = (
  context: RouteContext,
  service: MeshVirtualService,
): readonly Route[] => {
  const routes: Route[] = [];
  for (const rule of service.http) {
    const { match } = rule.route;
    const indexes = match.length === 0 ? [-1] : match.map((_, index) => index);
    for (const index of indexes) {
      if (!appliesToSource(match[index], context)) continue;
      const route = translateRoute(context, service, rule, index);
      routes.push(route);
      if (isCatchAll(route)) return routes;
    }
  }
  return routes;
};

/** The route of a service that no VirtualService governs. */
export const defaultRoute = (
  context: RouteContext,
  service: MeshService,
  port: ServicePort,
): Route => {
  const destination = {
    host: service.hostname,
    subset: undefined,
    port: { number: port.number },
  };
  return create(RouteSchema, {
    name: 'default',
    match: routeMatch(undefined),
    action: { case: 'route', value: defaultAction(context, destination) },
    decorator: { operation: `${service.hostname}:${port.number}/*` },
  });
};
