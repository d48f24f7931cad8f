import {
  type Http1ProtocolOptions,
  type Http2ProtocolOptions,
  HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores,
} from '@lateen/xds/gen/envoy/config/core/v3/protocol_pb.js';
import {
  HttpConnectionManager_CodecType as Codec,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManager_ForwardClientCertDetails as ForwardCert,
  type HttpConnectionManager,
  type HttpFilter,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { compileAccessLogs } from './access-log.ts';
import { durationMsOr } from './duration.ts';
import { decodeFilterConfig } from './filter-config-decoding.ts';
import type { Findings } from './findings.ts';
import type {
  Http2Settings,
  HttpConnectionManagerSettings,
  HttpFilterSettings,
} from './http-connection-manager.ts';
import type { PathOptions } from './path-normalization.ts';
import { compileRouteTable } from './route-table.ts';
import { compileTracing } from './tracing-compilation.ts';

type Settings = HttpConnectionManagerSettings;

/** Envoy's defaults, in milliseconds. */
const defaultStreamIdleMs = 300_000;
const defaultIdleMs = 3_600_000;
const defaultDelayedCloseMs = 1_000;
const defaultDrainMs = 5_000;
/** Envoy's default and greatest header size, in KiB. */
const defaultHeadersKb = 60;
const defaultHeadersCount = 100;

const codecs: Readonly<Record<number, Settings['codec']>> = {
  [Codec.AUTO]: 'auto',
  [Codec.HTTP1]: 'http1',
  [Codec.HTTP2]: 'http2',
  [Codec.HTTP3]: 'http3',
};

const serverHeaders: Readonly<Record<number, Settings['serverHeader']>> = {
  [ServerHeader.OVERWRITE]: 'overwrite',
  [ServerHeader.APPEND_IF_ABSENT]: 'append-if-absent',
  [ServerHeader.PASS_THROUGH]: 'pass-through',
};

const forwardCerts: Readonly<Record<number, Settings['forwardClientCert']>> = {
  [ForwardCert.SANITIZE]: 'sanitize',
  [ForwardCert.FORWARD_ONLY]: 'forward-only',
  [ForwardCert.APPEND_FORWARD]: 'append-forward',
  [ForwardCert.SANITIZE_SET]: 'sanitize-set',
  [ForwardCert.ALWAYS_FORWARD_ONLY]: 'always-forward-only',
};

const escapedSlashes: Readonly<Record<number, PathOptions['escapedSlashes']>> = {
  [EscapedSlashes.REJECT_REQUEST]: 'reject',
  [EscapedSlashes.UNESCAPE_AND_REDIRECT]: 'redirect',
  [EscapedSlashes.UNESCAPE_AND_FORWARD]: 'unescape',
};

const underscores: Readonly<Record<number, Settings['headersWithUnderscores']>> = {
  [Underscores.REJECT_REQUEST]: 'reject-request',
  [Underscores.DROP_HEADER]: 'drop-header',
};

const compileRoute = (
  message: HttpConnectionManager,
  findings: Findings,
  path: string,
): Settings['route'] => {
  const specifier = message.routeSpecifier;
  if (specifier.case === 'rds') return { kind: 'rds', name: specifier.value.routeConfigName };
  if (specifier.case === 'routeConfig') {
    const table = compileRouteTable(specifier.value, findings, `${path}.route_config.`);
    return { kind: 'inline', table };
  }
  const what = specifier.case === undefined ? 'a route is required' : 'scoped routes are not known';
  findings.error(`${path}.route_specifier`, 'FieldInvalid', what);
  return { kind: 'none' };
};

const compileFilter = (
  filter: HttpFilter,
  findings: Findings,
  path: string,
): HttpFilterSettings => {
  const { configType } = filter;
  if (configType.case === 'configDiscovery') {
    findings.warning(`${path}.config_discovery`, 'FieldUnsupported', 'ECDS is not known');
  }
  const any = configType.case === 'typedConfig' ? configType.value : undefined;
  return {
    name: filter.name,
    config: decodeFilterConfig(any, findings, `${path}.typed_config`),
    optional: filter.isOptional,
    disabled: filter.disabled,
  };
};

/** HTTP/2 settings of either side. */
export const compileHttp2 = (options: Http2ProtocolOptions | undefined): Http2Settings => ({
  ...(options?.maxConcurrentStreams !== undefined && {
    maxConcurrentStreams: options.maxConcurrentStreams,
  }),
  ...(options?.initialStreamWindowSize !== undefined && {
    initialStreamWindowBytes: options.initialStreamWindowSize,
  }),
  ...(options?.initialConnectionWindowSize !== undefined && {
    initialConnectionWindowBytes: options.initialConnectionWindowSize,
  }),
  allowConnect: options?.allowConnect ?? false,
});

const compileTimeouts = (message: HttpConnectionManager) => {
  const options = message.commonHttpProtocolOptions;
  return {
    requestTimeoutMs: durationMsOr(message.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMsOr(message.requestHeadersTimeout, 0),
    streamIdleTimeoutMs: durationMsOr(message.streamIdleTimeout, defaultStreamIdleMs),
    idleTimeoutMs: durationMsOr(options?.idleTimeout, defaultIdleMs),
    maxStreamDurationMs: durationMsOr(options?.maxStreamDuration, 0),
    maxConnectionDurationMs: durationMsOr(options?.maxConnectionDuration, 0),
    delayedCloseTimeoutMs: durationMsOr(message.delayedCloseTimeout, defaultDelayedCloseMs),
    drainTimeoutMs: durationMsOr(message.drainTimeout, defaultDrainMs),
  };
};

const compileLimits = (message: HttpConnectionManager) => {
  const options = message.commonHttpProtocolOptions;
  return {
    maxRequestsPerConnection: options?.maxRequestsPerConnection ?? 0,
    maxRequestHeadersBytes: (message.maxRequestHeadersKb ?? defaultHeadersKb) * 1024,
    maxHeadersCount: options?.maxHeadersCount ?? defaultHeadersCount,
    headersWithUnderscores: underscores[options?.headersWithUnderscoresAction ?? 0] ?? 'allow',
  };
};

const compileHttp1 = (options: Http1ProtocolOptions | undefined) => ({
  acceptHttp10: options?.acceptHttp10 ?? false,
  defaultHostForHttp10: options?.defaultHostForHttp10 ?? '',
  allowAbsoluteUrl: options?.allowAbsoluteUrl ?? true,
  preserveHeaderCase: options?.headerKeyFormat?.headerFormat.case === 'statefulFormatter',
  allowChunkedLength: options?.allowChunkedLength ?? false,
  enableTrailers: options?.enableTrailers ?? false,
});

const compileIdentity = (message: HttpConnectionManager) => {
  const details = message.setCurrentClientCertDetails;
  return {
    useRemoteAddress: message.useRemoteAddress ?? false,
    trustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    appendForwardedPort: message.appendXForwardedPort,
    serverName: message.serverName || 'envoy',
    serverHeader: serverHeaders[message.serverHeaderTransformation] ?? 'overwrite',
    via: message.via,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    forwardClientCert: forwardCerts[message.forwardClientCertDetails] ?? 'sanitize',
    clientCertDetails: {
      subject: details?.subject ?? false,
      cert: details?.cert ?? false,
      chain: details?.chain ?? false,
      dns: details?.dns ?? false,
      uri: details?.uri ?? false,
    },
  } as const;
};

const stripPortOf = (message: HttpConnectionManager): Settings['stripPort'] => {
  if (message.stripPortMode.case === 'stripAnyHostPort' && message.stripPortMode.value)
    return 'any';
  return message.stripMatchingHostPort ? 'matching' : 'none';
};

const tracingOf = (message: HttpConnectionManager, findings: Findings, path: string) => {
  const tracing = compileTracing(message, findings, path);
  return tracing === undefined ? {} : { tracing };
};

/** Compiles the HTTP connection manager with its inline routes and filters. */
export const compileHttpConnectionManager = (
  message: HttpConnectionManager,
  findings: Findings,
  path: string,
): HttpConnectionManagerSettings => ({
  kind: 'http',
  codec: codecs[message.codecType] ?? 'auto',
  statPrefix: message.statPrefix,
  route: compileRoute(message, findings, path),
  httpFilters: message.httpFilters.map((filter, index) =>
    compileFilter(filter, findings, `${path}.http_filters[${index}]`),
  ),
  accessLogs: compileAccessLogs(message.accessLog, findings, `${path}.access_log`),
  ...tracingOf(message, findings, path),
  ...compileTimeouts(message),
  ...compileLimits(message),
  path: {
    normalize: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    escapedSlashes: escapedSlashes[message.pathWithEscapedSlashesAction] ?? 'keep',
  },
  ...compileIdentity(message),
  proxy100Continue: message.proxy100Continue,
  upgrades: new Set(
    message.upgradeConfigs
      .filter(({ enabled }) => enabled !== false)
      .map(({ upgradeType }) => upgradeType.toLowerCase()),
  ),
  stripPort: stripPortOf(message),
  stripTrailingHostDot: message.stripTrailingHostDot,
  ...compileHttp1(message.httpProtocolOptions),
  http2: compileHttp2(message.http2ProtocolOptions),
});
