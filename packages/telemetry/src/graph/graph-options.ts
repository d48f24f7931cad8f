import type { GraphView } from '../contract/graph.ts';

/** What a graph is asked for. */
export interface GraphOptions {
  readonly view: GraphView;
  /** End of the window, epoch milliseconds. */
  readonly atMs: number;
  readonly windowMs: number;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly withServices: boolean;
  readonly withIdle: boolean;
  readonly withSeries: boolean;
}
