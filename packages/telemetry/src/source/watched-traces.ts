import type { Clock } from '@lateen/base';
import { reasonOf } from '../telemetry-error.ts';
import { embeddedTraces, type TraceSource } from '../traces/trace-source.ts';
import type { TraceStore } from '../traces/trace-store.ts';

/** How often a server of traces is asked whether it is there, and for new ones. */
const lookMs = 15_000;

/** Where traces are read, and how it is doing. */
export interface WatchedTraces {
  readonly source: TraceSource;
  /** Why the last request failed; '' when it did not. */
  readonly problem: () => string;
  start(): void;
  close(): void;
}

/** Traces that were sent here. */
export const localTraces = (store: TraceStore): WatchedTraces => ({
  source: embeddedTraces(store),
  problem: () => '',
  start: () => undefined,
  close: () => undefined,
});

/** Traces of a server elsewhere. `onLook` after each look at it: it may have others now. */
export const watchTraces = (
  source: TraceSource,
  { clock, onLook }: { readonly clock: Clock; readonly onLook: () => void },
): WatchedTraces => {
  let problem = '';
  let cancel: () => void = () => undefined;
  let isClosed = false;
  const noted = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      const value = await answer;
      problem = '';
      return value;
    } catch (error) {
      problem = reasonOf(error);
      throw error;
    }
  };
  const look = async (): Promise<void> => {
    await noted(source.services()).catch(() => undefined);
    if (isClosed) return;
    onLook();
    cancel = clock.schedule(lookMs, () => void look());
  };
  return {
    source: {
      ...source,
      list: (filter) => noted(source.list(filter)),
      get: (traceId) => noted(source.get(traceId)),
      services: () => noted(source.services()),
    },
    problem: () => problem,
    start: () => void look(),
    close: () => {
      isClosed = true;
      cancel();
    },
  };
};
