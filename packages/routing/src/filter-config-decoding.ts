import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  FilterConfigSchema,
  type CorsPolicy as RouteCorsPolicy,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type CorsPolicy,
  CorsPolicySchema,
  CorsSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import {
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import {
  type HTTPFault,
  HTTPFaultSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import {
  JwtAuthenticationSchema,
  PerRouteConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import {
  RBACPerRouteSchema,
  RBACSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { RouterSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import {
  type FilterConfig as AlpnConfig,
  FilterConfigSchema as AlpnConfigSchema,
  FilterConfig_Protocol as AlpnProtocol,
} from '@lateen/xds/gen/istio/envoy/config/filter/http/alpn/v2alpha1/config_pb.js';
import { PluginConfigSchema } from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';
import { unpack } from './any-message.ts';
import { durationMs } from './duration.ts';
import { compileExtAuthz, compileExtAuthzRoute } from './ext-authz-compilation.ts';
import type {
  AlpnSettings,
  CorsSettings,
  FaultSettings,
  FilterConfig,
  RawFilterConfig,
} from './filter-config.ts';
import type { Findings } from './findings.ts';
import { allMillionths, millionths, runtimeMillionths } from './fraction.ts';
import { compileHeaderCondition } from './header-condition.ts';
import { compileJwtAuthn, compileJwtRoute } from './jwt-compilation.ts';
import { compileMeshStats } from './mesh-stats-compilation.ts';
import { compileRbac } from './rbac-compilation.ts';
import { compileStringMatch } from './string-match.ts';

const noFilterConfig: ReadonlyMap<string, FilterConfig> = new Map();

const raw = (any: Any | undefined): RawFilterConfig => ({
  kind: 'raw',
  typeUrl: any?.typeUrl ?? '',
  value: any?.value ?? new Uint8Array(),
});

type Abort = NonNullable<FaultSettings['abort']>;

const compileAbort = (fault: HTTPFault, findings: Findings, path: string): Abort | undefined => {
  const abort = fault.abort;
  if (abort === undefined) return undefined;
  const fraction = millionths(abort.percentage, 0);
  const { case: kind, value } = abort.errorType;
  if (kind === 'httpStatus') {
    if (value < 200 || value > 599) {
      findings.error(`${path}.abort.http_status`, 'FieldInvalid', 'must be in [200, 600)');
    }
    return { fraction, status: { http: value } };
  }
  if (kind === 'grpcStatus') return { fraction, status: { grpc: value } };
  findings.warning(`${path}.abort`, 'FieldUnsupported', 'abort by request header is not done');
  return undefined;
};

const compileDelay = (fault: HTTPFault, findings: Findings, path: string) => {
  const delay = fault.delay;
  if (delay === undefined) return undefined;
  if (delay.faultDelaySecifier.case !== 'fixedDelay') {
    findings.warning(`${path}.delay`, 'FieldUnsupported', 'delay by request header is not done');
    return undefined;
  }
  const ms = durationMs(delay.faultDelaySecifier.value);
  return { ms, fraction: millionths(delay.percentage, 0) };
};

/** Compiles a fault. An absent percentage is 0 %, as in Envoy. */
export const compileFault = (fault: HTTPFault, findings: Findings, path: string): FaultSettings => {
  const delay = compileDelay(fault, findings, path);
  const abort = compileAbort(fault, findings, path);
  return {
    kind: 'fault',
    ...(delay && { delay }),
    ...(abort && { abort }),
    headers: fault.headers.map((header, index) =>
      compileHeaderCondition(header, findings, `${path}.headers[${index}]`),
    ),
    upstreamCluster: fault.upstreamCluster,
    ...(fault.maxActiveFaults !== undefined && { maxActive: fault.maxActiveFaults }),
  };
};

/** Compiles a CORS policy: the filter's, or the deprecated one of a route or virtual host. */
export const compileCors = (
  policy: CorsPolicy | RouteCorsPolicy,
  findings: Findings,
  path: string,
): CorsSettings => {
  const enabled =
    'enabledSpecifier' in policy ? policy.enabledSpecifier.value : policy.filterEnabled;
  return {
    kind: 'cors',
    allowOrigins: policy.allowOriginStringMatch.map((match, index) =>
      compileStringMatch(match, findings, `${path}.allow_origin_string_match[${index}]`),
    ),
    allowMethods: policy.allowMethods,
    allowHeaders: policy.allowHeaders,
    exposeHeaders: policy.exposeHeaders,
    maxAge: policy.maxAge,
    allowCredentials: policy.allowCredentials ?? false,
    allowPrivateNetworkAccess: policy.allowPrivateNetworkAccess ?? false,
    enabled: runtimeMillionths(enabled, allMillionths),
    forwardNotMatchingPreflights: policy.forwardNotMatchingPreflights ?? true,
  };
};

const compileAlpn = ({ alpnOverride }: AlpnConfig): AlpnSettings => {
  const offered = (wanted: AlpnProtocol): readonly string[] | undefined =>
    alpnOverride.find(({ upstreamProtocol }) => upstreamProtocol === wanted)?.alpnOverride;
  return {
    kind: 'alpn',
    http10: offered(AlpnProtocol.HTTP10),
    http11: offered(AlpnProtocol.HTTP11),
    http2: offered(AlpnProtocol.HTTP2),
  };
};

type Decoder = (any: Any, findings: Findings, path: string) => FilterConfig;

const decodeWrapped: Decoder = (any, findings, path) => {
  const wrapped = unpack(any, FilterConfigSchema, findings, path);
  if (wrapped?.disabled) return { kind: 'disabled' };
  return decodeFilterConfig(wrapped?.config, findings, `${path}.config`);
};

/** Decodes one message type; bytes that are no such message are an error, and stay raw. */
const decoderOf =
  <Desc extends DescMessage>(
    schema: Desc,
    compile: (message: MessageShape<Desc>, findings: Findings, path: string) => FilterConfig,
  ): Decoder =>
  (any, findings, path) => {
    const message = unpack(any, schema, findings, path);
    return message === undefined ? raw(any) : compile(message, findings, path);
  };

const decoders: readonly (readonly [{ readonly typeName: string }, Decoder])[] = [
  [HTTPFaultSchema, decoderOf(HTTPFaultSchema, compileFault)],
  [CorsPolicySchema, decoderOf(CorsPolicySchema, compileCors)],
  [RBACSchema, decoderOf(RBACSchema, compileRbac)],
  [
    RBACPerRouteSchema,
    decoderOf(RBACPerRouteSchema, ({ rbac }, findings, path) =>
      rbac === undefined ? { kind: 'disabled' } : compileRbac(rbac, findings, `${path}.rbac`),
    ),
  ],
  [JwtAuthenticationSchema, decoderOf(JwtAuthenticationSchema, compileJwtAuthn)],
  [PerRouteConfigSchema, decoderOf(PerRouteConfigSchema, compileJwtRoute)],
  [ExtAuthzSchema, decoderOf(ExtAuthzSchema, compileExtAuthz)],
  [ExtAuthzPerRouteSchema, decoderOf(ExtAuthzPerRouteSchema, compileExtAuthzRoute)],
  [PluginConfigSchema, decoderOf(PluginConfigSchema, compileMeshStats)],
  [CorsSchema, () => ({ kind: 'cors-filter' })],
  [
    RouterSchema,
    (any, findings, path) => {
      const router = unpack(any, RouterSchema, findings, path);
      return {
        kind: 'router',
        dynamicStats: router?.dynamicStats ?? true,
        suppressEnvoyHeaders: router?.suppressEnvoyHeaders ?? false,
      };
    },
  ],
  [AlpnConfigSchema, decoderOf(AlpnConfigSchema, compileAlpn)],
  [FilterConfigSchema, decodeWrapped],
];

/** Decodes the settings of an HTTP filter; unknown types are kept raw. */
export function decodeFilterConfig(
  any: Any | undefined,
  findings: Findings,
  path: string,
): FilterConfig {
  if (any === undefined) return raw(any);
  const typeName = any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
  const decoder = decoders.find(([schema]) => schema.typeName === typeName);
  return decoder === undefined ? raw(any) : decoder[1](any, findings, path);
}

/** Decodes `typed_per_filter_config`; the shared empty map when there is none. */
export const decodePerFilterConfig = (
  configs: Readonly<Record<string, Any>>,
  findings: Findings,
  path: string,
): ReadonlyMap<string, FilterConfig> => {
  const entries = Object.entries(configs);
  if (entries.length === 0) return noFilterConfig;
  return new Map(
    entries.map(([name, any]) => [
      name,
      decodeFilterConfig(any, findings, `${path}.typed_per_filter_config[${name}]`),
    ]),
  );
};
