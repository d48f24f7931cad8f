import type { CounterSeries, HistogramSeries, Series } from '../metrics/series.ts';

/** One side of a call, as labels name it; `unknown` where nothing is known. */
export interface CallEnd {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly app: string;
  readonly version: string;
}

/** The service that was called. */
export interface CalledService {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

export type CallProtocol = 'http' | 'grpc' | 'tcp';

/** How requests ended. */
export type CallOutcome = 'success' | 'client-error' | 'error';

/** Requests of one outcome, for series. */
export interface CallCounter {
  readonly series: CounterSeries;
  readonly outcome: CallOutcome;
}

/** What was measured between two workloads by way of one service, in a window. */
export interface Call {
  readonly source: CallEnd;
  readonly target: CallEnd;
  readonly service: CalledService;
  readonly protocol: CallProtocol;
  requests: number;
  errors: number;
  clientErrors: number;
  bytesOut: number;
  bytesIn: number;
  connections: number;
  /** End of the last round with traffic; 0: none. */
  lastActiveMs: number;
  /** Requests (connections for TCP) of which the destination said whether they came by mutual TLS. */
  securityKnown: number;
  mutualTls: number;
  durationCount: number;
  durationSumMs: number;
  readonly durationBuckets: Map<number, number>;
  readonly codes: Map<string, number>;
  readonly flags: Map<string, number>;
  readonly hosts: Map<string, number>;
  readonly sourcePrincipals: Set<string>;
  readonly targetPrincipals: Set<string>;
  readonly counters: CallCounter[];
  readonly durations: HistogramSeries[];
  /** Series of bytes, from source to target and back. */
  readonly outBytes: Series[];
  readonly inBytes: Series[];
}

/** A call of which nothing was measured yet. */
export const emptyCall = (
  ends: Pick<Call, 'source' | 'target' | 'service' | 'protocol'>,
): Call => ({
  ...ends,
  requests: 0,
  errors: 0,
  clientErrors: 0,
  bytesOut: 0,
  bytesIn: 0,
  connections: 0,
  lastActiveMs: 0,
  securityKnown: 0,
  mutualTls: 0,
  durationCount: 0,
  durationSumMs: 0,
  durationBuckets: new Map(),
  codes: new Map(),
  flags: new Map(),
  hosts: new Map(),
  sourcePrincipals: new Set(),
  targetPrincipals: new Set(),
  counters: [],
  durations: [],
  outBytes: [],
  inBytes: [],
});

const addCounts = (from: ReadonlyMap<string, number>, into: Map<string, number>): void => {
  for (const [key, count] of from) into.set(key, (into.get(key) ?? 0) + count);
};

/** Adds what another call measured. */
export const addCall = (into: Call, from: Call): void => {
  into.requests += from.requests;
  into.errors += from.errors;
  into.clientErrors += from.clientErrors;
  into.bytesOut += from.bytesOut;
  into.bytesIn += from.bytesIn;
  into.connections += from.connections;
  into.lastActiveMs = Math.max(into.lastActiveMs, from.lastActiveMs);
  into.securityKnown += from.securityKnown;
  into.mutualTls += from.mutualTls;
  into.durationCount += from.durationCount;
  into.durationSumMs += from.durationSumMs;
  for (const [bound, count] of from.durationBuckets) {
    into.durationBuckets.set(bound, (into.durationBuckets.get(bound) ?? 0) + count);
  }
  addCounts(from.codes, into.codes);
  addCounts(from.flags, into.flags);
  addCounts(from.hosts, into.hosts);
  for (const one of from.sourcePrincipals) into.sourcePrincipals.add(one);
  for (const one of from.targetPrincipals) into.targetPrincipals.add(one);
  into.counters.push(...from.counters);
  into.durations.push(...from.durations);
  into.outBytes.push(...from.outBytes);
  into.inBytes.push(...from.inBytes);
};
