/** networking.istio.io LoadBalancerSettings.ConsistentHashLB: one hash key, one algorithm (default ring hash). */
export interface ConsistentHash {
  readonly httpHeaderName?: string;
  readonly httpCookie?: {
    readonly name: string;
    readonly path?: string;
    /** Absent: never generated; `0s`: session cookie. */
    readonly ttl?: string;
    readonly attributes?: readonly { readonly name: string; readonly value?: string }[];
  };
  readonly useSourceIp?: boolean;
  readonly httpQueryParameterName?: string;
  readonly ringHash?: { /** Default 1024. */ readonly minimumRingSize?: number };
  readonly maglev?: { /** Prime below 5000011. Default 65537. */ readonly tableSize?: number };
  /** Deprecated; use `ringHash.minimumRingSize`. */
  readonly minimumRingSize?: number;
}

/** networking.istio.io LocalityLoadBalancerSetting: one of distribute, failover, failoverPriority. */
export interface LocalityLbSetting {
  readonly enabled?: boolean;
  /** `to` maps localities to weights with sum 100. */
  readonly distribute?: readonly {
    readonly from?: string;
    readonly to?: Readonly<Record<string, number>>;
  }[];
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  /** Label names, or `name=value`. */
  readonly failoverPriority?: readonly string[];
}

/** networking.istio.io ZoneAwareLoadBalancerSetting. */
export interface ZoneAwareLbSetting {
  readonly enabled?: boolean;
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  readonly failoverPriority?: readonly string[];
  readonly minClusterSize?: number;
}

/** networking.istio.io LoadBalancerSettings. */
export interface LoadBalancerSettings {
  /** Default LEAST_REQUEST; LEAST_CONN is its deprecated name. */
  readonly simple?:
    | 'UNSPECIFIED'
    | 'LEAST_CONN'
    | 'RANDOM'
    | 'PASSTHROUGH'
    | 'ROUND_ROBIN'
    | 'LEAST_REQUEST';
  readonly consistentHash?: ConsistentHash;
  readonly localityLbSetting?: LocalityLbSetting;
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting;
  /** Deprecated form of `warmup.duration`. */
  readonly warmupDurationSecs?: string;
  readonly warmup?: {
    readonly duration: string;
    /** Default 10. */
    readonly minimumPercent?: number;
    /** Default 1.0. */
    readonly aggression?: number;
  };
}
