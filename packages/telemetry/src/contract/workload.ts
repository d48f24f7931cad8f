import type { ConfigReference } from './config.ts';
import type { Health } from './health.ts';
import type { PeerTraffic, TrafficNow, TrafficSeries } from './service.ts';

/** A row of `GET workloads?namespaces=a,b`. Sorted by namespace and name. */
export interface WorkloadSummary {
  /** `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `Pod`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly pods: { readonly ready: number; readonly total: number };
  /** Every pod has a proxy. */
  readonly isInjected: boolean;
  readonly isGateway: boolean;
  readonly health: Health;
  readonly inbound: TrafficNow;
  readonly outbound: TrafficNow;
}

/** `GET workloads`. */
export interface WorkloadList {
  readonly workloads: readonly WorkloadSummary[];
}

export interface ContainerRow {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** `running`, `waiting: ImagePullBackOff`, `terminated: Error`. */
  readonly state: string;
}

export interface PodRow {
  readonly name: string;
  readonly ip: string;
  readonly phase: string;
  readonly ready: boolean;
  /** Epoch milliseconds; 0: not started. */
  readonly startedAtMs: number;
  readonly containers: readonly ContainerRow[];
}

/** `GET workloads/{namespace}/{name}?window=5m`. */
export interface WorkloadDetail extends WorkloadSummary {
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** `spiffe://...`; '' without a proxy. */
  readonly principal: string;
  readonly podRows: readonly PodRow[];
  /** Names of Services that select its pods. */
  readonly services: readonly string[];
  readonly config: readonly ConfigReference[];
  readonly inboundSeries: TrafficSeries;
  readonly outboundSeries: TrafficSeries;
  readonly callers: readonly PeerTraffic[];
  readonly callees: readonly PeerTraffic[];
}
