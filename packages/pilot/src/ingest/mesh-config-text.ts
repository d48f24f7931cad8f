import type { Checked, Diagnostic } from '@lateen/base';
import {
  defaultMeshConfig,
  type MeshConfig,
  readExtensionProviders,
  readHttpRetryPolicy,
  readProxyTracing,
} from '@lateen/translator';
import { parse } from 'yaml';
import { type ForeignRoot, readForeignRoots } from './foreign-roots.ts';
import { meshConfigWarnings } from './mesh-config-warnings.ts';

/** The mesh's configuration: what the translator reads, and what only the control plane does. */
export interface MeshSettings extends MeshConfig {
  /** MeshConfig `caCertificates`. Default none. */
  readonly foreignRoots: readonly ForeignRoot[];
}

/** Istio's, as long as there is no ConfigMap. */
export const defaultMeshSettings: MeshSettings = { ...defaultMeshConfig, foreignRoots: [] };

type Fields = Readonly<Record<string, unknown>>;

/** Reads one field of the document into the configuration; undefined: the field is wrong. */
type FieldReader = (value: unknown) => Partial<MeshSettings> | undefined;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A protobuf JSON or Go duration (`10s`, `1m30s`, `0.5s`) in milliseconds; undefined: it is none. */
export const durationMs = (value: unknown): number | undefined => {
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
  return total;
};

const text =
  (key: 'rootNamespace' | 'trustDomain' | 'accessLogFile' | 'accessLogFormat'): FieldReader =>
  (value) =>
    typeof value === 'string' ? { [key]: value } : undefined;

const port =
  (key: 'proxyListenPort' | 'proxyInboundListenPort' | 'proxyHttpPort'): FieldReader =>
  (value) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
      ? { [key]: value }
      : undefined;

const duration =
  (key: 'connectTimeoutMs' | 'protocolDetectionTimeoutMs'): FieldReader =>
  (value) => {
    const milliseconds = durationMs(value);
    return milliseconds === undefined ? undefined : { [key]: milliseconds };
  };

const names =
  (
    key:
      | 'trustDomainAliases'
      | 'defaultServiceExportTo'
      | 'defaultVirtualServiceExportTo'
      | 'defaultDestinationRuleExportTo',
  ): FieldReader =>
  (value) =>
    Array.isArray(value) && value.every((entry) => typeof entry === 'string')
      ? { [key]: value }
      : undefined;

const meshTlsVersions: Readonly<Record<string, MeshConfig['meshMtlsMinProtocolVersion']>> = {
  TLS_AUTO: 'TLSV1_2',
  TLSV1_2: 'TLSV1_2',
  TLSV1_3: 'TLSV1_3',
};

const pathNormalizations: Readonly<Record<string, MeshConfig['pathNormalization']>> = {
  DEFAULT: 'BASE',
  NONE: 'NONE',
  BASE: 'BASE',
  MERGE_SLASHES: 'MERGE_SLASHES',
  DECODE_AND_MERGE_SLASHES: 'DECODE_AND_MERGE_SLASHES',
};

/** `serviceSettings`: hosts, and whether each cluster keeps them to itself. */
const readServiceSettings = (value: unknown): MeshConfig['serviceSettings'] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const settings = value.map((entry: unknown) => {
    const { hosts = [], settings: own = {} } = isFields(entry) ? entry : {};
    const { clusterLocal = false } = isFields(own) ? own : {};
    const areNames = Array.isArray(hosts) && hosts.every((host) => typeof host === 'string');
    return areNames && typeof clusterLocal === 'boolean' ? { hosts, clusterLocal } : undefined;
  });
  return settings.every((one) => one !== undefined) ? settings : undefined;
};

/** Kinds that are not named keep their defaults; `[]` switches them off. */
const readDefaultProviders = (value: unknown): MeshConfig['defaultProviders'] | undefined => {
  if (!isFields(value)) return undefined;
  const { tracing, metrics, accessLogging } = { ...defaultMeshConfig.defaultProviders, ...value };
  const lists = [tracing, metrics, accessLogging];
  const areNames = lists.every(
    (list) => Array.isArray(list) && list.every((name) => typeof name === 'string'),
  );
  return areNames ? { tracing, metrics, accessLogging } : undefined;
};

/** What proxies are told that say nothing themselves (ProxyConfig). */
const readDefaultConfig: FieldReader = (value) => {
  if (!isFields(value)) return undefined;
  const { numTrustedProxies = 0 } = isFields(value['gatewayTopology'])
    ? value['gatewayTopology']
    : {};
  const isCount = Number.isInteger(numTrustedProxies) && Number(numTrustedProxies) >= 0;
  const { discoveryAddress = '' } = value;
  const defaultTracing = readProxyTracing(value['tracing']);
  if (!isCount || typeof discoveryAddress !== 'string' || defaultTracing === 'wrong')
    return undefined;
  const discoveryHost = discoveryAddress.replace(/:\d+$/, '');
  return { numTrustedProxies: Number(numTrustedProxies), discoveryHost, defaultTracing };
};

