import type { MeshConfig } from '@lateen/translator';

/** Where Istio has what we read of its mesh configuration. */
export const meshConfigNames: Readonly<Record<keyof MeshConfig, string>> = {
  rootNamespace: 'rootNamespace',
  trustDomain: 'trustDomain',
  trustDomainAliases: 'trustDomainAliases',
  domainSuffix: 'the DNS domain of the cluster (installation)',
  proxyListenPort: 'proxyListenPort',
  proxyInboundListenPort: 'proxyInboundListenPort',
  proxyHttpPort: 'proxyHttpPort',
  connectTimeoutMs: 'connectTimeout',
  protocolDetectionTimeoutMs: 'protocolDetectionTimeout',
  enableAutoMtls: 'enableAutoMtls',
  meshMtlsMinProtocolVersion: 'meshMTLS.minProtocolVersion',
  outboundTrafficPolicy: 'outboundTrafficPolicy.mode',
  accessLogFile: 'accessLogFile',
  accessLogEncoding: 'accessLogEncoding',
  accessLogFormat: 'accessLogFormat',
  localityLoadBalancing: 'localityLbSetting.enabled',
  defaultServiceExportTo: 'defaultServiceExportTo',
  defaultVirtualServiceExportTo: 'defaultVirtualServiceExportTo',
  defaultDestinationRuleExportTo: 'defaultDestinationRuleExportTo',
  defaultHttpRetryPolicy: 'defaultHttpRetryPolicy',
  h2UpgradePolicy: 'h2UpgradePolicy',
  extensionProviders: 'extensionProviders',
  defaultProviders: 'defaultProviders',
  enableTracing: 'enableTracing',
  defaultTracing: 'defaultConfig.tracing',
  traceSampling: 'PILOT_TRACE_SAMPLING (environment of istiod)',
  jwksFetchMode: 'PILOT_JWT_ENABLE_REMOTE_JWKS (environment of istiod)',
  pathNormalization: 'pathNormalization.normalization',
  numTrustedProxies: 'defaultConfig.gatewayTopology.numTrustedProxies',
  serviceSettings: 'serviceSettings[].settings.clusterLocal',
  discoveryHost: 'defaultConfig.discoveryAddress',
};

const policyTables = 'tables of authorization and tokens';
/** A row has one cluster. */
const severalClusters = 'packages/translator/src/endpoint/own-cluster.test.ts';

/** What no row shows, and where it is shown. */
export const shownElsewhere: ReadonlyMap<keyof MeshConfig, string> = new Map([
  ['defaultTracing', 'packages/translator/src/telemetry/listener-telemetry.test.ts'],
  ['jwksFetchMode', policyTables],
  ['serviceSettings', severalClusters],
  ['discoveryHost', severalClusters],
]);

/** What the control plane alone reads of the mesh configuration, and the test that shows it. */
export const controlPlaneFields: Readonly<Record<string, string>> = {
  'caCertificates[].pem': 'packages/runtime/src/foreign-mesh.test.ts',
  'caCertificates[].trustDomains': 'packages/pilot/src/security/foreign-roots.test.ts',
};
