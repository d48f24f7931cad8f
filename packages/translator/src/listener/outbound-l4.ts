import { create } from '@bufbuild/protobuf';
import { isHttpProtocol, isTlsProtocol, mostSpecificHost } from '@lateen/api';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { cidrRange } from '../envoy/cidr-range.ts';
import type { L4Destination, L4Match } from '../input/virtual-service.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { type MeshVirtualService, meshGateway } from '../push-context/mesh-virtual-service.ts';
import { outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { type SidecarScope, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService, ServicePort } from '../registry/mesh-service.ts';
import type { RouteContext } from '../route/route-context.ts';
import type { ListenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { l4Match, l4Settings } from './l4-route.ts';
import type { OutboundPort } from './outbound-port.ts';
import { serverNames } from './server-names.ts';
import { tcpFilters } from './tcp-proxy.ts';

const governorOf = (
  scope: SidecarScope,
  hostname: string,
  kind: 'tls' | 'tcp',
): MeshVirtualService | undefined => {
  const candidates = scope.virtualServices.filter((service) => service[kind].length > 0);
  const name = mostSpecificHost(
    hostname,
    candidates.flatMap(({ hosts }) => hosts),
  );
  return candidates.find(({ hosts }) => name !== undefined && hosts.includes(name));
};

/** What chains of one client are made with. */
interface L4Context extends RouteContext {
  readonly telemetry: ListenerTelemetry;
}

const filtersTo = (context: L4Context, destinations: readonly L4Destination[]) =>
  tcpFilters({ telemetry: context.telemetry, ...l4Settings(context, destinations) });

/** A service port that no rule routes. */
const itself = (service: MeshService, port: ServicePort): readonly L4Destination[] => [
  {
    destination: {
      host: service.hostname,
      subset: undefined,
      port: { number: port.number },
    },
    weight: undefined,
  },
];

const subnets = ({ destinationSubnets }: Pick<L4Match, 'destinationSubnets'>) =>
  destinationSubnets.flatMap((subnet) => cidrRange(subnet) ?? []);

/** A service's own VIPs of the CIDR kind; on the wildcard address they are what tells it apart. */
const vipRanges = (service: MeshService, address: string) =>
  address === '0.0.0.0' ? service.addresses.flatMap((vip) => cidrRange(vip) ?? []) : [];

/** TLS by SNI: the VirtualService's rules, else the service's own name. */
const tlsChains = (
  context: L4Context,
  service: MeshService,
  port: ServicePort,
  address: string,
): FilterChain[] => {
  const scope = sidecarScope(context.push, context.proxy);
  const governor = governorOf(scope, service.hostname, 'tls');
  const routed = (governor?.tls ?? []).flatMap((route) =>
    route.match
      .filter((match) => l4Match(match, context))
      .map((match) =>
        create(FilterChainSchema, {
          filterChainMatch: {
            serverNames: serverNames(match.sniHosts),
            prefixRanges: subnets(match),
          },
          filters: filtersTo(context, route.route),
        }),
      ),
  );
  if (routed.length > 0) return routed;
  const ranges = vipRanges(service, address);
  return [
    create(FilterChainSchema, {
      filterChainMatch: {
        ...(address === '0.0.0.0' && { serverNames: serverNames([service.hostname]) }),
        prefixRanges: ranges,
      },
      filters: filtersTo(context, itself(service, port)),
    }),
  ];
};

/** Plain TCP: the first rule that applies, else the service itself. */
const tcpChains = (
  context: L4Context,
  service: MeshService,
  port: ServicePort,
  address: string,
): FilterChain[] => {
  const scope = sidecarScope(context.push, context.proxy);
  const governor = governorOf(scope, service.hostname, 'tcp');
  const ranges = vipRanges(service, address);
  const chains: FilterChain[] = [];
  for (const route of governor?.tcp ?? []) {
    const matches = route.match.filter((match) => l4Match(match, context));
    if (route.match.length > 0 && matches.length === 0) continue;
    const own = matches.flatMap(subnets);
    chains.push(
      create(FilterChainSchema, {
        filterChainMatch: { prefixRanges: own.length > 0 ? own : ranges },
        filters: filtersTo(context, route.route),
      }),
    );
    if (own.length === 0) return chains;
  }
  return [
    ...chains,
    create(FilterChainSchema, {
      filterChainMatch: { prefixRanges: ranges },
      filters: filtersTo(context, itself(service, port)),
    }),
  ];
};

/** Two chains with the same match make Envoy refuse the listener: the older service keeps it. */
const withoutDuplicates = (chains: readonly FilterChain[]): FilterChain[] => {
  const seen = new Set<string>();
  return chains.filter(({ filterChainMatch }) => {
    const { serverNames: names = [], prefixRanges = [] } = filterChainMatch ?? {};
    const key = JSON.stringify([
      names,
      prefixRanges.map(({ addressPrefix, prefixLen }) => `${addressPrefix}/${prefixLen}`),
    ]);
    return !seen.has(key) && seen.add(key);
  });
};

/** What all listeners of one client are made with. */
export interface OutboundSide {
  readonly push: PushContext;
  readonly proxy: ProxyDescriptor;
  readonly telemetry: ListenerTelemetry;
}

/** The chains of a listener that are not HTTP. */
export const outboundL4Chains = (
  { push, proxy, telemetry }: OutboundSide,
  outbound: OutboundPort,
): FilterChain[] => {
  const context: L4Context = {
    push,
    telemetry,
    proxy: outboundClient(push, proxy),
    port: outbound.port,
    gateways: new Set([meshGateway]),
    tls: false,
  };
  const shared = outbound.services.some(({ port }) => isHttpProtocol(port.protocol));
  const chains = outbound.services.flatMap(({ service, port }) => {
    if (isHttpProtocol(port.protocol)) return [];
    if (isTlsProtocol(port.protocol)) return tlsChains(context, service, port, outbound.address);
    const tcp = tcpChains(context, service, port, outbound.address);
    // Beside HTTP services only a chain with a condition of its own leaves them their traffic.
    return shared
      ? tcp.filter(({ filterChainMatch }) => (filterChainMatch?.prefixRanges.length ?? 0) > 0)
      : tcp;
  });
  return withoutDuplicates(chains);
};
