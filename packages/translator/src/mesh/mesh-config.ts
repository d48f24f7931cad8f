import type { ExtensionProvider } from '../input/extension-provider.ts';
import type { ProxyTracing } from '../input/proxy-tracing.ts';
import type { RetryPolicyInput } from '../input/virtual-service.ts';

/** Where traffic to hosts that no service claims goes (MeshConfig.OutboundTrafficPolicy.Mode). */
export type OutboundTrafficPolicyMode = 'ALLOW_ANY' | 'REGISTRY_ONLY';

/** MeshConfig.ProxyPathNormalization; DEFAULT is BASE. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** An entry of MeshConfig `serviceSettings`. */
export interface ServiceSetting {
  /** Names or wildcards (`*.mynamespace.svc.cluster.local`). */
  readonly hosts: readonly string[];
  /** Clients of these services reach the endpoints of their own cluster only. */
  readonly clusterLocal: boolean;
}

/** MeshConfig.DefaultProviders: names of providers for what no Telemetry says. */
export interface DefaultProviders {
  /** The first is taken. Default none. */
  readonly tracing: readonly string[];
  /** Default `prometheus`, as Istio's charts set it. */
  readonly metrics: readonly string[];
  /** Default none: `accessLogFile` says. */
  readonly accessLogging: readonly string[];
}

/** What the translator reads of `istio.mesh.v1alpha1.MeshConfig`, with the same names and defaults. */
export interface MeshConfig {
  /** Default `istio-system`. Its DestinationRules and Sidecar are the mesh's defaults. */
  readonly rootNamespace: string;
  /** Default `cluster.local`. */
  readonly trustDomain: string;
  /** Other trust domains whose identities count as this one's. Default none. */
  readonly trustDomainAliases: readonly string[];
  /** DNS suffix of Kubernetes services. Default `cluster.local`. */
  readonly domainSuffix: string;
  /** Default 15001. */
  readonly proxyListenPort: number;
  /** Default 15006. */
  readonly proxyInboundListenPort: number;
  /** HTTP proxy port of sidecars that do not send HTTP_PROXY_PORT. Default 0: none. */
  readonly proxyHttpPort: number;
  /** Upstream connect time-out in milliseconds. Default 10,000. */
  readonly connectTimeoutMs: number;
  /** 0 waits for ever, as Istio's default does. */
  readonly protocolDetectionTimeoutMs: number;
  /** Default true; works for proxies that hold a certificate. */
  readonly enableAutoMtls: boolean;
  /** Least TLS version between proxies (`meshMTLS.minProtocolVersion`). Default TLSV1_2. */
  readonly meshMtlsMinProtocolVersion: 'TLSV1_2' | 'TLSV1_3';
  /** Default ALLOW_ANY. */
  readonly outboundTrafficPolicy: OutboundTrafficPolicyMode;
  /** File of the proxies' access log; '' turns it off. Our profile: `/dev/stdout`. */
  readonly accessLogFile: string;
  /** Default TEXT. */
  readonly accessLogEncoding: 'TEXT' | 'JSON';
  /** A format of the user's; '' takes Istio's. */
  readonly accessLogFormat: string;
  /** Default true. */
  readonly localityLoadBalancing: boolean;
  /** Defaults `['*']`. */
  readonly defaultServiceExportTo: readonly string[];
  readonly defaultVirtualServiceExportTo: readonly string[];
  readonly defaultDestinationRuleExportTo: readonly string[];
  /** Undefined takes Istio's own default policy. */
  readonly defaultHttpRetryPolicy: RetryPolicyInput | undefined;
  /** Default DO_NOT_UPGRADE. */
  readonly h2UpgradePolicy: 'DO_NOT_UPGRADE' | 'UPGRADE';
  /** Authorizers, tracers and logs that policies and Telemetry name, beside the built-in ones. Default none. */
  readonly extensionProviders: readonly ExtensionProvider[];
  readonly defaultProviders: DefaultProviders;
  /** Whether requests are traced where no Telemetry and no default provider says how. Default true. */
  readonly enableTracing: boolean;
  /** `defaultConfig.tracing`. */
  readonly defaultTracing: ProxyTracing | undefined;
  /** Percent of requests that are traced where nobody says (istiod's PILOT_TRACE_SAMPLING). Default 1. */
  readonly traceSampling: number;
  /**
   * Who fetches key sets by their URI (istiod's PILOT_JWT_ENABLE_REMOTE_JWKS): the control plane, the
   * proxy where the host is a service of the mesh, or always the proxy. Default istiod.
   */
  readonly jwksFetchMode: 'istiod' | 'hybrid' | 'envoy';
  /** What is done to paths before anything looks at them. Default BASE (RFC 3986). */
  readonly pathNormalization: PathNormalization;
  /** Trusted proxies in front of gateways, for x-forwarded-for. Default 0. */
  readonly numTrustedProxies: number;
  /** Which services are of one cluster each, however many there are. Default none. */
  readonly serviceSettings: readonly ServiceSetting[];
  /** Host of `defaultConfig.discoveryAddress`; '' is `istiod` in the root namespace. */
  readonly discoveryHost: string;
}

/** Istio's defaults, with the access log on standard output. */
export const defaultMeshConfig: MeshConfig = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  domainSuffix: 'cluster.local',
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  proxyHttpPort: 0,
  connectTimeoutMs: 10_000,
  protocolDetectionTimeoutMs: 0,
  enableAutoMtls: true,
  meshMtlsMinProtocolVersion: 'TLSV1_2',
  outboundTrafficPolicy: 'ALLOW_ANY',
  accessLogFile: '/dev/stdout',
  accessLogEncoding: 'TEXT',
  accessLogFormat: '',
  localityLoadBalancing: true,
  defaultServiceExportTo: ['*'],
  defaultVirtualServiceExportTo: ['*'],
  defaultDestinationRuleExportTo: ['*'],
  defaultHttpRetryPolicy: undefined,
  h2UpgradePolicy: 'DO_NOT_UPGRADE',
  extensionProviders: [],
  defaultProviders: { tracing: [], metrics: ['prometheus'], accessLogging: [] },
  enableTracing: true,
  defaultTracing: undefined,
  traceSampling: 1,
  jwksFetchMode: 'istiod',
  pathNormalization: 'BASE',
  numTrustedProxies: 0,
  serviceSettings: [],
  discoveryHost: '',
};
