import type { ConfigReference } from './config.ts';
import type { Health } from './health.ts';
import type { Series } from './series.ts';

/** Requests a second, errors and latency of a direction over time. */
export interface TrafficSeries {
  readonly requestsPerSecond: Series;
  readonly errorsPerSecond: Series;
  readonly p50Ms: Series;
  readonly p95Ms: Series;
  readonly p99Ms: Series;
  readonly bytesInPerSecond: Series;
  readonly bytesOutPerSecond: Series;
}

/** Traffic with one neighbour, in the window. */
export interface PeerTraffic {
  readonly peer: { readonly namespace: string; readonly name: string; readonly version: string };
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly requestsPerSecond: number;
  readonly errorShare: number | null;
  readonly p95Ms: number | null;
  readonly mtlsShare: number | null;
}

/** Traffic now: the last minute. */
export interface TrafficNow {
  readonly requestsPerSecond: number;
  /** 0-1; null without requests. */
  readonly errorShare: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: string;
  readonly protocol: string;
  readonly nodePort?: number;
}

/** A row of `GET services?namespaces=a,b` (also ServiceEntries: `kind`). Sorted by namespace and name. */
export interface ServiceSummary {
  readonly kind: 'Service' | 'ServiceEntry';
  readonly namespace: string;
  readonly name: string;
  /** `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`, `MESH_EXTERNAL`, `MESH_INTERNAL`. */
  readonly type: string;
  readonly clusterIp: string;
  readonly hosts: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly endpoints: { readonly ready: number; readonly total: number };
  readonly versions: readonly string[];
  readonly health: Health;
  readonly traffic: TrafficNow;
  /** VirtualServices, DestinationRules and others that are about it. */
  readonly config: readonly ConfigReference[];
}

/** `GET services`. */
export interface ServiceList {
  readonly services: readonly ServiceSummary[];
}

/** An address that answers for a service. */
export interface EndpointRow {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly pod: string;
  readonly workload: string;
  readonly version: string;
  readonly node: string;
}

/** `GET services/{namespace}/{name}?window=5m`: inbound is what its callers send, as they report it. */
export interface ServiceDetail extends ServiceSummary {
  readonly selector: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly endpointRows: readonly EndpointRow[];
  readonly inbound: TrafficSeries;
  readonly callers: readonly PeerTraffic[];
  /** Workloads that answer, with their part. */
  readonly workloads: readonly PeerTraffic[];
}
