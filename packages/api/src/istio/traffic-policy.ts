import type { PortSelector } from './destination.ts';
import type { LoadBalancerSettings } from './load-balancer.ts';

/** networking.istio.io ConnectionPoolSettings. Zero means unset. */
export interface ConnectionPoolSettings {
  readonly tcp?: {
    /** Default 2^32-1. */
    readonly maxConnections?: number;
    /** Default 10s. */
    readonly connectTimeout?: string;
    readonly tcpKeepalive?: {
      readonly probes?: number;
      readonly time?: string;
      readonly interval?: string;
    };
    readonly maxConnectionDuration?: string;
    /** Default 1h; 0s switches it off. */
    readonly idleTimeout?: string;
  };
  readonly http?: {
    /** Default 2^32-1. */
    readonly http1MaxPendingRequests?: number;
    /** Default 2^32-1. */
    readonly http2MaxRequests?: number;
    /** Default 0 (unlimited); 1 switches keep-alive off. */
    readonly maxRequestsPerConnection?: number;
    /** Default 2^32-1. */
    readonly maxRetries?: number;
    /** Default 1h. */
    readonly idleTimeout?: string;
    readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
    /** Beats `h2UpgradePolicy`. Default false. */
    readonly useClientProtocol?: boolean;
    /** Default 2^31-1. */
    readonly maxConcurrentStreams?: number;
    readonly http2KeepAlive?: { readonly interval?: string; readonly timeout?: string };
  };
}

/** networking.istio.io OutlierDetection. */
export interface OutlierDetection {
  /** Deprecated; Istio reads it as nothing, older releases as consecutiveGatewayErrors. */
  readonly consecutiveErrors?: number;
  /** Default 5; 0 switches it off. */
  readonly consecutive5xxErrors?: number;
  /** 502, 503, 504. Default off. */
  readonly consecutiveGatewayErrors?: number;
  readonly splitExternalLocalOriginErrors?: boolean;
  /** Default 5. */
  readonly consecutiveLocalOriginFailures?: number;
  /** Default 10s. */
  readonly interval?: string;
  /** Default 30s, times the number of ejections. */
  readonly baseEjectionTime?: string;
  /** Default 10. */
  readonly maxEjectionPercent?: number;
  /** Default 0: never panic. */
  readonly minHealthPercent?: number;
  readonly outlierDetectionHttpErrorCodes?: readonly (number | string)[];
}

/** networking.istio.io ClientTLSSettings. Absent means auto mTLS. */
export interface ClientTlsSettings {
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';
  readonly clientCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly caCrl?: string;
  readonly credentialName?: string;
  readonly subjectAltNames?: readonly string[];
  readonly sni?: string;
  /** Default false. */
  readonly insecureSkipVerify?: boolean;
}

/** networking.istio.io TrafficPolicy.PortTrafficPolicy: replaces all four blocks for its port; nothing is inherited. */
export interface PortTrafficPolicy {
  readonly port?: PortSelector;
  readonly loadBalancer?: LoadBalancerSettings;
  readonly connectionPool?: ConnectionPoolSettings;
  readonly outlierDetection?: OutlierDetection;
  readonly tls?: ClientTlsSettings;
}

/** networking.istio.io TrafficPolicy. */
export interface TrafficPolicy {
  readonly loadBalancer?: LoadBalancerSettings;
  readonly connectionPool?: ConnectionPoolSettings;
  readonly outlierDetection?: OutlierDetection;
  readonly tls?: ClientTlsSettings;
  readonly portLevelSettings?: readonly PortTrafficPolicy[];
  readonly tunnel?: {
    /** CONNECT (default) or POST. */
    readonly protocol?: string;
    readonly targetHost: string;
    readonly targetPort: number;
  };
  readonly proxyProtocol?: { readonly version?: 'V1' | 'V2' };
  readonly retryBudget?: {
    /** Default 20. */
    readonly percent?: number;
    /** Default 3. */
    readonly minRetryConcurrency?: number;
    readonly budgetInterval?: string;
  };
}
