import type { RoundRange } from '../metrics/scrape-rounds.ts';
import { sumOf } from '../metrics/series.ts';
import type { Call, CallEnd } from './call.ts';

/** Silence shorter than this is the time between scrapes. */
const minSilenceMs = 4_000;
/** Requests it would have got in its silence, had it kept its part: that chance alone leaves it out is rarer than 1 in 100. */
const minMissedRequests = 5;
/** The same when a rule was changed since: then it is not chance that has to be told from the rule's work. */
const minMissedAfterChange = 2;

const workloadKey = ({ cluster, namespace, workload }: CallEnd): string =>
  [cluster, namespace, workload].join('\u0000');

const groupKey = ({ source, service, protocol }: Call): string =>
  [workloadKey(source), service.namespace, service.name, protocol].join('\u0000');

const requestsIn = (calls: readonly Call[], slots: readonly number[]): number =>
  calls
    .flatMap(({ counters }) => counters)
    .reduce((sum, { series }) => sum + sumOf(series.increments, slots), 0);

const newestOf = (calls: readonly Call[]): number =>
  calls.reduce((newest, { lastActiveMs }) => Math.max(newest, lastActiveMs), 0);

/** Time before a round's end in which what it counted may have happened. */
const roundMs = ({ timesMs, seconds }: RoundRange): number =>
  timesMs.length === 0 ? 0 : (seconds * 1000) / timesMs.length;

interface Moment {
  readonly range: RoundRange;
  /** When a rule about routes was last changed; 0: not within what is known. */
  readonly ruleChangedMs: number;
}

/** Whether a call fell silent while its source went on calling the same service otherwise. */
const hasMoved = (
  call: Call,
  group: readonly Call[],
  { range, ruleChangedMs }: Moment,
): boolean => {
  const { slots, timesMs } = range;
  if (newestOf(group) - call.lastActiveMs < minSilenceMs) return false;
  const later = slots.filter((_, index) => (timesMs[index] as number) > call.lastActiveMs);
  const requestsLater = requestsIn(group, later);
  const requestsBefore = requestsIn(group, slots) - requestsLater;
  const missed = (call.requests / requestsBefore) * requestsLater;
  const isAfterChange = call.lastActiveMs - roundMs(range) <= ruleChangedMs;
  return missed >= (isAfterChange ? minMissedAfterChange : minMissedRequests);
};

/** Silent calls of workloads that nobody calls any more: what the calls taken away had caused. */
const orphansOf = (calls: readonly Call[], gone: ReadonlySet<Call>): readonly Call[] => {
  const into = Map.groupBy(calls, ({ target }) => workloadKey(target));
  const newest = newestOf(calls);
  return calls.filter((call) => {
    const callers = into.get(workloadKey(call.source)) ?? [];
    const isAlone = callers.length > 0 && callers.every((caller) => gone.has(caller));
    return !gone.has(call) && isAlone && newest - call.lastActiveMs >= minSilenceMs;
  });
};

/**
 * Calls without those whose traffic was moved elsewhere, and without what only they had caused further on: what a rule
 * took away goes from the picture at once, and not when the window has passed; what is only rare, or stopped altogether,
 * stays.
 */
export const withoutMoved = (calls: readonly Call[], moment: Moment): readonly Call[] => {
  const groups = Map.groupBy(calls, groupKey);
  const gone = new Set(
    calls.filter((call) => {
      const group = groups.get(groupKey(call)) ?? [];
      return group.length > 1 && hasMoved(call, group, moment);
    }),
  );
  for (let orphans = orphansOf(calls, gone); gone.size > 0 && orphans.length > 0; ) {
    for (const orphan of orphans) gone.add(orphan);
    orphans = orphansOf(calls, gone);
  }
  return gone.size === 0 ? calls : calls.filter((call) => !gone.has(call));
};
