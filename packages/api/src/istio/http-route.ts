import type { Destination } from './destination.ts';
import type { Percent } from './percent.ts';
import type { StringMatch } from './string-match.ts';

/** networking.istio.io HTTPMatchRequest: all conditions of one entry must hold (AND); entries are alternatives (OR). */
export interface HttpMatch {
  /** Appended to the route's name in the access log. */
  readonly name?: string;
  /** Matches the path without the query string. */
  readonly uri?: StringMatch;
  readonly scheme?: StringMatch;
  readonly method?: StringMatch;
  readonly authority?: StringMatch;
  /** Lower-case header name to match; `@request.auth.claims.x` matches a JWT claim. */
  readonly headers?: Readonly<Record<string, StringMatch>>;
  /** Must not match; a missing header counts as empty. */
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>;
  readonly queryParams?: Readonly<Record<string, StringMatch>>;
  /** Exact and prefix only. Default false. */
  readonly ignoreUriCase?: boolean;
  /** Port of the service or of the gateway's server. */
  readonly port?: number;
  /** Labels of the calling workload; chosen when configuration is generated. Mesh only. */
  readonly sourceLabels?: Readonly<Record<string, string>>;
  readonly sourceNamespace?: string;
  /** Replaces the VirtualService's `gateways` for this match. */
  readonly gateways?: readonly string[];
  readonly statPrefix?: string;
}

/** networking.istio.io Headers.HeaderOperations. */
export interface HeaderOperations {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/** networking.istio.io Headers. */
export interface HeaderRules {
  readonly request?: HeaderOperations;
  readonly response?: HeaderOperations;
}

/** networking.istio.io HTTPRouteDestination. */
export interface HttpRouteDestination {
  readonly destination: Destination;
  /** Share of the sum of all weights. A single destination gets everything. */
  readonly weight?: number;
  readonly headers?: HeaderRules;
}

/** networking.istio.io HTTPRedirect. */
export interface HttpRedirect {
  /** Replaces the whole path. */
  readonly uri?: string;
  /** Replaces the matched prefix; not with `uri`. */
  readonly prefixRewrite?: string;
  readonly authority?: string;
  readonly port?: number;
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT';
  readonly scheme?: string;
  /** 301 (default), 302, 303, 307 or 308. */
  readonly redirectCode?: number;
}

/** networking.istio.io HTTPDirectResponse. */
export interface HttpDirectResponse {
  /** 200 to 599. */
  readonly status: number;
  /** At most 1 MiB; `bytes` is base64. */
  readonly body?: { readonly string?: string; readonly bytes?: string };
}

/** networking.istio.io Delegate: another VirtualService, without hosts, holds the routes. */
export interface RouteDelegate {
  readonly name?: string;
  /** Default: the namespace of the delegating VirtualService. */
  readonly namespace?: string;
}

/** networking.istio.io HTTPRewrite. */
export interface HttpRewrite {
  /** Replaces the matched prefix, or the whole path when the match was not a prefix. */
  readonly uri?: string;
  readonly authority?: string;
  /** RE2 with `\1` groups; not with `uri`. */
  readonly uriRegexRewrite?: { readonly match?: string; readonly rewrite?: string };
}

/** networking.istio.io HTTPRetry. */
export interface HttpRetry {
  /** 0 switches retries off. */
  readonly attempts?: number;
  /** Duration, at least 1ms. Default: the route's timeout. */
  readonly perTryTimeout?: string;
  /** Comma-separated Envoy conditions and status codes. */
  readonly retryOn?: string;
  /** Default false. */
  readonly retryRemoteLocalities?: boolean;
  /** Default true. */
  readonly retryIgnorePreviousHosts?: boolean;
  /** Base of the back-off, at least 1ms. Default 25ms. */
  readonly backoff?: string;
}

/** networking.istio.io HTTPFaultInjection.Delay. */
export interface FaultDelay {
  /** Absent: 0 %. */
  readonly percentage?: Percent;
  readonly fixedDelay?: string;
  /** Accepted, not implemented by Istio. */
  readonly exponentialDelay?: string;
  /** Deprecated whole-number form of `percentage`. */
  readonly percent?: number;
}

/** networking.istio.io HTTPFaultInjection.Abort: one of httpStatus, grpcStatus, http2Error. */
export interface FaultAbort {
  /** Absent: 0 %. */
  readonly percentage?: Percent;
  readonly httpStatus?: number;
  readonly grpcStatus?: string;
  /** Accepted, not implemented by Istio. */
  readonly http2Error?: string;
  /** Deprecated whole-number form of `percentage`, gone from Istio's API since 1.1. */
  readonly percent?: number;
}

/** networking.istio.io HTTPFaultInjection. */
export interface HttpFault {
  readonly delay?: FaultDelay;
  readonly abort?: FaultAbort;
}

/** networking.istio.io HTTPMirrorPolicy. */
export interface HttpMirror {
  readonly destination: Destination;
  /** Default 100 %. */
  readonly percentage?: Percent;
}

/** networking.istio.io CorsPolicy. */
export interface CorsPolicy {
  readonly allowOrigins?: readonly StringMatch[];
  /** Deprecated: exact origins, or `*`. */
  readonly allowOrigin?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  /** Whole seconds. */
  readonly maxAge?: string;
  readonly allowCredentials?: boolean;
  /** Default FORWARD. */
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE';
}

/** networking.istio.io HTTPRoute: one rule; the first whose match holds decides. */
export interface HttpRoute {
  /** Route name in the access log. */
  readonly name?: string;
  /** Absent: matches everything. */
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly HttpRouteDestination[];
  readonly redirect?: HttpRedirect;
  readonly directResponse?: HttpDirectResponse;
  readonly delegate?: RouteDelegate;
  readonly rewrite?: HttpRewrite;
  /** Duration. Default none. */
  readonly timeout?: string;
  readonly retries?: HttpRetry;
  readonly fault?: HttpFault;
  readonly mirror?: Destination;
  readonly mirrors?: readonly HttpMirror[];
  /** Share of requests sent to `mirror`. Default 100 %. */
  readonly mirrorPercentage?: Percent;
  /** Deprecated whole-number form of `mirrorPercentage`. */
  readonly mirrorPercent?: number;
  /** The same in the spelling older CRDs used. */
  readonly mirror_percent?: number;
  readonly corsPolicy?: CorsPolicy;
  readonly headers?: HeaderRules;
}
