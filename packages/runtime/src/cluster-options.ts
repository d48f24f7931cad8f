import type { MeshMembership } from './bootstrap/mesh-membership.ts';

/** A step of the start, for people. */
export interface ProgressNote {
  readonly kind: 'done' | 'warning';
  /** A word or two: `API server`. */
  readonly what: string;
  readonly detail: string;
}

export interface ClusterOptions {
  /** Folder of everything the cluster keeps; made when it is not there. */
  readonly stateDir: string;
  /** Port of the API server on 127.0.0.1; the next free one is taken, and said. */
  readonly apiPort: number;
  /** Port of the ingress gateway on 127.0.0.1; the next free one is taken, and said. */
  readonly gatewayPort: number;
  /** Files that say what images are, in ARCHITECTURE.md's format; later ones win. */
  readonly imageCatalogs: readonly string[];
  /** Its place in a mesh of several clusters; undefined: it is one of its own. */
  readonly membership?: MeshMembership | undefined;
  /** Image of the proxies of pods made from now on, gateways' too. Default: our own. */
  readonly proxyImage?: string | undefined;
  /** Eyes run beside it and take spans; without, nothing is traced that nobody asked for. Default true. */
  readonly hasEyes?: boolean | undefined;
  readonly onProgress: (note: ProgressNote) => void;
}
