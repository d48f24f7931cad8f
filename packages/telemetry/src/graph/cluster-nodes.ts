import type { GraphNode } from '../contract/graph.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';

/** What the eyes of a cluster know of its nodes besides traffic, for the graph of another. JSON. */
export interface ClusterNodes {
  /** In the view asked for, without traffic. */
  readonly nodes: readonly GraphNode[];
  /** Ids of those that are shown without traffic. */
  readonly idle: readonly string[];
  /** Gateways, as `namespace/workload`. */
  readonly gateways: readonly string[];
  /** The Service of a workload, `namespace/name` of each. */
  readonly services: Readonly<Record<string, string>>;
}

/** The same, with where its dashboard is (`http://127.0.0.1:20002`). */
export interface ToldNodes extends ClusterNodes {
  readonly dashboard: string;
}

/** Whether a cluster, as labels name it, is another than that of the model. */
export const isElsewhere = (cluster: string, model: MeshModel): boolean =>
  cluster !== '' && cluster !== 'unknown' && cluster !== model.cluster;
