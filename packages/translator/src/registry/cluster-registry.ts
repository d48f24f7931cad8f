import type { Config } from '../input/config.ts';
import type { EndpointSlice, KubeService } from '../input/core.ts';
import type { Workload } from './workload.ts';

/** Says on which network a pod is, or by which Service a network is entered. */
export const networkLabel = 'topology.istio.io/network';

/** Where endpoints are when they do not say so themselves. */
export interface ClusterPlace {
  readonly clusterId: string;
  /** '' is reachable from everywhere. */
  readonly network: string;
}

/** What one cluster knows of the mesh. */
export interface ClusterRegistry extends ClusterPlace {
  readonly services: readonly Config<KubeService>[];
  readonly slices: readonly Config<EndpointSlice>[];
  /** By `namespace/pod`. */
  readonly workloads: ReadonlyMap<string, Workload>;
}
