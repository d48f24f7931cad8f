import { hostIsWithin, isWildcardHost, mostSpecificHost } from '@lateen/api';
import type { Route } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { type MeshVirtualService, meshGateway } from '../push-context/mesh-virtual-service.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { isOpen, type SidecarScope, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { isHttpOrSniffed } from '../registry/protocol.ts';
import { defaultRoute, httpRoutes } from './http-routes.ts';
import type { RouteContext } from './route-context.ts';

/** A virtual host before its domains are settled. */
export interface VirtualHostDraft {
  readonly hostname: string;
  readonly port: number;
  /** Undefined for a VirtualService host that no service has. */
  readonly service: MeshService | undefined;
  readonly routes: readonly Route[];
}

/** Port that names without any service are routed on by an HTTP proxy listener. */
const defaultHttpPort = 80;

const contextOf = (push: PushContext, proxy: OutboundClient, port: number): RouteContext => ({
  push,
  proxy,
  port,
  gateways: new Set([meshGateway]),
  tls: false,
});

/**
 * For every host the one VirtualService that governs it: of those naming it exactly the oldest,
 * else that of the most specific wildcard.
 */
const governing = (scope: SidecarScope): ReadonlyMap<string, MeshVirtualService> => {
  const byHost = new Map<string, MeshVirtualService>();
  for (const service of scope.virtualServices) {
    if (service.http.length === 0) continue;
    for (const host of service.hosts) if (!byHost.has(host)) byHost.set(host, service);
  }
  return byHost;
};

const httpPorts = (service: MeshService): readonly number[] => [
  ...new Set(
    service.ports.filter(({ protocol }) => isHttpOrSniffed(protocol)).map(({ number }) => number),
  ),
];

const serviceDraft = (
  context: RouteContext,
  service: MeshService,
  governor: MeshVirtualService | undefined,
): VirtualHostDraft | undefined => {
  const own = governor === undefined ? [] : httpRoutes(context, governor);
  const port = service.ports.find(({ number }) => number === context.port);
  if (port === undefined) return undefined;
  const routes = own.length > 0 ? own : [defaultRoute(context, service, port)];
  return { hostname: service.hostname, port: context.port, service, routes };
};

/** Hosts of VirtualServices that no visible service has are routed on every port asked for. */
const hostDrafts = (
  scope: SidecarScope,
  byHost: ReadonlyMap<string, MeshVirtualService>,
  context: RouteContext,
): readonly VirtualHostDraft[] => {
  const names = [...scope.services.keys()];
  return [...byHost].flatMap(([hostname, governor]) => {
    const covered = isWildcardHost(hostname)
      ? names.some((name) => hostIsWithin(name, hostname))
      : scope.services.has(hostname);
    if (covered) return [];
    const routes = httpRoutes(context, governor);
    if (routes.length === 0) return [];
    return [{ hostname, port: context.port, service: undefined, routes }];
  });
};

/**
 * All virtual hosts of a sidecar, of one port or (0) of all: one for each service port that speaks
 * HTTP, and one for each VirtualService host that no service has.
 */
export const sidecarVirtualHosts = (
  push: PushContext,
  proxy: OutboundClient,
  listenerPort: number,
): readonly VirtualHostDraft[] => {
  const scope = sidecarScope(push, proxy);
  const byHost = governing(scope);
  const wildcards = [...byHost.keys()].filter(isWildcardHost);
  const contexts = new Map<number, RouteContext>();
  const contextFor = (port: number): RouteContext => {
    const context = contexts.get(port) ?? contextOf(push, proxy, port);
    contexts.set(port, context);
    return context;
  };
  const drafts = [...scope.services.values()].flatMap((service) => {
    const name = byHost.has(service.hostname)
      ? service.hostname
      : mostSpecificHost(service.hostname, wildcards);
    const governor = name === undefined ? undefined : byHost.get(name);
    return httpPorts(service)
      .filter((port) => listenerPort === 0 || port === listenerPort)
      .filter((port) => isOpen(scope, service.hostname, port))
      .flatMap((port) => serviceDraft(contextFor(port), service, governor) ?? []);
  });
  return [...drafts, ...hostDrafts(scope, byHost, contextFor(listenerPort || defaultHttpPort))];
};
