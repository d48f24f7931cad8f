import type { Checked } from '@lateen/base';
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
} from '@lateen/xds/gen/envoy/config/cluster/v3/circuit_breaker_pb.js';
import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as DnsFamily,
  Cluster_ClusterProtocolSelection as ProtocolSelection,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { RoutingPriority } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { Http2ProtocolOptions } from '@lateen/xds/gen/envoy/config/core/v3/protocol_pb.js';
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from '@lateen/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { Address } from './address.ts';
import { unpack } from './any-message.ts';
import type {
  CircuitBreakerThresholds,
  ClusterTable,
  TransportMatch,
  UpstreamHttp,
} from './cluster-table.ts';
import { durationMs, durationMsOr } from './duration.ts';
import { compileEndpointTable } from './endpoint-compilation.ts';
import { filterMetadata } from './filter-metadata.ts';
import { Findings } from './findings.ts';
import { compileHttp2 } from './http-connection-manager-compilation.ts';
import { compileLoadBalancing } from './load-balancing.ts';
import { compileMetadataExchange } from './metadata-exchange.ts';
import { compileOutlierDetection } from './outlier-detection.ts';
import { compileUpstreamTransport } from './tls-compilation.ts';
import type { UpstreamTransport } from './tls-settings.ts';

/** Envoy's defaults. */
const defaultConnectMs = 5_000;
const defaultDnsRefreshMs = 5_000;
const defaultIdleMs = 3_600_000;
const defaultBufferBytes = 1_048_576;
const defaultHeadersCount = 100;
const defaultPanicPercent = 50;
const defaultThresholds: CircuitBreakerThresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
};
const defaultBudgetPercent = 20;
const defaultBudgetConcurrency = 3;
const defaultZoneAwarePercent = 100;
const defaultZoneAwareClusterSize = 6;

/** The cluster type that resolves the hosts requests name. */
const dynamicForwardProxy = 'envoy.clusters.dynamic_forward_proxy';
/** Where `typed_extension_protocol_options` holds the HTTP options. */
const httpOptionsKey = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** Where an endpoint's metadata name its transport socket. */
const transportMatchKey = 'envoy.transport_socket_match';

const compileOriginalDestination = (cluster: Cluster): ClusterTable['discovery'] => {
  const { lbConfig } = cluster;
  const config = lbConfig.case === 'originalDstLbConfig' ? lbConfig.value : undefined;
  const header = config?.useHttpHeader ? config.httpHeaderName || 'x-envoy-original-dst-host' : '';
  const portOverride = config?.upstreamPortOverride;
  return {
    kind: 'original-dst',
    ...(header !== '' && { header: header.toLowerCase() }),
    ...(portOverride !== undefined && { portOverride }),
  };
};

const compileDiscovery = (cluster: Cluster, findings: Findings): ClusterTable['discovery'] => {
  const { clusterDiscoveryType: type } = cluster;
  if (type.case === 'clusterType' && type.value.name === dynamicForwardProxy) {
    // The request names the host, and connecting resolves it: no cache stands between.
    return { kind: 'original-dst', header: ':authority' };
  }
  if (type.case === 'clusterType') {
    const message = `cluster type '${type.value.name}' is not known`;
    findings.error('cluster_type', 'FieldUnsupported', message);
    return { kind: 'static' };
  }
  switch (type.value) {
    case DiscoveryType.EDS:
      return { kind: 'eds', serviceName: cluster.edsClusterConfig?.serviceName || cluster.name };
    case DiscoveryType.STRICT_DNS:
      return { kind: 'strict-dns' };
    case DiscoveryType.LOGICAL_DNS:
      return { kind: 'logical-dns' };
    case DiscoveryType.ORIGINAL_DST:
      return compileOriginalDestination(cluster);
    default:
      return { kind: 'static' };
  }
};

const dnsFamilies: Readonly<Record<number, ClusterTable['dnsFamily']>> = {
  [DnsFamily.AUTO]: 'auto',
  [DnsFamily.V4_ONLY]: 'v4',
  [DnsFamily.V6_ONLY]: 'v6',
  [DnsFamily.V4_PREFERRED]: 'v4-preferred',
  [DnsFamily.ALL]: 'all',
};

const compileThresholds = (
  message: CircuitBreakers_Thresholds | undefined,
): CircuitBreakerThresholds => {
  if (message === undefined) return defaultThresholds;
  const budget = message.retryBudget;
  return {
    maxConnections: message.maxConnections ?? defaultThresholds.maxConnections,
    maxPendingRequests: message.maxPendingRequests ?? defaultThresholds.maxPendingRequests,
    maxRequests: message.maxRequests ?? defaultThresholds.maxRequests,
    maxRetries: message.maxRetries ?? defaultThresholds.maxRetries,
    ...(budget && {
      retryBudget: {
        percent: budget.budgetPercent?.value ?? defaultBudgetPercent,
        minConcurrency: budget.minRetryConcurrency ?? defaultBudgetConcurrency,
      },
    }),
  };
};

