/** One record of OTLP logs. */
export interface ReceivedLog {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  /** The body; lists and maps as JSON. */
  readonly text: string;
  /** `INFO`; empty: the sender does not say. */
  readonly severity: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  /** 32 hex digits; empty: none. */
  readonly traceId: string;
  /** Address that it was sent from. */
  readonly from: string;
}
