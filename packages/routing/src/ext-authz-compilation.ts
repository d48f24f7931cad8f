import type { HeaderValue } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { GrpcService } from '@lateen/xds/gen/envoy/config/core/v3/grpc_service_pb.js';
import type {
  BufferSettings,
  ExtAuthz,
  ExtAuthzPerRoute,
  HttpService,
} from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import type { ExtAuthz as NetworkExtAuthz } from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import type { MetadataMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { ListStringMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import { durationMsOr } from './duration.ts';
import type {
  AuthorizationBody,
  AuthorizationHeader,
  ExtAuthzRouteSettings,
  ExtAuthzSettings,
  GrpcAuthorization,
  HttpAuthorization,
  NetworkExtAuthzSettings,
} from './ext-authz-settings.ts';
import type { Findings } from './findings.ts';
import { allMillionths, runtimeMillionths } from './fraction.ts';
import { compileMetadataMatch } from './metadata-match.ts';
import { compileStringMatch, type StringMatch } from './string-match.ts';

/** Envoy's defaults. */
const defaultTimeoutMs = 200;
const forbidden = 403;

const matchList = (
  list: ListStringMatcher | undefined,
  findings: Findings,
  path: string,
): readonly StringMatch[] =>
  (list?.patterns ?? []).map((pattern, index) =>
    compileStringMatch(pattern, findings, `${path}.patterns[${index}]`),
  );

const headerValues = (headers: readonly HeaderValue[]): readonly AuthorizationHeader[] =>
  headers.map(({ key, value }) => ({ name: key.toLowerCase(), value }));

const compileGrpc = (
  service: GrpcService | undefined,
  findings: Findings,
  path: string,
): GrpcAuthorization => {
  const target = service?.targetSpecifier;
  const envoy = target?.case === 'envoyGrpc' ? target.value : undefined;
  if (envoy === undefined || envoy.clusterName === '') {
    findings.error(`${path}.envoy_grpc`, 'FieldRequired', 'a cluster to ask is required');
  }
  return {
    kind: 'grpc',
    cluster: envoy?.clusterName ?? '',
    authority: envoy?.authority ?? '',
    timeoutMs: durationMsOr(service?.timeout, defaultTimeoutMs),
    initialMetadata: headerValues(service?.initialMetadata ?? []),
  };
};

const uriAuthority = (uri: string): string => uri.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '');

const compileHttp = (service: HttpService, findings: Findings, path: string): HttpAuthorization => {
  const { serverUri, authorizationRequest: request, authorizationResponse: response } = service;
  const cluster = serverUri?.httpUpstreamType.value ?? '';
  if (cluster === '') {
    findings.error(`${path}.server_uri.cluster`, 'FieldRequired', 'a cluster to ask is required');
  }
  const list = (one: ListStringMatcher | undefined, field: string): readonly StringMatch[] =>
    matchList(one, findings, `${path}.${field}`);
  const answer = 'authorization_response';
  return {
    kind: 'http',
    cluster,
    authority: uriAuthority(serverUri?.uri ?? ''),
    timeoutMs: durationMsOr(serverUri?.timeout, defaultTimeoutMs),
    pathPrefix: service.pathPrefix,
    allowedHeaders: list(request?.allowedHeaders, 'authorization_request.allowed_headers'),
    headersToAdd: headerValues(request?.headersToAdd ?? []),
    allowedUpstreamHeaders: list(
      response?.allowedUpstreamHeaders,
      `${answer}.allowed_upstream_headers`,
    ),
    allowedUpstreamHeadersToAppend: list(
      response?.allowedUpstreamHeadersToAppend,
      `${answer}.allowed_upstream_headers_to_append`,
    ),
    allowedClientHeaders: list(response?.allowedClientHeaders, `${answer}.allowed_client_headers`),
    allowedClientHeadersOnSuccess: list(
      response?.allowedClientHeadersOnSuccess,
      `${answer}.allowed_client_headers_on_success`,
    ),
    dynamicMetadataFromHeaders: list(
      response?.dynamicMetadataFromHeaders,
      `${answer}.dynamic_metadata_from_headers`,
    ),
  };
};

const compileBody = (settings: BufferSettings | undefined): AuthorizationBody | undefined =>
  settings && {
    maxBytes: settings.maxRequestBytes,
    allowPartial: settings.allowPartialMessage,
    asBytes: settings.packAsBytes,
  };

const compileEnabledMetadata = (
  matcher: MetadataMatcher | undefined,
  findings: Findings,
  path: string,
) => matcher && compileMetadataMatch(matcher, findings, `${path}.filter_enabled_metadata`);

const compileService = (
  { services }: ExtAuthz,
  findings: Findings,
  path: string,
): HttpAuthorization | GrpcAuthorization =>
  services.case === 'httpService'
    ? compileHttp(services.value, findings, `${path}.http_service`)
    : compileGrpc(services.value, findings, `${path}.grpc_service`);

/** Compiles the HTTP filter's settings. */
export const compileExtAuthz = (
  message: ExtAuthz,
  findings: Findings,
  path: string,
): ExtAuthzSettings => ({
  kind: 'ext-authz',
  service: compileService(message, findings, path),
  failureModeAllow: message.failureModeAllow,
  failureModeAllowHeader: message.failureModeAllowHeaderAdd,
  statusOnError: message.statusOnError?.code || forbidden,
  body: compileBody(message.withRequestBody),
  clearRouteCache: message.clearRouteCache,
  allowedHeaders: matchList(message.allowedHeaders, findings, `${path}.allowed_headers`),
  disallowedHeaders: matchList(message.disallowedHeaders, findings, `${path}.disallowed_headers`),
  metadataNamespaces: message.metadataContextNamespaces,
  includePeerCertificate: message.includePeerCertificate,
  includeTlsSession: message.includeTlsSession,
  statPrefix: message.statPrefix,
  enabled: runtimeMillionths(message.filterEnabled, allMillionths),
  enabledMetadata: compileEnabledMetadata(message.filterEnabledMetadata, findings, path),
  denyAtDisable: message.denyAtDisable?.defaultValue ?? false,
});

/** Compiles a route's settings. */
export const compileExtAuthzRoute = (message: ExtAuthzPerRoute): ExtAuthzRouteSettings => {
  const { override } = message;
  const settings = override.case === 'checkSettings' ? override.value : undefined;
  return {
    kind: 'ext-authz-route',
    disabled: override.case === 'disabled' && override.value,
    contextExtensions: settings?.contextExtensions ?? {},
    disableRequestBody: settings?.disableRequestBodyBuffering ?? false,
    body: compileBody(settings?.withRequestBody),
  };
};

/** Compiles the network filter's settings. */
export const compileNetworkExtAuthz = (
  message: NetworkExtAuthz,
  findings: Findings,
  path: string,
): NetworkExtAuthzSettings => ({
  kind: 'network-ext-authz',
  service: compileGrpc(message.grpcService, findings, `${path}.grpc_service`),
  failureModeAllow: message.failureModeAllow,
  includePeerCertificate: message.includePeerCertificate,
  statPrefix: message.statPrefix,
  enabledMetadata: compileEnabledMetadata(message.filterEnabledMetadata, findings, path),
});
