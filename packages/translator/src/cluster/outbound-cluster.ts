import { create } from '@bufbuild/protobuf';
import { isHttpProtocol } from '@lateen/api';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { buildLoadAssignment } from '../endpoint/load-assignment.ts';
import { adsSource } from '../envoy/config-source.ts';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import { metadata } from '../envoy/metadata.ts';
import { metadataExchange, metadataExchangeFilter } from '../envoy/metadata-exchange.ts';
import { outboundCluster, sniOf } from '../naming/cluster-name.ts';
import type { MeshDestinationRule } from '../push-context/destination-rule-index.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { type MeshService, type ServicePort, serviceKey } from '../registry/mesh-service.ts';
import { automaticTls } from './automatic-tls.ts';
import { circuitBreakers } from './circuit-breakers.ts';
import { dynamicForwardProxy } from './dynamic-forward-proxy.ts';
import { type EffectivePolicy, effectivePolicy } from './effective-policy.ts';
import { httpProtocolOptions, speaksHttp2, type UpstreamProtocol } from './http-protocol.ts';
import { keepaliveFields } from './keepalive.ts';
import { loadBalancerFields } from './load-balancer.ts';
import { originalDestination } from './original-destination.ts';
import { outlierDetection } from './outlier-detection.ts';
import { sourceOutside } from './source-address.ts';
import { transportFields } from './transport.ts';

type Fields = MessageFields<typeof ClusterSchema>;

/** What one outbound cluster is built from. */
export interface OutboundTarget {
  readonly service: MeshService;
  readonly port: ServicePort;
  /** '' for the whole service. */
  readonly subset: string;
  readonly rule: MeshDestinationRule | undefined;
}

/** Envoy's DNS refresh for answers without a usable TTL: Istio's mesh default. */
const dnsRefreshMs = 60_000;

/**
 * Gateways have none. Sidecars without interception have one only in the request's authority: good
 * enough for hosts outside, while a headless service's pods are known by their endpoints.
 */
const hasOriginalDestination = ({ registry }: MeshService, proxy: OutboundClient): boolean =>
  proxy.type === 'sidecar' && (proxy.interceptionMode !== 'NONE' || registry === 'External');

const discoveryType = (service: MeshService, proxy: OutboundClient): Cluster_DiscoveryType => {
  switch (service.resolution) {
    case 'dns':
    case 'alias':
      return Cluster_DiscoveryType.STRICT_DNS;
    case 'dns-round-robin':
      return Cluster_DiscoveryType.LOGICAL_DNS;
    case 'passthrough':
      return hasOriginalDestination(service, proxy)
        ? Cluster_DiscoveryType.ORIGINAL_DST
        : Cluster_DiscoveryType.EDS;
    default:
      return Cluster_DiscoveryType.EDS;
  }
};

const discoveryFields = (
  push: PushContext,
  proxy: OutboundClient,
  target: OutboundTarget,
  policy: EffectivePolicy,
): Fields => {
  const type = discoveryType(target.service, proxy);
  const name = outboundCluster(target.port.number, target.subset, target.service.hostname);
  const passthrough =
    policy.loadBalancer?.simple === 'PASSTHROUGH' &&
    policy.loadBalancer.consistentHash === undefined;
  if (target.service.resolution === 'dynamic-dns') return dynamicForwardProxy();
  if (type === Cluster_DiscoveryType.ORIGINAL_DST || passthrough) {
    return originalDestination(proxy.interceptionMode);
  }
  const fields: Fields = {
    clusterDiscoveryType: { case: 'type', value: type },
    ...loadBalancerFields(policy.loadBalancer),
    commonLbConfig: {
      // Unready endpoints are sent too; panic routing would use them.
      healthyPanicThreshold: { value: policy.outlierDetection?.minHealthPercent ?? 0 },
      ...(localityEnabled(push, policy) && {
        localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} },
      }),
    },
  };
  if (type === Cluster_DiscoveryType.EDS) {
    return { ...fields, edsClusterConfig: { edsConfig: adsSource(), serviceName: name } };
  }
  return {
    ...fields,
    dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
    dnsRefreshRate: duration(dnsRefreshMs),
    respectDnsTtl: true,
    loadAssignment: buildLoadAssignment(push, proxy, target),
  };
};

