import type { AccessLogSettings } from './access-log.ts';
import type { RouteTable } from './decision.ts';
import type { FilterConfig } from './filter-config.ts';
import type { PathOptions } from './path-normalization.ts';
import type { TracingSettings } from './tracing-settings.ts';

/** One HTTP filter in the order of the chain. */
export interface HttpFilterSettings {
  readonly name: string;
  readonly config: FilterConfig;
  readonly optional: boolean;
  /** Off unless a route switches it on. */
  readonly disabled: boolean;
}

/** `envoy...HttpConnectionManager` as plain data; durations in milliseconds, 0 = none. */
export interface HttpConnectionManagerSettings {
  readonly kind: 'http';
  readonly codec: 'auto' | 'http1' | 'http2' | 'http3';
  readonly statPrefix: string;
  readonly route:
    | { readonly kind: 'rds'; readonly name: string }
    | { readonly kind: 'inline'; readonly table: RouteTable }
    /** Scoped routes or nothing: every request is answered 404. */
    | { readonly kind: 'none' };
  readonly httpFilters: readonly HttpFilterSettings[];
  readonly accessLogs: readonly AccessLogSettings[];
  /** Absent: nothing is traced. */
  readonly tracing?: TracingSettings;
  /** Whole request received. Default 0. */
  readonly requestTimeoutMs: number;
  /** Request head received. Default 0. */
  readonly requestHeadersTimeoutMs: number;
  /** Silence on a stream. Default 300000. */
  readonly streamIdleTimeoutMs: number;
  /** Silence on a connection without streams. Default 3600000. */
  readonly idleTimeoutMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxConnectionDurationMs: number;
  /** Flush and wait before closing after an error. Default 1000. */
  readonly delayedCloseTimeoutMs: number;
  /** Default 5000. */
  readonly drainTimeoutMs: number;
  /** 0: no bound. */
  readonly maxRequestsPerConnection: number;
  /** Default 61440 (60 KiB). */
  readonly maxRequestHeadersBytes: number;
  /** Default 100. */
  readonly maxHeadersCount: number;
  readonly headersWithUnderscores: 'allow' | 'reject-request' | 'drop-header';
  readonly path: PathOptions;
  readonly useRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly skipXffAppend: boolean;
  readonly appendForwardedPort: boolean;
  /** Default `envoy`. */
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
  readonly via: string;
  /** Default true. */
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly forwardClientCert:
    | 'sanitize'
    | 'forward-only'
    | 'append-forward'
    | 'sanitize-set'
    | 'always-forward-only';
  readonly clientCertDetails: {
    readonly subject: boolean;
    readonly cert: boolean;
    readonly chain: boolean;
    readonly dns: boolean;
    readonly uri: boolean;
  };
  readonly proxy100Continue: boolean;
  /** Lower-case upgrade types that are let through, `websocket` or `connect`. */
  readonly upgrades: ReadonlySet<string>;
  readonly stripPort: 'none' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  readonly allowAbsoluteUrl: boolean;
  readonly preserveHeaderCase: boolean;
  readonly allowChunkedLength: boolean;
  readonly enableTrailers: boolean;
  readonly http2: Http2Settings;
}

/** `envoy.config.core.v3.Http2ProtocolOptions`; undefined: the library's default. */
export interface Http2Settings {
  readonly maxConcurrentStreams?: number;
  readonly initialStreamWindowBytes?: number;
  readonly initialConnectionWindowBytes?: number;
  readonly allowConnect: boolean;
}
