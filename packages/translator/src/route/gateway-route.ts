import { create } from '@bufbuild/protobuf';
import {
  type Route,
  type VirtualHost,
  VirtualHost_TlsRequirementType,
  VirtualHostSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { intersectHostLists } from '../naming/host-intersection.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import {
  hostsForNamespace,
  type MergedServer,
  mergeGateways,
} from '../push-context/merged-gateway.ts';
import type { MeshVirtualService } from '../push-context/mesh-virtual-service.ts';
import { outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { isExportedTo } from '../push-context/visibility.ts';
import { httpRoutes } from './http-routes.ts';
import { isCatchAll } from './route-match.ts';
import { maxDirectResponseBytes } from './sidecar-route.ts';
import { domainName } from './virtual-host-domains.ts';

/** VirtualServices bound to a gateway that its proxy may see, oldest first. */
export const virtualServicesForGateway = (
  push: PushContext,
  proxy: ProxyDescriptor,
  gateway: string,
): readonly MeshVirtualService[] =>
  push.virtualServices.filter(
    ({ gateways, exportTo, namespace }) =>
      gateways.includes(gateway) && isExportedTo(exportTo, namespace, proxy.namespace),
  );

/** A virtual host while VirtualServices add to it. */
interface Draft {
  readonly hostname: string;
  readonly port: number;
  readonly routes: Route[];
  requireTls: boolean;
}

class Drafts {
  readonly byHost: Map<string, Draft> = new Map();

  get(hostname: string, port: number): Draft {
    const draft = this.byHost.get(hostname) ?? { hostname, port, routes: [], requireTls: false };
    this.byHost.set(hostname, draft);
    return draft;
  }
}

const addServer = (
  drafts: Drafts,
  push: PushContext,
  proxy: ProxyDescriptor,
  server: MergedServer,
): void => {
  const context = {
    push,
    proxy: outboundClient(push, proxy),
    port: server.server.port?.number ?? server.port,
    gateways: new Set([server.gateway]),
    tls: server.tls,
  };
  const redirect = server.server.tls?.httpsRedirect === true;
  for (const service of virtualServicesForGateway(push, proxy, server.gateway)) {
    const hosts = intersectHostLists(hostsForNamespace(server, service.namespace), service.hosts);
    if (hosts.length === 0) continue;
    const routes = httpRoutes(context, service);
    if (routes.length === 0) continue;
    for (const host of hosts) {
      const draft = drafts.get(host, context.port);
      draft.routes.push(...routes);
      draft.requireTls ||= redirect;
    }
  }
  if (!redirect) return;
  for (const { host } of server.hosts) drafts.get(host, context.port).requireTls = true;
};

/** Routes of several VirtualServices keep their order, except that those which take everything go last. */
const sortRoutes = (routes: readonly Route[]): Route[] => [
  ...routes.filter((route) => !isCatchAll(route)),
  ...routes.filter(isCatchAll),
];

const virtualHost = ({ hostname, port, routes, requireTls }: Draft): VirtualHost =>
  create(VirtualHostSchema, {
    name: domainName(hostname, port),
    domains: [hostname],
    routes: sortRoutes(routes),
    requireTls: requireTls
      ? VirtualHost_TlsRequirementType.ALL
      : VirtualHost_TlsRequirementType.NONE,
    includeRequestAttemptCount: true,
  });

/** Answers 404: the port is open but nothing is bound to it. */
const blackHole = (port: number): VirtualHost =>
  create(VirtualHostSchema, { name: domainName('blackhole', port), domains: ['*'] });

/** Route configuration of a gateway port, `http.8080` or `https.443.name.gateway.ns`. */
export const gatewayRoute = (
  push: PushContext,
  proxy: ProxyDescriptor,
  name: string,
): RouteConfiguration => {
  const servers = mergeGateways(push, proxy).byRouteName.get(name) ?? [];
  const drafts = new Drafts();
  for (const server of servers) addServer(drafts, push, proxy, server);
  const virtualHosts = [...drafts.byHost.values()].map(virtualHost);
  const [first] = servers;
  const port = first?.server.port?.number ?? first?.port ?? Number(name.split('.')[1] ?? 0);
  return create(RouteConfigurationSchema, {
    name,
    virtualHosts: virtualHosts.length > 0 ? virtualHosts : [blackHole(port)],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
    ignorePortInHostMatching: true,
  });
};
