import { resolveHost } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import type { Config } from '../input/config.ts';
import type {
  Destination,
  HttpMatch,
  HttpRoute,
  L4Match,
  TcpRoute,
  TlsRoute,
  VirtualService,
} from '../input/virtual-service.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { configPath } from './config-path.ts';
import { mergeDelegates } from './delegates.ts';
import { type MeshVirtualService, meshGateway } from './mesh-virtual-service.ts';

export interface VirtualServiceIndex {
  /** Oldest first, delegates left out. */
  readonly virtualServices: readonly MeshVirtualService[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Names of one VirtualService resolved in its namespace. */
interface Resolver {
  host(host: string): string;
  gateway(gateway: string): string;
}

const resolverOf = (namespace: string, domainSuffix: string): Resolver => ({
  host: (host) => resolveHost(host, namespace, domainSuffix),
  gateway: (gateway) =>
    gateway === meshGateway || gateway.includes('/') ? gateway : `${namespace}/${gateway}`,
});

const resolveDestination = (destination: Destination, resolver: Resolver): Destination => ({
  ...destination,
  host: resolver.host(destination.host ?? ''),
});

const resolveGateways = <Match extends HttpMatch | L4Match>(
  match: Match,
  resolver: Resolver,
): Match => ({
  ...match,
  gateways: match.gateways.map(resolver.gateway),
});

const resolveHttpRoute = (route: HttpRoute, resolver: Resolver): HttpRoute => ({
  ...route,
  match: route.match.map((match) => resolveGateways(match, resolver)),
  route: route.route.map((entry) => ({
    ...entry,
    destination: resolveDestination(entry.destination, resolver),
  })),
  mirror: route.mirror && resolveDestination(route.mirror, resolver),
  mirrors: route.mirrors.map((mirror) => ({
    ...mirror,
    destination: resolveDestination(mirror.destination, resolver),
  })),
});

const resolveL4Route = <Route extends TlsRoute | TcpRoute>(
  route: Route,
  resolver: Resolver,
): Route => ({
  ...route,
  match: route.match.map((match) => resolveGateways(match, resolver)),
  route: route.route.map((entry) => ({
    ...entry,
    destination: resolveDestination(entry.destination, resolver),
  })),
});

const resolve = (config: Config<VirtualService>, mesh: MeshConfig): MeshVirtualService => {
  const { spec, namespace } = config;
  const resolver = resolverOf(namespace, mesh.domainSuffix);
  return {
    name: config.name,
    namespace,
    creationTimestamp: config.creationTimestamp,
    config: configPath(config),
    hosts: spec.hosts.map(resolver.host),
    gateways: spec.gateways.length === 0 ? [meshGateway] : spec.gateways.map(resolver.gateway),
    exportTo: spec.exportTo.length === 0 ? mesh.defaultVirtualServiceExportTo : spec.exportTo,
    http: spec.http.map((route, rule) => ({ route: resolveHttpRoute(route, resolver), rule })),
    tls: spec.tls.map((route) => resolveL4Route(route, resolver)),
    tcp: spec.tcp.map((route) => resolveL4Route(route, resolver)),
  };
};

/** `configs`: oldest first. A VirtualService without hosts is a delegate: it routes only through its roots. */
export const buildVirtualServiceIndex = (
  configs: readonly Config<VirtualService>[],
  mesh: MeshConfig,
): VirtualServiceIndex => {
  const resolved = configs.map((config) => resolve(config, mesh));
  const delegates = new Map(
    resolved
      .filter(({ hosts }) => hosts.length === 0)
      .map((service) => [`${service.namespace}/${service.name}`, service]),
  );
  const diagnostics: Diagnostic[] = [];
  const virtualServices = resolved
    .filter(({ hosts }) => hosts.length > 0)
    .map((service) => mergeDelegates(service, delegates, diagnostics));
  return { virtualServices, diagnostics };
};