/** By the field's name in MeshConfig. Fields that are not here are accepted and have no effect yet. */
const readers: Readonly<Record<string, FieldReader>> = {
  rootNamespace: text('rootNamespace'),
  trustDomain: text('trustDomain'),
  trustDomainAliases: names('trustDomainAliases'),
  caCertificates: (value) => {
    const foreignRoots = readForeignRoots(value);
    return foreignRoots && { foreignRoots };
  },
  accessLogFile: text('accessLogFile'),
  accessLogFormat: text('accessLogFormat'),
  proxyListenPort: port('proxyListenPort'),
  proxyInboundListenPort: port('proxyInboundListenPort'),
  proxyHttpPort: port('proxyHttpPort'),
  connectTimeout: duration('connectTimeoutMs'),
  protocolDetectionTimeout: duration('protocolDetectionTimeoutMs'),
  defaultServiceExportTo: names('defaultServiceExportTo'),
  defaultVirtualServiceExportTo: names('defaultVirtualServiceExportTo'),
  defaultDestinationRuleExportTo: names('defaultDestinationRuleExportTo'),
  meshMTLS: (value) => {
    const version = isFields(value) ? (value['minProtocolVersion'] ?? 'TLS_AUTO') : undefined;
    const meshMtlsMinProtocolVersion = meshTlsVersions[String(version)];
    return meshMtlsMinProtocolVersion && { meshMtlsMinProtocolVersion };
  },
  pathNormalization: (value) => {
    const mode = isFields(value) ? (value['normalization'] ?? 'DEFAULT') : undefined;
    const pathNormalization = pathNormalizations[String(mode)];
    return pathNormalization && { pathNormalization };
  },
  extensionProviders: (value) => {
    const extensionProviders = readExtensionProviders(value);
    return extensionProviders && { extensionProviders };
  },
  defaultProviders: (value) => {
    const defaultProviders = readDefaultProviders(value);
    return defaultProviders && { defaultProviders };
  },
  defaultConfig: readDefaultConfig,
  serviceSettings: (value) => {
    const serviceSettings = readServiceSettings(value);
    return serviceSettings && { serviceSettings };
  },
  enableTracing: (value) => (typeof value === 'boolean' ? { enableTracing: value } : undefined),
  enableAutoMtls: (value) => (typeof value === 'boolean' ? { enableAutoMtls: value } : undefined),
  accessLogEncoding: (value) =>
    value === 'TEXT' || value === 'JSON' ? { accessLogEncoding: value } : undefined,
  h2UpgradePolicy: (value) =>
    value === 'DO_NOT_UPGRADE' || value === 'UPGRADE' ? { h2UpgradePolicy: value } : undefined,
  outboundTrafficPolicy: (value) => {
    const mode = isFields(value) ? (value['mode'] ?? 'ALLOW_ANY') : undefined;
    return mode === 'ALLOW_ANY' || mode === 'REGISTRY_ONLY'
      ? { outboundTrafficPolicy: mode }
      : undefined;
  },
  defaultHttpRetryPolicy: (value) => {
    const policy = readHttpRetryPolicy(value);
    return policy === undefined ? undefined : { defaultHttpRetryPolicy: policy };
  },
  localityLbSetting: (value) => {
    const enabled = isFields(value) ? (value['enabled'] ?? true) : undefined;
    return typeof enabled === 'boolean' ? { localityLoadBalancing: enabled } : undefined;
  },
};

/** Certificates are long, and nobody reads them in a log. */
const maxShownLength = 200;

const shorten = (json: string): string =>
  json.length > maxShownLength ? `${json.slice(0, maxShownLength)}...` : json;

const finding = (
  path: string,
  message: string,
  severity: Diagnostic['severity'] = 'error',
): Diagnostic => ({
  severity,
  code: 'MeshConfigInvalid',
  path,
  message,
  object: 'ConfigMap/istio-system/istio',
});

const readerOf = (field: string): (typeof readers)[string] | undefined =>
  Object.hasOwn(readers, field) ? readers[field] : undefined;

/**
 * Reads MeshConfig from the YAML text under `mesh` of the ConfigMap `istio`; what it does not say has
 * Istio's defaults. With any error there is no value, and the last good configuration stays; warnings are about
 * what has no effect.
 */
export const readMeshConfigText = (yamlText: string): Checked<MeshSettings> => {
  let document: unknown;
  try {
    document = parse(yamlText) ?? {};
  } catch (error) {
    return { value: undefined, diagnostics: [finding('data.mesh', String(error))] };
  }
  if (!isFields(document))
    return { value: undefined, diagnostics: [finding('data.mesh', 'must be a YAML mapping')] };
  const diagnostics: Diagnostic[] = [];
  let value = defaultMeshSettings;
  for (const [key, entry] of Object.entries(document)) {
    const reader = readerOf(key);
    if (reader === undefined || entry === null) continue;
    const part = reader(entry);
    if (part === undefined)
      diagnostics.push(finding(`data.mesh.${key}`, `cannot be ${shorten(JSON.stringify(entry))}`));
    else value = { ...value, ...part };
  }
  if (diagnostics.length > 0) return { value: undefined, diagnostics };
  const warnings = meshConfigWarnings(value).map(({ field, message }) =>
    finding(`data.mesh.${field}`, message, 'warning'),
  );
  return { value, diagnostics: warnings };
};
