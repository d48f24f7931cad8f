import type { EdgeSeries, GraphEdge } from '../contract/graph.ts';
import type { Series } from '../contract/series.ts';
import { groupValue } from '../metrics/metrics-query.ts';
import { quantileOf } from '../metrics/quantile.ts';
import type { RoundRange } from '../metrics/scrape-rounds.ts';
import { sumOf } from '../metrics/series.ts';
import type { Call } from './call.ts';
import { type CollectedEdge, totalKey } from './edge-collection.ts';

/** Hosts named on an edge. */
const maxHosts = 10;

/** Rounds of each step of a series. */
export interface SeriesSteps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly ranges: readonly RoundRange[];
}

const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

const perSecond = (sum: number, seconds: number): number => (seconds === 0 ? 0 : sum / seconds);

const countsOf = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));

const hostsOf = ({ hosts }: Call): readonly string[] =>
  [...hosts]
    .sort(([, left], [, right]) => right - left)
    .slice(0, maxHosts)
    .map(([host]) => host);

/** Values of one measure at each step. */
export const seriesOf = (
  { startMs, stepMs, ranges }: SeriesSteps,
  value: (range: RoundRange) => number | null,
): Series => ({
  startMs,
  stepMs,
  values: ranges.map((range) => (range.slots.length === 0 ? null : value(range))),
});

/** Requests, errors and latency of a call over time. */
export const callSeries = ({ counters, durations }: Call, steps: SeriesSteps): EdgeSeries => ({
  requestsPerSecond: seriesOf(steps, ({ slots, seconds }) =>
    perSecond(
      counters.reduce((sum, { series }) => sum + sumOf(series.increments, slots), 0),
      seconds,
    ),
  ),
  errorsPerSecond: seriesOf(steps, ({ slots, seconds }) =>
    perSecond(
      counters
        .filter(({ outcome }) => outcome === 'error')
        .reduce((sum, { series }) => sum + sumOf(series.increments, slots), 0),
      seconds,
    ),
  ),
  p95Ms: seriesOf(steps, (range) => groupValue('p95', durations, range)),
});

const latencies = ({ durationBuckets, durationCount, durationSumMs }: Call) => ({
  averageMs: shareOf(durationSumMs, durationCount),
  p50Ms: quantileOf(durationBuckets, 0.5),
  p90Ms: quantileOf(durationBuckets, 0.9),
  p95Ms: quantileOf(durationBuckets, 0.95),
  p99Ms: quantileOf(durationBuckets, 0.99),
});

const shareOfSource = (
  { source, volumes }: CollectedEdge,
  totals: ReadonlyMap<string, number>,
): number => {
  let own = 0;
  let all = 0;
  for (const [service, volume] of volumes) {
    own += volume;
    all += totals.get(totalKey(source.id, service)) ?? 0;
  }
  return all === 0 ? 1 : own / all;
};

/** An edge as the contract has it. */
export const edgeView = (
  edge: CollectedEdge,
  totals: ReadonlyMap<string, number>,
  { seconds, steps }: { readonly seconds: number; readonly steps: SeriesSteps | undefined },
): GraphEdge => {
  const { id, source, target, call } = edge;
  return {
    id,
    source: source.id,
    target: target.id,
    protocol: call.protocol,
    requestsPerSecond: perSecond(call.requests, seconds),
    requests: call.requests,
    errorShare: shareOf(call.errors, call.requests),
    clientErrorShare: shareOf(call.clientErrors, call.requests),
    ...latencies(call),
    share: shareOfSource(edge, totals),
    bytesPerSecondOut: perSecond(call.bytesOut, seconds),
    bytesPerSecondIn: perSecond(call.bytesIn, seconds),
    lastActiveMs: call.lastActiveMs,
    connectionsPerSecond: perSecond(call.connections, seconds),
    mtlsShare: shareOf(call.mutualTls, call.securityKnown),
    sourcePrincipals: [...call.sourcePrincipals].sort(),
    targetPrincipals: [...call.targetPrincipals].sort(),
    responseCodes: countsOf(call.codes),
    responseFlags: countsOf(call.flags),
    hosts: hostsOf(call),
    ...(steps && { series: callSeries(call, steps) }),
  };
};