const localityEnabled = ({ meshConfig }: PushContext, { loadBalancer }: EffectivePolicy): boolean =>
  loadBalancer?.localityLbSetting?.enabled ?? meshConfig.localityLoadBalancing;

/** What telemetry labels and tools are made from, as Istio writes it. */
const clusterMetadata = (
  { service, port, subset, rule }: OutboundTarget,
  { tls }: EffectivePolicy,
) =>
  metadata({
    istio: {
      // Servers outside the mesh do not know the names that mesh clients offer by ALPN.
      ...((tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL') && { alpn_override: 'false' }),
      ...(rule && { config: rule.config }),
      default_original_port: port.number,
      services: [{ host: service.hostname, name: service.name, namespace: service.namespace }],
      ...(subset !== '' && { subset }),
    },
  });

/** A server's name is the request's host unless the rule names one; so are the names it may have. */
const serverNameFields = ({ tls }: EffectivePolicy) => {
  const autoSni = (tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL') && !tls.sni;
  const isNamed = (tls?.subjectAltNames.length ?? 0) > 0;
  return { autoSni, autoSanValidation: autoSni && !isNamed && tls?.insecureSkipVerify !== true };
};

/**
 * `outbound_.PORT_.SUBSET_.HOST`: for gateways that pass the mesh's own TLS on unopened. The same
 * endpoints as of the service's cluster, and no TLS of ours around it.
 */
export const sniClusterOf = (
  push: PushContext,
  proxy: OutboundClient,
  target: OutboundTarget,
): Cluster => {
  const { transportSocket: _tls, ...plain } = outboundClusterOf(push, proxy, target);
  const name = sniOf(target.port.number, target.subset, target.service.hostname);
  const { edsClusterConfig: eds } = plain;
  return create(ClusterSchema, {
    ...plain,
    name,
    ...(eds && { edsClusterConfig: { ...eds, serviceName: name } }),
    transportSocketMatches: [],
    filters: [],
  });
};

/** `outbound|PORT|SUBSET|HOST`. */
export const outboundClusterOf = (
  push: PushContext,
  proxy: OutboundClient,
  target: OutboundTarget,
): Cluster => {
  const { service, port, subset, rule } = target;
  const policy = effectivePolicy(rule, subset, port.number);
  const upstream: UpstreamProtocol = {
    protocol: port.protocol,
    pool: policy.connectionPool,
    meshUpgrades: push.meshConfig.h2UpgradePolicy === 'UPGRADE',
    ...serverNameFields(policy),
  };
  const discovery = discoveryFields(push, proxy, target, policy);
  const originalDestination =
    discovery.clusterDiscoveryType?.value === Cluster_DiscoveryType.ORIGINAL_DST;
  return create(ClusterSchema, {
    name: outboundCluster(port.number, subset, service.hostname),
    ...discovery,
    connectTimeout: duration(
      policy.connectionPool?.tcp?.connectTimeout ?? push.meshConfig.connectTimeoutMs,
    ),
    circuitBreakers: circuitBreakers(policy.connectionPool, policy.retryBudget),
    ...(policy.outlierDetection && { outlierDetection: outlierDetection(policy.outlierDetection) }),
    ...keepaliveFields(policy.connectionPool),
    typedExtensionProtocolOptions: httpProtocolOptions(upstream),
    ...transportFields(policy, automaticTls(push, proxy, service, { port, originalDestination }), {
      meshSni: sniOf(port.number, subset, service.hostname),
      http: isHttpProtocol(port.protocol),
      http2: speaksHttp2(upstream),
      extensions: proxy.extensions,
      subjectAltNames: service.subjectAltNames,
      identities: push.serviceAccounts.get(serviceKey(service)) ?? [],
    }),
    filters: proxy.extensions.metadataExchange
      ? [{ name: metadataExchangeFilter, typedConfig: metadataExchange }]
      : [],
    metadata: clusterMetadata(target, policy),
    ...((service.registry === 'External' || service.meshExternal) && sourceOutside(proxy)),
  });
};
