import type { Access } from './access.ts';

/** Fill of one bounded store. */
export interface StoreFill {
  readonly used: number;
  readonly limit: number;
  /** Things thrown away since start because the limit was reached. */
  readonly evicted: number;
}

/** A namespace of the mesh. */
export interface NamespaceRow {
  readonly name: string;
  /** Label `istio-injection=enabled` or a revision label. */
  readonly isInjected: boolean;
  readonly isControlPlane: boolean;
}

/** `GET status`. */
export interface Status {
  readonly product: 'Lateen';
  readonly version: string;
  /** Epoch milliseconds of the server. */
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly cluster: string;
  /** The other clusters of the mesh that the pages show too. Always in answers of the server. */
  readonly otherClusters?: readonly {
    readonly name: string;
    /** Why its eyes do not answer; '' while they do. */
    readonly error: string;
  }[];
  /** Of all clusters of the mesh. */
  readonly namespaces: readonly NamespaceRow[];
  readonly access: Access;
  readonly kubernetes: { readonly ok: boolean; readonly server: string; readonly error: string };
  readonly istiod: { readonly ok: boolean; readonly version: string; readonly error: string };
  readonly proxies: { readonly total: number; readonly synced: number; readonly scraped: number };
  readonly metrics: {
    readonly source: 'embedded' | 'prometheus';
    readonly url: string;
    /** Why the Prometheus could not be read; '' when it could, and for `embedded`. */
    readonly error: string;
    readonly scrapeIntervalMs: number;
    readonly retentionMs: number;
    readonly series: StoreFill;
    readonly bytes: StoreFill;
  };
  readonly tracing: {
    readonly source: 'embedded' | 'jaeger';
    readonly url: string;
    /** Why the Jaeger could not be read; '' when it could, and for `embedded`. */
    readonly error: string;
    readonly traces: StoreFill;
    readonly spans: StoreFill;
    readonly bytes: StoreFill;
    /** Ports where spans are taken; 0: not listening. */
    readonly otlpPort: number;
    /** OTLP over gRPC. */
    readonly otlpGrpcPort: number;
    readonly zipkinPort: number;
  };
  /** For people. */
  readonly warnings: readonly string[];
}
