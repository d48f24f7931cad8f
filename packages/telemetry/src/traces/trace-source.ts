import type { Status } from '../contract/status.ts';
import type { Trace, TraceSummary } from '../contract/trace.ts';
import type { TraceFilter, TraceStore } from './trace-store.ts';

/** Where traces are read: the embedded store, or a Jaeger. All reject with TelemetryError. */
export interface TraceSource {
  list(filter: TraceFilter): Promise<readonly TraceSummary[]>;
  get(traceId: string): Promise<Trace | undefined>;
  services(): Promise<readonly string[]>;
  readonly kind: Status['tracing']['source'];
  /** '' for the embedded store. */
  readonly url: string;
}

/** The embedded store as a source. */
export const embeddedTraces = (store: TraceStore): TraceSource => ({
  list: (filter) => Promise.resolve(store.list(filter)),
  get: (traceId) => Promise.resolve(store.get(traceId)),
  services: () => Promise.resolve(store.services()),
  kind: 'embedded',
  url: '',
});
