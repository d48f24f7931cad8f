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
import { endpointAddress, socketAddress } from '../envoy/address.ts';
import { duration } from '../envoy/duration.ts';
import {
  blackHoleCluster,
  inboundCluster,
  inboundPassthroughCluster,
} from '../naming/cluster-name.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { proxyWorkload } from '../proxy/proxy-workload.ts';
import { type ServiceTarget, serviceTargets } from '../proxy/service-target.ts';
import type { PushContext } from '../push-context/push-context.ts';
import {
  type MutualTlsMode,
  portMutualTls,
  type WorkloadMutualTls,
  workloadMutualTls,
} from '../security/peer-authentication-index.ts';
import { type PolicyFilters, policyFilters } from '../security/policy-filters.ts';
import { type ListenerTelemetry, listenerTelemetry } from '../telemetry/listener-telemetry.ts';
import { type InboundPort, inboundChains } from './inbound-chain.ts';
import { httpInspector, originalDestination, tlsInspector } from './listener-filters.ts';
import { tcpFilters } from './tcp-proxy.ts';

/** Ports of the proxy itself and of its agent: never a workload's, and never behind mTLS. */
const reservedPorts: ReadonlySet<number> = new Set([
  15000, 15001, 15002, 15004, 15006, 15008, 15020, 15021, 15053, 15090,
]);

const own = (targets: readonly ServiceTarget[]): readonly ServiceTarget[] =>
  targets.filter(({ port }) => !reservedPorts.has(port));

/** What a sidecar's listeners are made from. */
interface Inbound {
  readonly push: PushContext;
  readonly proxy: ProxyDescriptor;
  readonly mutualTls: WorkloadMutualTls;
  readonly policies: PolicyFilters;
  readonly telemetry: ListenerTelemetry;
}

/**
 * A proxy without a certificate cannot take mTLS: what may come in plaintext does. Strict ports stay
 * so, and refuse every handshake rather than open up.
 */
const possibleMode = ({ holdsCertificate }: ProxyDescriptor, mode: MutualTlsMode): MutualTlsMode =>
  mode === 'PERMISSIVE' && !holdsCertificate ? 'DISABLE' : mode;

const targetPort = (
  { proxy, mutualTls, policies, telemetry }: Inbound,
  { port, servicePort, services, ingress }: ServiceTarget,
  byPort: boolean,
): InboundPort => ({
  matchPort: byPort ? port : undefined,
  mode: possibleMode(proxy, portMutualTls(mutualTls, port)),
  tls: ingress?.tls,
  protocol: servicePort.protocol,
  cluster: inboundCluster(port),
  httpName: `0.0.0.0_${port}`,
  tcpName: `0.0.0.0_${port}`,
  statPrefix: `inbound_0.0.0.0_${port}`,
  servicePort: servicePort.number,
  hostname: services[0]?.hostname ?? '',
  policies,
  telemetry,
});

/** Only what some chain asks for: a connection must not wait for bytes that nobody looks at. */
const inspectors = (chains: readonly FilterChain[]): ListenerFilter[] => {
  const matches = chains.flatMap(({ filterChainMatch }) => filterChainMatch ?? []);
  const http = matches.some((match) => match.applicationProtocols.includes('http/1.1'));
  const tls = http || matches.some((match) => match.transportProtocol === 'tls');
  return [...(tls ? [tlsInspector()] : []), ...(http ? [httpInspector()] : [])];
};

/** Without interception: one listener on the pod's address for each workload port. */
const boundListener = (inbound: Inbound, target: ServiceTarget): Listener => {
  const { push, proxy } = inbound;
  const bind = target.ingress?.bind || undefined;
  const address = bind ?? proxy.addresses[0] ?? '0.0.0.0';
  const filterChains = inboundChains(push.meshConfig, targetPort(inbound, target, false));
  return create(ListenerSchema, {
    name: `${address}_${target.port}`,
    address: endpointAddress(bind ?? proxy.bindAddress ?? address, target.port),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains,
    listenerFilters: inspectors(filterChains),
    listenerFiltersTimeout: duration(push.meshConfig.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    accessLog: [...inbound.telemetry.accessLogs.listeners],
  });
};

/** Connections straight to the inbound port would loop. */
const directChain = ({ push, telemetry }: Inbound): FilterChain =>
  create(FilterChainSchema, {
    name: 'virtualInbound-blackhole',
    filterChainMatch: { destinationPort: push.meshConfig.proxyInboundListenPort },
    filters: tcpFilters({
      telemetry,
      statPrefix: blackHoleCluster,
      targets: [{ cluster: blackHoleCluster, weight: 1 }],
    }),
  });

const passthroughPort = (
  { proxy, mutualTls, policies, telemetry }: Inbound,
  matchPort: number | undefined,
): InboundPort => ({
  matchPort,
  mode: possibleMode(
    proxy,
    matchPort === undefined ? mutualTls.mode : portMutualTls(mutualTls, matchPort),
  ),
  tls: undefined,
  protocol: 'Auto',
  cluster: inboundPassthroughCluster,
  httpName: 'virtualInbound-catchall-http',
  tcpName: 'virtualInbound',
  statPrefix: inboundPassthroughCluster,
  servicePort: 0,
  hostname: '',
  policies,
  telemetry,
});

/** Ports no service names; those with a mode of their own have chains of their own. */
const passthroughPorts = (inbound: Inbound, served: ReadonlySet<number>): InboundPort[] =>
  [undefined, ...[...inbound.mutualTls.ports.keys()].filter((port) => !served.has(port))].map(
    (port) => passthroughPort(inbound, port),
  );

/** With interception: one listener for all ports, filter chains for each. */
const virtualInbound = (inbound: Inbound, targets: readonly ServiceTarget[]): Listener => {
  const { push, proxy } = inbound;
  const { meshConfig } = push;
  const ports = [
    ...targets.map((target) => targetPort(inbound, target, true)),
    ...passthroughPorts(inbound, new Set(targets.map(({ port }) => port))),
  ];
  return create(ListenerSchema, {
    name: 'virtualInbound',
    address: socketAddress(proxy.bindAddress ?? '0.0.0.0', meshConfig.proxyInboundListenPort),
    trafficDirection: TrafficDirection.INBOUND,
    ...(proxy.interceptionMode === 'TPROXY' && { transparent: true }),
    filterChains: [
      directChain(inbound),
      ...ports.flatMap((port) => inboundChains(meshConfig, port)),
    ],
    listenerFilters: [originalDestination(), tlsInspector(), httpInspector()],
    listenerFiltersTimeout: duration(meshConfig.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
    accessLog: [...inbound.telemetry.accessLogs.listeners],
  });
};

/** Everything a sidecar takes for its workload. */
export const inboundListeners = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Listener[] => {
  const mutualTls = workloadMutualTls(push.peerAuthentications, proxyWorkload(push, proxy));
  const inbound: Inbound = {
    push,
    proxy,
    mutualTls,
    policies: policyFilters(push, proxy),
    telemetry: listenerTelemetry(push, proxy, 'sidecar-inbound'),
  };
  const targets = own(serviceTargets(push, proxy));
  const bound = targets.filter(
    ({ ingress }) => proxy.interceptionMode === 'NONE' || ingress?.captureMode === 'NONE',
  );
  const captured = targets.filter((target) => !bound.includes(target));
  return [
    ...(proxy.interceptionMode === 'NONE' ? [] : [virtualInbound(inbound, captured)]),
    ...bound.map((target) => boundListener(inbound, target)),
  ];
};
