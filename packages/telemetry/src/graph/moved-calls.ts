import type { RoundRange } from '../metrics/scrape-rounds.ts';
import { sumOf } from '../metrics/series.ts';
import type { Call } from './call.ts';

/** Silence shorter than this is the time between scrapes. */
const minSilenceMs = 4_000;
/** Requests it would have got in its silence, had it kept its part: that chance alone leaves it out is rarer than 1 in 100. */
const minMissedRequests = 5;

const groupKey = ({ source, service, protocol }: Call): string =>
  [
    source.cluster,
    source.namespace,
    source.workload,
    service.namespace,
    service.name,
    protocol,
  ].join('\u0000');

const requestsIn = (calls: readonly Call[], slots: readonly number[]): number =>
  calls
    .flatMap(({ counters }) => counters)
    .reduce((sum, { series }) => sum + sumOf(series.increments, slots), 0);

/** Whether a call fell silent while its source went on calling the same service otherwise. */
const hasMoved = (call: Call, group: readonly Call[], { slots, timesMs }: RoundRange): boolean => {
  const groupActiveMs = Math.max(...group.map(({ lastActiveMs }) => lastActiveMs));
  if (groupActiveMs - call.lastActiveMs < minSilenceMs) return false;
  const later = slots.filter((_, index) => (timesMs[index] as number) > call.lastActiveMs);
  const requestsLater = requestsIn(group, later);
  const requestsBefore = requestsIn(group, slots) - requestsLater;
  return (call.requests / requestsBefore) * requestsLater >= minMissedRequests;
};

/**
 * Calls without those whose traffic was moved elsewhere: what a rule took away goes from the picture at once, and not
 * when the window has passed; what is only rare, or stopped altogether, stays.
 */
export const withoutMoved = (calls: readonly Call[], range: RoundRange): readonly Call[] => {
  const groups = Map.groupBy(calls, groupKey);
  return calls.filter((call) => {
    const group = groups.get(groupKey(call)) ?? [];
    return group.length < 2 || !hasMoved(call, group, range);
  });
};
