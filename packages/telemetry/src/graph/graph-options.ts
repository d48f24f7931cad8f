import type { GraphView } from '../contract/graph.ts';
import type { ClusterNodes } from './cluster-nodes.ts';

/** What a graph is asked for. */
export interface GraphOptions {
  readonly view: GraphView;
  /** End of the window, epoch milliseconds. */
  readonly atMs: number;
  readonly windowMs: number;
  /** Calls silent for longer are left out; the window's length or more: none. */
  readonly activeMs: number;
  /** Leave out calls whose traffic was moved to another version or workload. */
  readonly hideMoved: boolean;
  /** When a rule about routes was last changed before `atMs`; 0: not as far as is known. */
  readonly ruleChangedMs: number;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly withServices: boolean;
  readonly withIdle: boolean;
  readonly withSeries: boolean;
  /** What other clusters of the mesh say of their nodes, by their names; one that is missing did not answer. Default none. */
  readonly others?: ReadonlyMap<string, ClusterNodes>;
}
