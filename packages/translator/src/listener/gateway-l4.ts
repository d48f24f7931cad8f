import { create } from '@bufbuild/protobuf';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { withMetadataExchange } from '../envoy/metadata-exchange.ts';
import { intersectHostLists } from '../naming/host-intersection.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { hostsForNamespace, type MergedServer } from '../push-context/merged-gateway.ts';
import type { MeshVirtualService } from '../push-context/mesh-virtual-service.ts';
import { outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { virtualServicesForGateway } from '../route/gateway-route.ts';
import type { RouteContext } from '../route/route-context.ts';
import { type PolicyFilters, policyFilters } from '../security/policy-filters.ts';
import { type ListenerTelemetry, listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { downstreamTls } from './downstream-tls.ts';
import { l4Match, l4Settings } from './l4-route.ts';
import { serverNames } from './server-names.ts';
import { sniPassthroughChains } from './sni-passthrough.ts';
import { tcpFilters } from './tcp-proxy.ts';

interface Bound {
  readonly telemetry: ListenerTelemetry;
  readonly context: RouteContext;
  readonly merged: MergedServer;
  readonly policies: PolicyFilters['tcp'];
}

/** What servers of the mesh's own TLS agree to for anything but HTTP. */
const meshAlpn = ['h2', 'http/1.1'];

const tcpChainFilters = (
  { telemetry, context, policies }: Bound,
  route: MeshVirtualService['tcp'][number],
) =>
  tcpFilters({
    telemetry,
    policies,
    ...l4Settings(context, route.route),
  });

/** TLS passed through: a chain for each SNI that both server and VirtualService name. */
const tlsChains = (bound: Bound, service: MeshVirtualService): FilterChain[] => {
  const hosts = hostsForNamespace(bound.merged, service.namespace);
  return service.tls.flatMap((route) =>
    route.match.flatMap((match) => {
      const names = intersectHostLists(hosts, match.sniHosts);
      if (names.length === 0 || !l4Match(match, bound.context)) return [];
      return create(FilterChainSchema, {
        filterChainMatch: { serverNames: serverNames(names) },
        filters: tcpChainFilters(bound, route),
      });
    }),
  );
};

/** TCP, or TLS ended here: the first rule that applies takes every connection. */
const tcpChain = (bound: Bound, service: MeshVirtualService): FilterChain[] => {
  const { server, hosts } = bound.merged;
  const reachable = intersectHostLists(
    hostsForNamespace(bound.merged, service.namespace),
    service.hosts,
  );
  if (reachable.length === 0) return [];
  const route = service.tcp.find(
    ({ match }) => match.length === 0 || match.some((entry) => l4Match(entry, bound.context)),
  );
  if (route === undefined) return [];
  const terminated = server.tls !== undefined && bound.merged.tls;
  return [
    create(FilterChainSchema, {
      ...(terminated && {
        filterChainMatch: { serverNames: serverNames(hosts.map(({ host }) => host)) },
      }),
      filters: tcpChainFilters(bound, route),
      ...(terminated &&
        server.tls && {
          transportSocket: downstreamTls(
            server.tls,
            server.tls.mode === 'ISTIO_MUTUAL'
              ? withMetadataExchange(meshAlpn, bound.telemetry.extensions)
              : [],
          ),
        }),
    }),
  ];
};

/** Filter chains of a server that is not HTTP: TCP, or TLS routed by SNI. */
export const gatewayL4Chains = (
  push: PushContext,
  proxy: ProxyDescriptor,
  merged: MergedServer,
): FilterChain[] => {
  const mode = merged.server.tls?.mode ?? 'PASSTHROUGH';
  if (merged.tls && mode === 'AUTO_PASSTHROUGH') return sniPassthroughChains(push, proxy, merged);
  const bound: Bound = {
    telemetry: listenerTelemetry(push, proxy, 'gateway'),
    merged,
    policies: policyFilters(push, proxy).tcp,
    context: {
      push,
      proxy: outboundClient(push, proxy),
      port: merged.server.port?.number ?? merged.port,
      gateways: new Set([merged.gateway]),
      tls: merged.tls,
    },
  };
  const services = virtualServicesForGateway(push, proxy, merged.gateway);
  if (merged.tls && mode === 'PASSTHROUGH') {
    return services.flatMap((service) => tlsChains(bound, service));
  }
  return services.flatMap((service) => tcpChain(bound, service)).slice(0, 1);
};
