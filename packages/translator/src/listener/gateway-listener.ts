import { create } from '@bufbuild/protobuf';
import { TrafficDirection } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type FilterChain,
  FilterChainSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { socketAddress } from '../envoy/address.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { type MergedServer, mergeGateways } from '../push-context/merged-gateway.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { policyFilters } from '../security/policy-filters.ts';
import { listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { downstreamTls } from './downstream-tls.ts';
import { gatewayL4Chains } from './gateway-l4.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { tlsInspector } from './listener-filters.ts';
import { serverNames } from './server-names.ts';

const httpAlpn = ['h2', 'http/1.1'];

const manager = (
  push: PushContext,
  proxy: ProxyDescriptor,
  { port, routeName, server, tls }: MergedServer,
) =>
  httpConnectionManager({
    mesh: push.meshConfig,
    listenerClass: 'gateway',
    telemetry: listenerTelemetry(push, proxy, 'gateway'),
    // Plaintext servers of a port share one manager, which is none's in particular.
    statPrefix: (tls && server.name) || `outbound_0.0.0.0_${port}`,
    route: routeName,
    policies: policyFilters(push, proxy).http,
  });

const httpsChain = (
  push: PushContext,
  proxy: ProxyDescriptor,
  merged: MergedServer,
): FilterChain => {
  const { tls } = merged.server;
  return create(FilterChainSchema, {
    filterChainMatch: { serverNames: serverNames(merged.hosts.map(({ host }) => host)) },
    filters: [manager(push, proxy, merged)],
    ...(tls && { transportSocket: downstreamTls(tls, httpAlpn) }),
  });
};

/** A proxy refuses a listener with two chains for one name: the older rule has it, as in Istio. */
const withoutRepeatedNames = (chains: readonly FilterChain[]): FilterChain[] => {
  const taken = new Set<string>();
  return chains.filter(({ filterChainMatch }) => {
    const names = filterChainMatch?.serverNames ?? [];
    const own = names.length === 0 ? ['*'] : names;
    if (own.some((name) => taken.has(name))) return false;
    for (const name of own) taken.add(name);
    return true;
  });
};

const chainsOf = (
  push: PushContext,
  proxy: ProxyDescriptor,
  servers: readonly MergedServer[],
): FilterChain[] => {
  const [first] = servers;
  if (first === undefined) return [];
  // Plaintext HTTP servers of a port share their routes, so one chain does for all.
  if (first.routeName !== '' && !first.tls) {
    return [create(FilterChainSchema, { filters: [manager(push, proxy, first)] })];
  }
  return servers.flatMap((server) =>
    server.routeName === ''
      ? gatewayL4Chains(push, proxy, server)
      : [httpsChain(push, proxy, server)],
  );
};

const wildcard = '0.0.0.0';

const gatewayListener = (
  push: PushContext,
  proxy: ProxyDescriptor,
  servers: readonly MergedServer[],
): Listener | undefined => {
  const [first] = servers;
  const filterChains = withoutRepeatedNames(chainsOf(push, proxy, servers));
  if (first === undefined || filterChains.length === 0) return undefined;
  return create(ListenerSchema, {
    name: `${first.bind || wildcard}_${first.port}`,
    address: socketAddress(first.bind || proxy.bindAddress || wildcard, first.port),
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains,
    listenerFilters: first.tls ? [tlsInspector()] : [],
    accessLog: [...listenerTelemetry(push, proxy, 'gateway').accessLogs.listeners],
  });
};

/** One listener for each port and bind of the Gateways that select this proxy. */
export const gatewayListeners = (push: PushContext, proxy: ProxyDescriptor): readonly Listener[] =>
  mergeGateways(push, proxy).listeners.flatMap(
    (servers) => gatewayListener(push, proxy, servers) ?? [],
  );