const compileCircuitBreakers = (
  message: CircuitBreakers | undefined,
): ClusterTable['circuitBreakers'] => {
  const of = (priority: RoutingPriority) =>
    message?.thresholds.find((thresholds) => thresholds.priority === priority);
  const perHost = message?.perHostThresholds[0]?.maxConnections;
  return {
    default: compileThresholds(of(RoutingPriority.DEFAULT)),
    high: compileThresholds(of(RoutingPriority.HIGH)),
    ...(perHost !== undefined && { perHostMaxConnections: perHost }),
  };
};

interface ProtocolChoice {
  readonly protocol: UpstreamHttp['protocol'];
  readonly http2: Http2ProtocolOptions | undefined;
}

const explicitProtocols = {
  httpProtocolOptions: 'http1',
  http2ProtocolOptions: 'http2',
  http3ProtocolOptions: 'http3',
} as const;

const chooseProtocol = (options: HttpProtocolOptions): ProtocolChoice => {
  const { upstreamProtocolOptions: choice } = options;
  if (choice.case === 'explicitHttpConfig') {
    const { case: kind, value } = choice.value.protocolConfig;
    if (kind === undefined) return { protocol: 'http1', http2: undefined };
    const http2 = kind === 'http2ProtocolOptions' ? value : undefined;
    return { protocol: explicitProtocols[kind], http2 };
  }
  if (choice.case === undefined) return { protocol: 'http1', http2: undefined };
  const protocol = choice.case === 'autoConfig' ? 'auto' : 'downstream';
  return { protocol, http2: choice.value.http2ProtocolOptions };
};

/** The options before they moved into the extension map. */
const legacyProtocol = (cluster: Cluster): ProtocolChoice => {
  const http2 = cluster.http2ProtocolOptions;
  if (cluster.protocolSelection === ProtocolSelection.USE_DOWNSTREAM_PROTOCOL) {
    return { protocol: 'downstream', http2 };
  }
  return { protocol: http2 === undefined ? 'http1' : 'http2', http2 };
};

const compileHttp = (cluster: Cluster, findings: Findings): UpstreamHttp => {
  const any = cluster.typedExtensionProtocolOptions[httpOptionsKey];
  const path = `typed_extension_protocol_options[${httpOptionsKey}]`;
  const options = any && unpack(any, HttpProtocolOptionsSchema, findings, path);
  const { protocol, http2 } =
    options === undefined ? legacyProtocol(cluster) : chooseProtocol(options);
  const common = options?.commonHttpProtocolOptions ?? cluster.commonHttpProtocolOptions;
  const upstream = options?.upstreamHttpProtocolOptions ?? cluster.upstreamHttpProtocolOptions;
  return {
    protocol,
    idleTimeoutMs: durationMsOr(common?.idleTimeout, defaultIdleMs),
    maxConnectionDurationMs: durationMsOr(common?.maxConnectionDuration, 0),
    maxRequestsPerConnection:
      common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
    maxStreamDurationMs: durationMsOr(common?.maxStreamDuration, 0),
    maxHeadersCount: common?.maxHeadersCount ?? defaultHeadersCount,
    autoServerName: upstream?.autoSni ?? false,
    autoSanValidation: upstream?.autoSanValidation ?? false,
    http2: compileHttp2(http2),
  };
};

/** Whether an endpoint's values have all that a match asks for; an empty match fits every one. */
const fits = (match: Readonly<Record<string, unknown>>, values: unknown): boolean => {
  const entries = Object.entries(match);
  if (entries.length === 0) return true;
  if (typeof values !== 'object' || values === null) return false;
  const seen = values as Readonly<Record<string, unknown>>;
  return entries.every(([key, value]) => JSON.stringify(seen[key]) === JSON.stringify(value));
};

const compileTransports = (cluster: Cluster, findings: Findings) => {
  const transport = compileUpstreamTransport(cluster.transportSocket, findings, 'transport_socket');
  const transportMatches = cluster.transportSocketMatches.map(
    ({ name, match, transportSocket }, index): TransportMatch => ({
      name,
      match: match ?? {},
      transport: compileUpstreamTransport(
        transportSocket,
        findings,
        `transport_socket_matches[${index}].transport_socket`,
      ),
    }),
  );
  const selectTransport = (metadata: Readonly<Record<string, unknown>>): UpstreamTransport => {
    if (transportMatches.length === 0) return transport;
    const values = metadata[transportMatchKey];
    return transportMatches.find(({ match }) => fits(match, values))?.transport ?? transport;
  };
  return { transport, transportMatches, selectTransport };
};

