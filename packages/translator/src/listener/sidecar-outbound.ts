import { create } from '@bufbuild/protobuf';
import { TrafficDirection } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type FilterChain,
  FilterChainSchema,
  type ListenerFilter,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { usesDynamicDns } from '../cluster/dynamic-forward-proxy.ts';
import { endpointAddress, socketAddress } from '../envoy/address.ts';
import { duration } from '../envoy/duration.ts';
import { blackHoleCluster, outboundCluster, passthroughCluster } from '../naming/cluster-name.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { type SidecarScope, sidecarScope } from '../push-context/sidecar-scope.ts';
import { isHttpOrSniffed } from '../registry/protocol.ts';
import { type ListenerTelemetry, listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { httpInspector, tlsInspector } from './listener-filters.ts';
import { type OutboundSide, outboundL4Chains } from './outbound-l4.ts';
import { egressPorts, type OutboundPort, outboundPorts } from './outbound-port.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** Where connections go that no service claims. */
const unmatchedCluster = ({ outboundPolicy, egressProxy }: SidecarScope): string => {
  if (egressProxy !== undefined) {
    const { port, subset, host } = egressProxy;
    return outboundCluster(port?.number ?? 0, subset ?? '', host ?? '');
  }
  return outboundPolicy === 'ALLOW_ANY' ? passthroughCluster : blackHoleCluster;
};

const tcpChainTo = (telemetry: ListenerTelemetry, cluster: string) =>
  tcpFilters({
    telemetry,
    statPrefix: cluster,
    targets: [{ cluster, weight: 1 }],
  });

/** The one bound listener: netfilter leads everything here, `use_original_dst` hands it on. */
const virtualOutbound = ({ push, proxy, telemetry }: OutboundSide): Listener => {
  const port = push.meshConfig.proxyListenPort;
  return create(ListenerSchema, {
    name: 'virtualOutbound',
    address: socketAddress(proxy.bindAddress ?? '0.0.0.0', port),
    useOriginalDst: true,
    ...(proxy.interceptionMode === 'TPROXY' && { transparent: true }),
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [
      {
        name: 'virtualOutbound-blackhole',
        filterChainMatch: { destinationPort: port },
        filters: tcpChainTo(telemetry, blackHoleCluster),
      },
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: tcpChainTo(telemetry, unmatchedCluster(sidecarScope(push, proxy))),
      },
    ],
    accessLog: [...telemetry.accessLogs.listeners],
  });
};

const plaintextHttp = {
  transportProtocol: 'raw_buffer',
  applicationProtocols: ['http/1.1', 'h2c'],
};

const httpChain = (
  { push, proxy, telemetry }: OutboundSide,
  { address, port, routeName }: OutboundPort,
): FilterChain =>
  create(FilterChainSchema, {
    filterChainMatch: plaintextHttp,
    filters: [
      httpConnectionManager({
        mesh: push.meshConfig,
        listenerClass: 'sidecar-outbound',
        telemetry,
        statPrefix: `outbound_${address}_${port}`,
        route: routeName,
        dynamicDns: usesDynamicDns(sidecarScope(push, proxy)),
      }),
    ],
  });

/** What is not HTTP on a port shared by HTTP services has no service to go to. */
const passthroughChain = (telemetry: ListenerTelemetry, scope: SidecarScope): FilterChain =>
  create(FilterChainSchema, {
    name: 'PassthroughFilterChain',
    filterChainMatch: {},
    filters: tcpChainTo(telemetry, unmatchedCluster(scope)),
  });

const isUnconditional = ({ filterChainMatch }: FilterChain): boolean =>
  (filterChainMatch?.serverNames.length ?? 0) + (filterChainMatch?.prefixRanges.length ?? 0) === 0;

const inspectors = (http: boolean, l4: readonly FilterChain[]): ListenerFilter[] => {
  if (http) return [tlsInspector(), httpInspector()];
  const bySni = l4.some(({ filterChainMatch }) => (filterChainMatch?.serverNames.length ?? 0) > 0);
  return bySni ? [tlsInspector()] : [];
};

const portListener = (client: OutboundSide, outbound: OutboundPort): Listener => {
  const { push, proxy, telemetry } = client;
  const http = outbound.services.some(({ port }) => isHttpOrSniffed(port.protocol));
  const l4 = outboundL4Chains(client, outbound);
  const scope = sidecarScope(push, proxy);
  // Chains are chosen by transport before ALPN and never gone back on: beside the HTTP chain, which
  // names its transport, one without conditions would get no plaintext. As the default it does.
  const fallback = l4.find(isUnconditional) ?? passthroughChain(telemetry, scope);
  const conditional = http ? l4.filter((chain) => !isUnconditional(chain)) : l4;
  return create(ListenerSchema, {
    name: `${outbound.address}_${outbound.port}`,
    address: endpointAddress(outbound.address, outbound.port),
    bindToPort: outbound.bound,
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [...conditional, ...(http ? [httpChain(client, outbound)] : [])],
    ...(http && { defaultFilterChain: fallback }),
    listenerFilters: inspectors(http, l4),
    listenerFiltersTimeout: duration(push.meshConfig.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    accessLog: [...telemetry.accessLogs.listeners],
  });
};

/**
 * What a Sidecar's egress names; with interception also the capturing listener, and one unbound
 * listener for each address and port.
 */
export const outboundListeners = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Listener[] => {
  const intercepts = proxy.interceptionMode !== 'NONE';
  const client = { push, proxy, telemetry: listenerTelemetry(push, proxy, 'sidecar-outbound') };
  const named = egressPorts(push, proxy);
  const keyOf = ({ address, port }: OutboundPort): string => `${address}_${port}`;
  const ports = new Map(named.toReversed().map((outbound) => [keyOf(outbound), outbound]));
  for (const outbound of intercepts ? outboundPorts(push, proxy) : []) {
    if (!ports.has(keyOf(outbound))) ports.set(keyOf(outbound), outbound);
  }
  return [
    ...[...ports.values()].map((outbound) => portListener(client, outbound)),
    ...(intercepts ? [virtualOutbound(client)] : []),
  ];
};
