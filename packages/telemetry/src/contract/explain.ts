import type { Diagnostic } from '@lateen/base';
import type { Simulation } from '@lateen/simulation';

/** Body of `POST explain`: a request nobody sent. */
export interface ExplainRequest {
  /** Default GET. */
  readonly method?: string;
  /** `http://reviews:9080/reviews/0`, `https://...`, `tcp://db:5432`. */
  readonly url: string;
  /** Each `name: value`. */
  readonly headers?: readonly string[];
  /** Who sends: a pod, workload or app (`namespace/name` where not unique), or a Gateway it enters through. */
  readonly from:
    | { readonly kind: 'outbound' | 'inbound'; readonly workload: string }
    | { readonly kind: 'gateway'; readonly gateway: string };
  /** Objects as if they were applied: what would happen after saving. */
  readonly yaml?: string;
}

/** Nodes and edges of the graph that the request goes over, best guess of ids in view `versionedApp`. */
export interface ExplainPath {
  /** Where it begins. */
  readonly source: string;
  /** From node to node, with the share of the requests at `source` that take it (0-100). */
  readonly ways: readonly {
    readonly source: string;
    readonly target: string;
    readonly percent: number;
  }[];
}

/** `POST explain`. `simulation` is null when the request cannot be followed; `diagnostics` say why. */
export interface ExplainAnswer {
  readonly simulation: Simulation | null;
  readonly path: ExplainPath | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** `GET explain/callers`: who may be `from`. */
export interface CallerList {
  /** `namespace/name`. */
  readonly workloads: readonly string[];
  readonly gateways: readonly string[];
}
