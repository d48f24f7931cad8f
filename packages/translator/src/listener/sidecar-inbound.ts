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
import { endpointAddress, socketAddress } from '../envoy/address.ts';
import { duration } from '../envoy/duration.ts';
import { blackHoleCluster, inboundPassthroughCluster } from '../naming/cluster-name.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { type ServiceTarget, serviceTargets } from '../proxy/service-target.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { isSniffed } from '../registry/protocol.ts';
import { listenerAccessLogs } from './access-log.ts';
import { inboundChains } from './inbound-chain.ts';
import { httpInspector, originalDestination, tlsInspector } from './listener-filters.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** Ports of the proxy itself and of its agent: never a workload's. */
const reservedPorts: ReadonlySet<number> = new Set([
  15000, 15001, 15002, 15004, 15006, 15008, 15020, 15021, 15053, 15090,
]);

const own = (targets: readonly ServiceTarget[]): readonly ServiceTarget[] =>
  targets.filter(({ port }) => !reservedPorts.has(port));

/** Without interception: one listener on the pod's address for each workload port. */
const boundListener = (
  push: PushContext,
  proxy: ProxyDescriptor,
  target: ServiceTarget,
): Listener => {
  const bind = target.ingress?.bind || undefined;
  const address = bind ?? proxy.addresses[0] ?? '0.0.0.0';
  return create(ListenerSchema, {
    name: `${address}_${target.port}`,
    address: endpointAddress(bind ?? proxy.bindAddress ?? address, target.port),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains: inboundChains(push.meshConfig, target, false),
    listenerFilters: isSniffed(target.servicePort.protocol)
      ? [tlsInspector(), httpInspector()]
      : [],
    listenerFiltersTimeout: duration(push.meshConfig.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    accessLog: listenerAccessLogs(push.meshConfig),
  });
};

/** Connections straight to the inbound port would loop. */
const directChain = (push: PushContext): FilterChain =>
  create(FilterChainSchema, {
    name: 'virtualInbound-blackhole',
    filterChainMatch: { destinationPort: push.meshConfig.proxyInboundListenPort },
    filters: tcpFilters({
      mesh: push.meshConfig,
      listenerClass: 'sidecar-inbound',
      statPrefix: blackHoleCluster,
      targets: [{ cluster: blackHoleCluster, weight: 1 }],
    }),
  });

/** Ports no service names. */
const passthroughChain = (push: PushContext): FilterChain =>
  create(FilterChainSchema, {
    name: 'virtualInbound',
    filterChainMatch: {},
    filters: tcpFilters({
      mesh: push.meshConfig,
      listenerClass: 'sidecar-inbound',
      statPrefix: inboundPassthroughCluster,
      targets: [{ cluster: inboundPassthroughCluster, weight: 1 }],
    }),
  });

/** With interception: one listener for all ports, a filter chain for each. */
const virtualInbound = (push: PushContext, proxy: ProxyDescriptor): Listener =>
  create(ListenerSchema, {
    name: 'virtualInbound',
    address: socketAddress(proxy.bindAddress ?? '0.0.0.0', push.meshConfig.proxyInboundListenPort),
    trafficDirection: TrafficDirection.INBOUND,
    ...(proxy.interceptionMode === 'TPROXY' && { transparent: true }),
    filterChains: [
      directChain(push),
      ...own(serviceTargets(push, proxy)).flatMap((target) =>
        inboundChains(push.meshConfig, target, true),
      ),
      passthroughChain(push),
    ],
    listenerFilters: [originalDestination(), tlsInspector(), httpInspector()],
    listenerFiltersTimeout: duration(push.meshConfig.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    accessLog: listenerAccessLogs(push.meshConfig),
  });

/** Everything a sidecar takes for its workload. */
export const inboundListeners = (push: PushContext, proxy: ProxyDescriptor): readonly Listener[] =>
  proxy.interceptionMode === 'NONE'
    ? own(serviceTargets(push, proxy)).map((target) => boundListener(push, proxy, target))
    : [virtualInbound(push, proxy)];
