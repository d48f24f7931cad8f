import type { ExtAuthzRouteSettings, ExtAuthzSettings } from './ext-authz-settings.ts';
import type { HeaderCondition } from './header-condition.ts';
import type { JwtAuthnSettings, JwtRouteSettings } from './jwt-settings.ts';
import type { MeshStatsSettings } from './mesh-stats-settings.ts';
import type { RbacSettings } from './rbac-settings.ts';
import type { Millionths } from './request-head.ts';
import type { StringMatch } from './string-match.ts';

/** `envoy.extensions.filters.http.fault.v3.HTTPFault`. */
export interface FaultSettings {
  readonly kind: 'fault';
  readonly delay?: { readonly ms: number; readonly fraction: Millionths };
  readonly abort?: {
    readonly fraction: Millionths;
    /** HTTP status, or the gRPC status to put into `grpc-status` with HTTP 200. */
    readonly status: { readonly http: number } | { readonly grpc: number };
  };
  /** All must hold, empty: every request. */
  readonly headers: readonly HeaderCondition[];
  /** Empty: every cluster. */
  readonly upstreamCluster: string;
  /** Undefined: no bound. */
  readonly maxActive?: number;
}

/** `envoy.extensions.filters.http.cors.v3.CorsPolicy` (and the deprecated policy in the route). */
export interface CorsSettings {
  readonly kind: 'cors';
  readonly allowOrigins: readonly StringMatch[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  readonly allowPrivateNetworkAccess: boolean;
  /** Probability that the policy is applied. Envoy default: all. */
  readonly enabled: Millionths;
  /** A preflight whose origin does not match is forwarded upstream. Default true. */
  readonly forwardNotMatchingPreflights: boolean;
}

/** `envoy.extensions.filters.http.router.v3.Router`. */
export interface RouterSettings {
  readonly kind: 'router';
  /** Default true. */
  readonly dynamicStats: boolean;
  readonly suppressEnvoyHeaders: boolean;
}

/** `istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig`: ALPN offered upstream for each version of HTTP. */
export interface AlpnSettings {
  readonly kind: 'alpn';
  /** Undefined: the cluster's own. */
  readonly http10: readonly string[] | undefined;
  readonly http11: readonly string[] | undefined;
  readonly http2: readonly string[] | undefined;
}

/** Settings of an HTTP or network filter, decoded once. What the engine does not know stays raw. */
export type FilterConfig =
  | FaultSettings
  | CorsSettings
  | RouterSettings
  | AlpnSettings
  | RbacSettings
  | JwtAuthnSettings
  | JwtRouteSettings
  | ExtAuthzSettings
  | ExtAuthzRouteSettings
  | MeshStatsSettings
  /** The CORS filter itself, which has no settings of its own. */
  | { readonly kind: 'cors-filter' }
  /** Switched off for this route (`route.v3.FilterConfig.disabled`). */
  | { readonly kind: 'disabled' }
  | RawFilterConfig;

/** A message the engine does not interpret. */
export interface RawFilterConfig {
  readonly kind: 'raw';
  /** Empty when the filter carries no settings. */
  readonly typeUrl: string;
  readonly value: Uint8Array;
}