const compileZoneAware = (cluster: Cluster): Pick<ClusterTable, 'zoneAware'> => {
  const specifier = cluster.commonLbConfig?.localityConfigSpecifier;
  if (specifier?.case !== 'zoneAwareLbConfig') return {};
  return {
    zoneAware: {
      enabledPercent: specifier.value.routingEnabled?.value ?? defaultZoneAwarePercent,
      minClusterSize: Number(specifier.value.minClusterSize ?? defaultZoneAwareClusterSize),
    },
  };
};

const compileHealth = (cluster: Cluster) => ({
  healthyPanicPercent: cluster.commonLbConfig?.healthyPanicThreshold?.value ?? defaultPanicPercent,
  localityWeighted:
    cluster.commonLbConfig?.localityConfigSpecifier.case === 'localityWeightedLbConfig',
  ...compileZoneAware(cluster),
  closeOnHostHealthFailure: cluster.closeConnectionsOnHostHealthFailure,
});

const compileKeepalive = (cluster: Cluster): ClusterTable['tcpKeepalive'] => {
  const keepalive = cluster.upstreamConnectionOptions?.tcpKeepalive;
  if (keepalive === undefined) return undefined;
  const { keepaliveProbes, keepaliveTime, keepaliveInterval } = keepalive;
  return {
    ...(keepaliveProbes !== undefined && { probes: keepaliveProbes }),
    ...(keepaliveTime !== undefined && { timeSeconds: keepaliveTime }),
    ...(keepaliveInterval !== undefined && { intervalSeconds: keepaliveInterval }),
  };
};

const compileBind = (cluster: Cluster): Address | undefined => {
  const source = cluster.upstreamBindConfig?.sourceAddress;
  if (source === undefined) return undefined;
  const { case: kind, value } = source.portSpecifier;
  return { kind: 'socket', host: source.address, port: kind === 'portValue' ? value : 0 };
};

const compileAssignment = (
  cluster: Cluster,
  discovery: ClusterTable['discovery'],
  findings: Findings,
): ClusterTable['endpoints'] => {
  const hasOwn = discovery.kind !== 'eds' && discovery.kind !== 'original-dst';
  if (cluster.loadAssignment === undefined || !hasOwn) return undefined;
  return compileEndpointTable(cluster.loadAssignment, findings, 'load_assignment.');
};

const checkConnectTimeout = (cluster: Cluster, findings: Findings): number => {
  const timeout = cluster.connectTimeout;
  if (timeout === undefined) return defaultConnectMs;
  const ms = durationMs(timeout);
  if (ms === 0) findings.error('connect_timeout', 'FieldInvalid', 'must be greater than 0s');
  return ms;
};

/** Of upstream network filters only this one is known; others change nothing. */
const compileExchange = ({ filters }: Cluster, findings: Findings) => {
  for (const [index, { typedConfig }] of filters.entries()) {
    if (typedConfig === undefined) continue;
    const path = `filters[${index}].typed_config`;
    const settings = compileMetadataExchange(typedConfig, findings, path);
    if (settings !== undefined) return { metadataExchange: settings.protocol };
  }
  return {};
};

/** Compiles a cluster once; a message with an error gives no table. */
export const compileCluster = (cluster: Cluster): Checked<ClusterTable> => {
  const findings = new Findings();
  if (cluster.name === '') findings.error('name', 'FieldRequired', 'must not be empty');
  const discovery = compileDiscovery(cluster, findings);
  return findings.checked({
    name: cluster.name,
    statName: cluster.altStatName || cluster.name,
    discovery,
    endpoints: compileAssignment(cluster, discovery, findings),
    dnsRefreshMs: durationMsOr(cluster.dnsRefreshRate, defaultDnsRefreshMs),
    respectDnsTtl: cluster.respectDnsTtl,
    dnsFamily: dnsFamilies[cluster.dnsLookupFamily] ?? 'auto',
    connectTimeoutMs: checkConnectTimeout(cluster, findings),
    loadBalancing: compileLoadBalancing(cluster, findings),
    ...compileHealth(cluster),
    circuitBreakers: compileCircuitBreakers(cluster.circuitBreakers),
    outlierDetection: compileOutlierDetection(cluster.outlierDetection),
    http: compileHttp(cluster, findings),
    ...compileTransports(cluster, findings),
    tcpKeepalive: compileKeepalive(cluster),
    bindAddress: compileBind(cluster),
    perConnectionBufferLimitBytes: cluster.perConnectionBufferLimitBytes ?? defaultBufferBytes,
    ...compileExchange(cluster, findings),
    metadata: filterMetadata(cluster.metadata),
  });
};
