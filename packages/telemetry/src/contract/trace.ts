/** A row of the list of traces. Times are microseconds since the epoch, durations microseconds. */
export interface TraceSummary {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly startUs: number;
  readonly durationUs: number;
  /** Service and operation of the first span without a parent. */
  readonly rootService: string;
  readonly rootName: string;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Most spans first. */
  readonly services: readonly { readonly name: string; readonly spans: number }[];
  /** HTTP status of the root; 0: not known. */
  readonly status: number;
  /** Its first span has no parent; else that one is on its way, or was never sent here. */
  readonly isWhole: boolean;
}

/**
 * `GET traces`, newest first, without those of the last seconds whose first spans are still on their way. Parameters, all optional: `service`, `operation` (substring), `limit` (default 50,
 * at most 500), `minDurationMs`, `maxDurationMs`, `errors=true`, `from`, `to` (epoch milliseconds),
 * `tag` (`name=value`, may be repeated).
 */
export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** Services that have spans, for the filter. */
  readonly services: readonly string[];
  /** Traces thrown away because the store was full. */
  readonly evicted: number;
  /** Clusters of the mesh that did not answer: their spans may be missing. Always in answers of the server. */
  readonly unreachable?: readonly string[];
}

/** Something that happened within a span. */
export interface SpanEvent {
  readonly timeUs: number;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** One operation. */
export interface Span {
  /** 16 hex digits. */
  readonly spanId: string;
  /** '' for none; the parent may be missing in the trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** As the span says: `productpage.default`. */
  readonly service: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage: string;
  /** Span's and resource's; values as text. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly SpanEvent[];
  /** Attributes and events that were left out of bounds. */
  readonly dropped: number;
  /** Depth below the root, children by start: the order of `spans` is the order of a waterfall. */
  readonly depth: number;
}

/** `GET traces/{traceId}`. */
export interface Trace extends TraceSummary {
  readonly spans: readonly Span[];
  /** Spans thrown away because the trace was too long. */
  readonly droppedSpans: number;
  /** Clusters of the mesh that did not answer: their spans may be missing. Always in answers of `GET traces/{traceId}`. */
  readonly unreachable?: readonly string[];
}
