/** As `istioctl proxy-status` prints it. */
export type SyncState = 'SYNCED' | 'STALE' | 'NOT SENT' | 'IGNORED' | 'ERROR';

/** One resource type's state at one proxy. */
export interface ResourceSync {
  readonly state: SyncState;
  /** Why the proxy refused; '' when it did not. */
  readonly error: string;
}

/** A row of `GET proxies`: every proxy that istiod knows, sorted by namespace and pod. */
export interface ProxyRow {
  /** `<pod>.<namespace>`. */
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  readonly cluster: string;
  readonly istiod: string;
  readonly version: string;
  readonly type: 'sidecar' | 'router';
  readonly cds: ResourceSync;
  readonly lds: ResourceSync;
  readonly eds: ResourceSync;
  readonly rds: ResourceSync;
  readonly sds: ResourceSync;
  /** Last scrape of its metrics. */
  readonly scrape: ScrapeState;
}

/** How the store gets a proxy's metrics. */
export interface ScrapeState {
  readonly ok: boolean;
  /** Epoch milliseconds; 0: never. */
  readonly lastMs: number;
  readonly durationMs: number;
  readonly samples: number;
  readonly bytes: number;
  /** '' when ok. */
  readonly error: string;
}

/** `GET proxies`. */
export interface ProxyList {
  readonly proxies: readonly ProxyRow[];
  /** '' when istiod answers; else why there are no sync states. */
  readonly istiodError: string;
}

export interface ListenerRow {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** What a connection must have for this chain: `SNI: a.b; transport: tls; ALPN: h2`, `ALL`. */
  readonly match: string;
  /** `Route: 9080`, `Cluster: outbound|...`, `Inline Route: ...`. */
  readonly destination: string;
}

export interface RouteRow {
  /** Route configuration. */
  readonly name: string;
  readonly virtualHost: string;
  readonly domains: readonly string[];
  readonly match: string;
  /** `name.namespace` of the VirtualService; '' for none. */
  readonly virtualService: string;
  /** `reviews|v1 80 %, ...`, `redirect`, `direct response 503`. */
  readonly destination: string;
}

export interface ClusterRow {
  readonly name: string;
  readonly fqdn: string;
  readonly port: number;
  readonly subset: string;
  readonly direction: string;
  /** `EDS`, `STATIC`, `STRICT_DNS`, `ORIGINAL_DST`. */
  readonly type: string;
  /** `name.namespace`; '' for none. */
  readonly destinationRule: string;
}

export interface ProxyEndpointRow {
  readonly address: string;
  readonly status: 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'DEGRADED' | 'UNKNOWN';
  readonly outlierCheck: 'OK' | 'FAILED';
  readonly cluster: string;
}

export interface SecretRow {
  readonly name: string;
  /** `Cert Chain`, `CA`. */
  readonly type: string;
  readonly status: string;
  readonly serialNumber: string;
  /** Epoch milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** `GET proxies/{namespace}/{pod}/config`: what the proxy really runs, from its admin. */
export interface ProxyConfigDump {
  readonly id: string;
  readonly listeners: readonly ListenerRow[];
  readonly routes: readonly RouteRow[];
  readonly clusters: readonly ClusterRow[];
  readonly endpoints: readonly ProxyEndpointRow[];
  readonly secrets: readonly SecretRow[];
}

/** `GET proxies/{namespace}/{pod}/config?raw=true`: Envoy's config dump as JSON (`envoy.admin.v3.ConfigDump`). */
export type RawProxyConfig = Readonly<Record<string, unknown>>;
