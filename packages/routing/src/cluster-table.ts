import type { Address } from './address.ts';
import type { EndpointTable } from './endpoint-table.ts';
import type { Http2Settings } from './http-connection-manager.ts';
import type { UpstreamTransport } from './tls-settings.ts';

/** Ramp-up of new endpoints (`SlowStartConfig`). */
export interface SlowStart {
  readonly windowMs: number;
  /** Default 1. */
  readonly aggression: number;
  /** Percent 0-100. Default 10. */
  readonly minWeightPercent: number;
}

/** How an endpoint is chosen. */
export type LoadBalancing =
  | { readonly kind: 'round-robin'; readonly slowStart?: SlowStart }
  | {
      readonly kind: 'least-request';
      /** Default 2. */
      readonly choiceCount: number;
      /** Exponent on active requests for unequal weights. Default 1. */
      readonly activeRequestBias: number;
      readonly slowStart?: SlowStart;
    }
  | { readonly kind: 'random' }
  | {
      readonly kind: 'ring-hash';
      /** Default 1024. */
      readonly minimumRingSize: number;
      /** Default 8388608. */
      readonly maximumRingSize: number;
      readonly hashFunction: 'xx-hash' | 'murmur-hash-2';
      readonly consistentHashing: ConsistentHashing;
    }
  | {
      readonly kind: 'maglev';
      /** Prime. Default 65537. */
      readonly tableSize: number;
      readonly consistentHashing: ConsistentHashing;
    }
  /** The original destination (`CLUSTER_PROVIDED`). */
  | { readonly kind: 'cluster-provided' };

/** `CommonLbConfig.ConsistentHashingLbConfig`. */
export interface ConsistentHashing {
  readonly useHostname: boolean;
  /** Percent of the average load above which a host is passed over; undefined: unbounded. */
  readonly hashBalanceFactor?: number;
}

/** `CircuitBreakers.Thresholds` of one priority. Envoy defaults 1024, 1024, 1024, 3. */
export interface CircuitBreakerThresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  readonly retryBudget?: { readonly percent: number; readonly minConcurrency: number };
}

/** `OutlierDetection`; times in milliseconds, `enforcing*` in percent 0-100. */
export interface OutlierDetection {
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailure: number;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionPercent: number;
  readonly enforcingSuccessRate: number;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** Thousandths of a standard deviation. */
  readonly successRateStdevFactor: number;
  readonly failurePercentageThreshold: number;
  readonly enforcingFailurePercentage: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
}

/** How HTTP is spoken to the upstream. */
export interface UpstreamHttp {
  /** `downstream`: the protocol of the request; `auto`: by ALPN. */
  readonly protocol: 'http1' | 'http2' | 'http3' | 'downstream' | 'auto';
  /** Close idle connections after. Envoy default 3600000; 0: never. */
  readonly idleTimeoutMs: number;
  /** 0: no bound. */
  readonly maxConnectionDurationMs: number;
  /** 0: no bound. */
  readonly maxRequestsPerConnection: number;
  /** Life of one request's stream; 0: no bound. */
  readonly maxStreamDurationMs: number;
  /** Header lines of a response. Default 100. */
  readonly maxHeadersCount: number;
  /** SNI from the request's authority (`auto_sni`). */
  readonly autoServerName: boolean;
  /** The certificate must name that authority (`auto_san_validation`). */
  readonly autoSanValidation: boolean;
  readonly http2: Http2Settings;
}

/** Endpoints whose metadata `envoy.transport_socket_match` has all of `match` use this socket. */
export interface TransportMatch {
  readonly name: string;
  readonly match: Readonly<Record<string, unknown>>;
  readonly transport: UpstreamTransport;
}

/** A compiled cluster. */
export interface ClusterTable {
  readonly name: string;
  /** Name in statistics: `alt_stat_name`, else the name. */
  readonly statName: string;
  readonly discovery:
    | { readonly kind: 'eds'; readonly serviceName: string }
    | { readonly kind: 'static' }
    | { readonly kind: 'strict-dns' }
    | { readonly kind: 'logical-dns' }
    | {
        readonly kind: 'original-dst';
        /** Header with `ip:port`, or a name to resolve, that beats the socket's original destination. */
        readonly header?: string;
        readonly portOverride?: number;
      };
  /** Endpoints given with the cluster: all but EDS and ORIGINAL_DST. */
  readonly endpoints: EndpointTable | undefined;
  /** Default 5000. */
  readonly dnsRefreshMs: number;
  readonly respectDnsTtl: boolean;
  readonly dnsFamily: 'auto' | 'v4' | 'v6' | 'v4-preferred' | 'all';
  /** Default 5000. */
  readonly connectTimeoutMs: number;
  readonly loadBalancing: LoadBalancing;
  /** Percent 0-100 of healthy endpoints below which health is ignored. Default 50; 0: never. */
  readonly healthyPanicPercent: number;
  readonly localityWeighted: boolean;
  readonly zoneAware?: { readonly enabledPercent: number; readonly minClusterSize: number };
  readonly closeOnHostHealthFailure: boolean;
  readonly circuitBreakers: {
    readonly default: CircuitBreakerThresholds;
    readonly high: CircuitBreakerThresholds;
    /** Undefined: no bound per endpoint. */
    readonly perHostMaxConnections?: number;
  };
  readonly outlierDetection: OutlierDetection | undefined;
  readonly http: UpstreamHttp;
  readonly transport: UpstreamTransport;
  /** First match by endpoint metadata wins; no match: `transport`. */
  readonly transportMatches: readonly TransportMatch[];
  readonly tcpKeepalive:
    | { readonly probes?: number; readonly timeSeconds?: number; readonly intervalSeconds?: number }
    | undefined;
  /** Source address of upstream connections. */
  readonly bindAddress: Address | undefined;
  readonly perConnectionBufferLimitBytes: number;
  /** ALPN value with which TCP connections begin by saying who we are; undefined: they do not. */
  readonly metadataExchange?: string;
  /** Filter metadata, for instance `istio` with `services`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Transport for an endpoint's metadata. */
  selectTransport(endpointMetadata: Readonly<Record<string, unknown>>): UpstreamTransport;
}
