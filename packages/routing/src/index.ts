export type { AccessLogSettings } from './access-log.ts';
export { type Address, addressKey } from './address.ts';
export { type CelExpression, celProblem } from './cel/cel-expression.ts';
export { compileCluster } from './cluster-compilation.ts';
export type * from './cluster-table.ts';
export { mergeCustomTags } from './custom-tag.ts';
export type * from './decision.ts';
export { compileEndpoints } from './endpoint-compilation.ts';
export type * from './endpoint-table.ts';
export type * from './ext-authz-settings.ts';
export type * from './filter-config.ts';
export { compileFormat, compileJsonFormat, type FormatOptions } from './format.ts';
export type * from './format-context.ts';
export type { GrpcLogSettings } from './grpc-log.ts';
export { grpcStatusOfHttp } from './grpc-status.ts';
export type { HeaderCondition } from './header-condition.ts';
export {
  applyHeaderMutation,
  type HeaderList,
  noHeaderMutation,
  orderHeaderMutations,
} from './header-mutation.ts';
export type * from './http-connection-manager.ts';
export {
  type HypotheticalJwt,
  hasMaterial,
  hypotheticalJwks,
  hypotheticalJwt,
  hypotheticalKey,
} from './hypothetical-jwt.ts';
export { type JwkKey, type Jwks, parseJwks } from './jwks.ts';
export { withoutParameters } from './jwt-extraction.ts';
export * from './jwt-settings.ts';
export { type JwtStatus, jwtStatusTexts } from './jwt-status.ts';
export { type JwtToken, parseJwt } from './jwt-token.ts';
export type * from './jwt-verdict.ts';
export { verifyJwts } from './jwt-verification.ts';
export { compileListener } from './listener-compilation.ts';
export type * from './listener-table.ts';
export { inlineJwks } from './local-jwks.ts';
export * from './mesh-stats-settings.ts';
export type { MetadataExchangeSettings } from './metadata-exchange.ts';
export type { MetadataMatch } from './metadata-match.ts';
export { metadataAt } from './metadata-path.ts';
export type { OtlpLogRecord, OtlpLogSettings } from './otlp-log.ts';
export {
  type NormalizedPath,
  needsNormalization,
  normalizePath,
  type PathOptions,
} from './path-normalization.ts';
export type { FailedTest } from './policy-condition.ts';
export type * from './policy-request.ts';
export * from './rbac-settings.ts';
export { regexProblem } from './regex.ts';
export { pathOnly, queryParameter } from './request-path.ts';
export { compileRouteConfiguration } from './route-table.ts';
export {
  packTraceReason,
  readTraceReason,
  type SampledRequest,
  sampleRequest,
  type TraceReason,
} from './sampling-decision.ts';
export { compileStatsSettings, type StatsSettings } from './stats-settings.ts';
export type { StringMatch } from './string-match.ts';
export type { TcpDestination, TcpProxySettings } from './tcp-proxy.ts';
export { compileSecret } from './tls-compilation.ts';
export type * from './tls-settings.ts';
export { compileBootstrapTracing } from './tracing-compilation.ts';
export type * from './tracing-settings.ts';
