import {
  boolean,
  durationMs,
  list,
  mapOf,
  message,
  number,
  type Reader,
  text,
  uint32,
  word,
} from './reader.ts';

interface CookieAttribute {
  readonly name: string | undefined;
  readonly value: string | undefined;
}

/** `LoadBalancerSettings.ConsistentHashLB`. */
export interface ConsistentHash {
  readonly httpHeaderName: string | undefined;
  readonly httpCookie:
    | {
        readonly name: string | undefined;
        readonly path: string | undefined;
        /** Undefined: no cookie is generated; 0: a session cookie. */
        readonly ttl: number | undefined;
        /** Of the generated cookie, besides name, path and lifetime. */
        readonly attributes: readonly CookieAttribute[];
      }
    | undefined;
  readonly useSourceIp: boolean | undefined;
  readonly httpQueryParameterName: string | undefined;
  readonly minimumRingSize: number | undefined;
  readonly ringHash: { readonly minimumRingSize: number | undefined } | undefined;
  readonly maglev: { readonly tableSize: number | undefined } | undefined;
}

/** LocalityLoadBalancerSetting: at most one of distribute, failover, failoverPriority. */
export interface LocalitySetting {
  readonly enabled: boolean | undefined;
  readonly distribute: readonly {
    readonly from: string | undefined;
    readonly to: ReadonlyMap<string, number>;
  }[];
  readonly failover: readonly {
    readonly from: string | undefined;
    readonly to: string | undefined;
  }[];
  readonly failoverPriority: readonly string[];
}

/** `LoadBalancerSettings`. */
export interface LoadBalancer {
  readonly simple:
    | 'UNSPECIFIED'
    | 'LEAST_CONN'
    | 'RANDOM'
    | 'PASSTHROUGH'
    | 'ROUND_ROBIN'
    | 'LEAST_REQUEST'
    | undefined;
  readonly consistentHash: ConsistentHash | undefined;
  readonly localityLbSetting: LocalitySetting | undefined;
  readonly warmup: Warmup | undefined;
  readonly warmupDurationSecs: number | undefined;
}

/** `WarmupConfiguration`. */
export interface Warmup {
  readonly duration: number | undefined;
  readonly minimumPercent: number | undefined;
  readonly aggression: number | undefined;
}

/** `ConnectionPoolSettings`. */
export interface ConnectionPool {
  readonly tcp:
    | {
        readonly maxConnections: number | undefined;
        readonly connectTimeout: number | undefined;
        readonly tcpKeepalive:
          | {
              readonly probes: number | undefined;
              readonly time: number | undefined;
              readonly interval: number | undefined;
            }
          | undefined;
        readonly maxConnectionDuration: number | undefined;
        readonly idleTimeout: number | undefined;
      }
    | undefined;
  readonly http:
    | {
        readonly http1MaxPendingRequests: number | undefined;
        readonly http2MaxRequests: number | undefined;
        readonly maxRequestsPerConnection: number | undefined;
        readonly maxRetries: number | undefined;
        readonly idleTimeout: number | undefined;
        readonly h2UpgradePolicy: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE' | undefined;
        readonly useClientProtocol: boolean | undefined;
        readonly maxConcurrentStreams: number | undefined;
      }
    | undefined;
}

/** `OutlierDetection`. */
export interface OutlierDetectionInput {
  readonly consecutiveErrors: number | undefined;
  readonly consecutive5xxErrors: number | undefined;
  readonly consecutiveGatewayErrors: number | undefined;
  readonly splitExternalLocalOriginErrors: boolean | undefined;
  readonly consecutiveLocalOriginFailures: number | undefined;
  readonly interval: number | undefined;
  readonly baseEjectionTime: number | undefined;
  readonly maxEjectionPercent: number | undefined;
  readonly minHealthPercent: number | undefined;
}

/** `ClientTLSSettings`. */
export interface ClientTls {
  readonly mode: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL' | undefined;
  readonly clientCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
  readonly caCrl: string | undefined;
  readonly credentialName: string | undefined;
  readonly subjectAltNames: readonly string[];
  readonly sni: string | undefined;
  readonly insecureSkipVerify: boolean | undefined;
}

/** The four blocks a port-level setting may carry; each is replaced as a whole. */
export interface PortTrafficPolicy {
  readonly loadBalancer: LoadBalancer | undefined;
  readonly connectionPool: ConnectionPool | undefined;
  readonly outlierDetection: OutlierDetectionInput | undefined;
  readonly tls: ClientTls | undefined;
}

