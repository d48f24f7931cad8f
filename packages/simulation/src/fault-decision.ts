import type { FaultSettings, RequestHead } from '@lateen/routing';
import type { SimulatedFault } from './simulation.ts';

const whole = 1_000_000;

/** Millionths as percent. */
export const percentOf = (millionths: number): number => millionths / 10_000;

/** The fault a route's settings may inject into a request; null: none. */
export const decideFault = (settings: FaultSettings, head: RequestHead): SimulatedFault | null => {
  if (!settings.headers.every((condition) => condition.holds(head))) return null;
  const delay =
    settings.delay !== undefined && settings.delay.ms > 0 && settings.delay.fraction > 0
      ? { ms: settings.delay.ms, percent: percentOf(Math.min(settings.delay.fraction, whole)) }
      : null;
  const abort =
    settings.abort !== undefined && settings.abort.fraction > 0
      ? {
          ...('http' in settings.abort.status
            ? { status: settings.abort.status.http }
            : { status: 200, grpcStatus: settings.abort.status.grpc }),
          percent: percentOf(Math.min(settings.abort.fraction, whole)),
        }
      : null;
  return delay === null && abort === null ? null : { delay, abort };
};
