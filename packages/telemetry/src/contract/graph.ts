import type { Health } from './health.ts';
import type { Series } from './series.ts';

/** What a node stands for; as Kiali's graph types. */
export type GraphView = 'app' | 'versionedApp' | 'service' | 'workload';

/**
 * - `workload`: a workload (view workload), or one version of an app (view versionedApp)
 * - `app`: an app with all its versions (view app)
 * - `service`: a Kubernetes Service, between its callers and the workloads that answer
 * - `gateway`: an ingress or egress gateway's workload
 * - `external`: a host outside the mesh: a ServiceEntry, PassthroughCluster or BlackHoleCluster
 * - `unknown`: callers without a proxy
 */
export type GraphNodeKind = 'workload' | 'app' | 'service' | 'gateway' | 'external' | 'unknown';

/** What a badge of a node tells. All are false by default. */
export interface GraphNodeFlags {
  /** Service: a VirtualService routes it. */
  readonly hasVirtualService: boolean;
  /** Service or app: a DestinationRule is in force. */
  readonly hasDestinationRule: boolean;
  /** A fault is injected, a time-out or retries set, or requests shadowed by the VirtualService. */
  readonly hasFaultInjection: boolean;
  readonly hasTimeouts: boolean;
  readonly hasMirroring: boolean;
  /** Several destinations with weights. */
  readonly hasTrafficShifting: boolean;
  /** Connection pool or outlier detection. */
  readonly hasCircuitBreaker: boolean;
  readonly isGateway: boolean;
  /** Lies in a namespace that was not asked for. */
  readonly isOutside: boolean;
  /** Has no traffic in the window; it is there because the configuration knows it. */
  readonly isIdle: boolean;
  /** Sends requests, and nothing in the graph calls it. */
  readonly isRoot: boolean;
  /** Pods without a proxy. */
  readonly isMissingProxy: boolean;
  /** Of a ServiceEntry. */
  readonly isServiceEntry: boolean;
  /** Gone from the cluster, but in the window it had traffic. */
  readonly isDead: boolean;
}

/** Requests in and out of a node, in the window. */
export interface NodeTraffic {
  readonly inRequestsPerSecond: number;
  readonly outRequestsPerSecond: number;
  /** 0-1, of the requests in; null without requests. */
  readonly inErrorShare: number | null;
  readonly outErrorShare: number | null;
  readonly inBytesPerSecond: number;
  readonly outBytesPerSecond: number;
}

/** A node. `id` is the same in every answer as long as view and object are the same. */
export interface GraphNode {
  readonly id: string;
  readonly kind: GraphNodeKind;
  /** `Kubernetes` by default; '' for what no cluster knows. */
  readonly cluster: string;
  /** '' for external and unknown nodes without one. */
  readonly namespace: string;
  /** What to print: `reviews`, for a version `reviews`, with `version` beside it. */
  readonly name: string;
  readonly app?: string;
  readonly version?: string;
  readonly workload?: string;
  /** Name of the Service; for external nodes the host. */
  readonly service?: string;
  /** Versioned nodes of one app share this: draw a box around them. */
  readonly boxId?: string;
  readonly health: Health;
  readonly flags: GraphNodeFlags;
  readonly traffic: NodeTraffic;
}

/** Requests on an edge over time, when asked for. */
export interface EdgeSeries {
  readonly requestsPerSecond: Series;
  readonly errorsPerSecond: Series;
  readonly p95Ms: Series;
}

/** Traffic of one protocol from one node to another. Latencies are null where nothing was measured. */
export interface GraphEdge {
  /** `<source>|<target>|<protocol>`. */
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  /** 0 for tcp. */
  readonly requestsPerSecond: number;
  /** Requests in the whole window, counted; 0 for tcp. */
  readonly requests: number;
  /** 0-1: HTTP 5xx and no answer at all, gRPC statuses that are the server's fault. Null without requests. */
  readonly errorShare: number | null;
  /** 0-1: HTTP 4xx. */
  readonly clientErrorShare: number | null;
  readonly averageMs: number | null;
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** 0-1: part of what the source sends to the same service (TCP: of the bytes). 1 when there is only one way. */
  readonly share: number;
  /** From source to target. */
  readonly bytesPerSecondOut: number;
  /** From target to source. */
  readonly bytesPerSecondIn: number;
  /** End of the last scrape interval with traffic, epoch milliseconds; always in answers of the server. */
  readonly lastActiveMs?: number;
  /** Open TCP connections a second; 0 for http and grpc. */
  readonly connectionsPerSecond: number;
  /** 0-1: part that is mutual TLS, as destinations report it. Null: nobody knows. */
  readonly mtlsShare: number | null;
  /** SPIFFE identities seen; '' is never in the list. */
  readonly sourcePrincipals: readonly string[];
  readonly targetPrincipals: readonly string[];
  /** Requests in the window by response code (`200`), or `grpc:<status>` for gRPC; code `0`: no answer. */
  readonly responseCodes: Readonly<Record<string, number>>;
  /** Requests in the window by Envoy's response flags (`UO`, `UF`, `-`: none). */
  readonly responseFlags: Readonly<Record<string, number>>;
  /** Hosts the requests were for, most used first, at most 10. */
  readonly hosts: readonly string[];
  /** Only with `series=true`. */
  readonly series?: EdgeSeries;
}

/**
 * `GET graph`. Parameters, all optional:
 * - `view`: default `versionedApp`
 * - `window`: like `60s` or `5m`, default 60s; at least two scrapes, at most what the store keeps
 * - `active`: like `15s`: leave out calls that were silent for longer at the end of the window; default: none. What
 *   shows quickly that traffic was moved away, without a short window's noise in the rates
 * - `moved=true`: with calls whose traffic was moved to another version within the window. Default: without them in
 *   windows up to a minute (they would stay in the picture until the window has passed), with them in longer ones
 * - `at`: epoch milliseconds of the end of the window, default now (replay: walk it through `storedFromMs`..)
 * - `namespaces`: comma-separated, default all
 * - `services=true`: with service nodes between callers and workloads (views app, versionedApp, workload)
 * - `idle=false`: leave out nodes without traffic (default true: with them)
 * - `series=true`: with series on the edges
 */
export interface Graph {
  readonly atMs: number;
  readonly windowMs: number;
  readonly view: GraphView;
  readonly namespaces: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** The window that can be asked for: oldest and newest scrape. 0 when there is none. */
  readonly storedFromMs: number;
  readonly storedToMs: number;
  /** Clusters of the mesh whose nodes are in the graph, besides the dashboard's own. Always in answers of the server. */
  readonly otherClusters?: readonly {
    readonly name: string;
    /** Where its own pages are, with all about its nodes; '' while it does not answer. */
    readonly dashboard: string;
    /** Why its eyes do not answer, and only what others say of it is shown; '' while they do. */
    readonly error: string;
  }[];
  /** Things worth a banner: proxies that cannot be scraped, series left out. */
  readonly warnings: readonly string[];
}
