import type {
  Dice,
  HttpConnectionManagerSettings,
  ListenerTable,
  TracingProvider,
} from '@lateen/routing';
import type { StatsRegistry } from '../stats/registry.ts';
import { RequestTracing, type TracedNode } from './request-tracing.ts';
import { withoutPropagation } from './silent-propagation.ts';
import type { Tracers } from './tracer.ts';
import { decisionStats } from './tracing-stats.ts';

/** What tracing of all listeners shares. */
export interface TracingEnvironment {
  readonly tracers: Tracers;
  readonly node: TracedNode;
  /** The bootstrap's provider, for listeners that name none. */
  readonly provider: TracingProvider | undefined;
  readonly stats: StatsRegistry;
  readonly dice: Dice;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Tracing of a connection manager; undefined: off, or nobody would get the spans. */
export const tracingOf = (
  { tracing: settings, statPrefix }: HttpConnectionManagerSettings,
  { direction }: Pick<ListenerTable, 'direction'>,
  environment: TracingEnvironment,
): RequestTracing | undefined => {
  const provider = settings?.provider ?? environment.provider;
  if (settings === undefined || provider === undefined) return undefined;
  const { tracers, node, stats, dice, nowMs } = environment;
  const tracer = tracers.of(provider);
  return new RequestTracing({
    ...{ settings, node, dice, nowMs },
    tracer: settings.propagatesContext ? tracer : withoutPropagation(tracer),
    isEgress: direction === 'outbound',
    stats: decisionStats(stats, statPrefix),
  });
};