/** `TrafficPolicy` of a DestinationRule or of one of its subsets. */
export interface TrafficPolicy extends PortTrafficPolicy {
  readonly portLevelSettings: readonly (PortTrafficPolicy & {
    readonly port: { readonly number: number | undefined } | undefined;
  })[];
  readonly tunnel: Tunnel | undefined;
  readonly proxyProtocol: { readonly version: 'V1' | 'V2' | undefined } | undefined;
  readonly retryBudget: RetryBudget | undefined;
}

/** `TrafficPolicy.RetryBudget`. */
export interface RetryBudget {
  readonly percent: number | undefined;
  readonly minRetryConcurrency: number | undefined;
}

/** `tunnel`: TCP carried inside an HTTP connection. */
export interface Tunnel {
  readonly protocol: string | undefined;
  readonly targetHost: string | undefined;
  readonly targetPort: number | undefined;
}

const loadBalancer = message<LoadBalancer>({
  simple: word([
    'UNSPECIFIED',
    'LEAST_CONN',
    'RANDOM',
    'PASSTHROUGH',
    'ROUND_ROBIN',
    'LEAST_REQUEST',
  ]),
  consistentHash: message<ConsistentHash>({
    httpHeaderName: text,
    httpCookie: message<NonNullable<ConsistentHash['httpCookie']>>({
      name: text,
      path: text,
      ttl: durationMs,
      attributes: list(message<CookieAttribute>({ name: text, value: text })),
    }),
    useSourceIp: boolean,
    httpQueryParameterName: text,
    minimumRingSize: uint32,
    ringHash: message<NonNullable<ConsistentHash['ringHash']>>({ minimumRingSize: uint32 }),
    maglev: message<NonNullable<ConsistentHash['maglev']>>({ tableSize: uint32 }),
  }),
  localityLbSetting: message<LocalitySetting>({
    enabled: boolean,
    distribute: list(
      message<LocalitySetting['distribute'][number]>({ from: text, to: mapOf(uint32) }),
    ),
    failover: list(message<LocalitySetting['failover'][number]>({ from: text, to: text })),
    failoverPriority: list(text),
  }),
  warmup: message<Warmup>({ duration: durationMs, minimumPercent: number, aggression: number }),
  warmupDurationSecs: durationMs,
});

/** `connectionPool` of DestinationRules and Sidecars. */
export const connectionPool: Reader<ConnectionPool | undefined> = message<ConnectionPool>({
  tcp: message<NonNullable<ConnectionPool['tcp']>>({
    maxConnections: uint32,
    connectTimeout: durationMs,
    tcpKeepalive: message<NonNullable<NonNullable<ConnectionPool['tcp']>['tcpKeepalive']>>({
      probes: uint32,
      time: durationMs,
      interval: durationMs,
    }),
    maxConnectionDuration: durationMs,
    idleTimeout: durationMs,
  }),
  http: message<NonNullable<ConnectionPool['http']>>({
    http1MaxPendingRequests: uint32,
    http2MaxRequests: uint32,
    maxRequestsPerConnection: uint32,
    maxRetries: uint32,
    idleTimeout: durationMs,
    h2UpgradePolicy: word(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']),
    useClientProtocol: boolean,
    maxConcurrentStreams: uint32,
  }),
});

const outlierDetection = message<OutlierDetectionInput>({
  consecutiveErrors: uint32,
  consecutive5xxErrors: uint32,
  consecutiveGatewayErrors: uint32,
  splitExternalLocalOriginErrors: boolean,
  consecutiveLocalOriginFailures: uint32,
  interval: durationMs,
  baseEjectionTime: durationMs,
  maxEjectionPercent: uint32,
  minHealthPercent: uint32,
});

const tls = message<ClientTls>({
  mode: word(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']),
  clientCertificate: text,
  privateKey: text,
  caCertificates: text,
  caCrl: text,
  credentialName: text,
  subjectAltNames: list(text),
  sni: text,
  insecureSkipVerify: boolean,
});

const blocks = { loadBalancer, connectionPool, outlierDetection, tls };

/** TrafficPolicy of a DestinationRule or of one of its subsets. */
export const trafficPolicy: Reader<TrafficPolicy | undefined> = message<TrafficPolicy>({
  ...blocks,
  portLevelSettings: list(
    message<TrafficPolicy['portLevelSettings'][number]>({
      ...blocks,
      port: message<{ readonly number: number | undefined }>({ number: uint32 }),
    }),
  ),
  tunnel: message<Tunnel>({ protocol: text, targetHost: text, targetPort: uint32 }),
  proxyProtocol: message<NonNullable<TrafficPolicy['proxyProtocol']>>({
    version: word(['V1', 'V2']),
  }),
  retryBudget: message<RetryBudget>({ percent: number, minRetryConcurrency: uint32 }),
});
