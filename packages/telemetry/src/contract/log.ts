/** What a line of Istio's access log says (text or JSON format). */
export interface AccessLogFields {
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  /** 0: no answer. */
  readonly responseCode: number;
  /** `-`: none. */
  readonly responseFlags: string;
  readonly responseCodeDetails: string;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
  readonly authority: string;
  readonly requestId: string;
  readonly upstreamHost: string;
  readonly upstreamCluster: string;
  readonly routeName: string;
  readonly userAgent: string;
}

/** One line of a container. */
export interface LogLine {
  /** Where it was logged, when that is another cluster than the dashboard's. */
  readonly cluster?: string;
  /** Epoch milliseconds, from the line's timestamp. */
  readonly timeMs: number;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The container is the proxy. */
  readonly isProxy: boolean;
  readonly text: string;
  readonly level: 'error' | 'warning' | 'info' | 'debug' | 'unknown';
  /** Present when the line is of an access log. */
  readonly access?: AccessLogFields;
  /** Found in the line; '' when not. */
  readonly traceId: string;
}

/**
 * `GET logs`, oldest first. Parameters: `namespace` (default `default`), `workload` or `pod` (one of them), `container`
 * (repeatable; default all), `filter` (substring without regard to case, or `/regular expression/`), `traceId`,
 * `requestId`, `level` (that and worse), `since` (like `15m`, default 5m), `limit` (default 500, at most 5000).
 * Of a request (`traceId` or `requestId`, without `workload` and `pod`) with the lines of all clusters of the mesh.
 */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** The limit cut older lines off. */
  readonly truncated: boolean;
  /** Containers that could not be read, and why. */
  readonly errors: readonly {
    readonly pod: string;
    readonly container: string;
    readonly message: string;
  }[];
}
