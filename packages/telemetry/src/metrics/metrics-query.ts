import { quantileOf } from './quantile.ts';
import type { RoundRange } from './scrape-rounds.ts';
import { type Series, sumOf } from './series.ts';
import type { SeriesStore } from './series-store.ts';

/** A condition on a label; a label that is not there has the value ''. */
export interface LabelMatcher {
  readonly label: string;
  readonly matches: (value: string) => boolean;
}

/** What is computed of each group. */
export type QueryFunction =
  | 'rate'
  | 'increase'
  | 'value'
  | 'average'
  | 'p50'
  | 'p90'
  | 'p95'
  | 'p99';

export interface MetricsQuery {
  readonly metric: string;
  readonly fn: QueryFunction;
  readonly matchers: readonly LabelMatcher[];
  /** Labels kept; series that agree in them are added up. */
  readonly by: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** How far each value looks back. */
  readonly windowMs: number;
}

/** Values at `fromMs + stepMs`, `+ 2 * stepMs` ... */
export interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

/** Steps of one answer. */
export const maxSteps = 1000;

const quantiles: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

/** The quantile that a function stands for; undefined for others. */
export const quantileOfFunction = (fn: QueryFunction): number | undefined => quantiles[fn];

/** Labels by which a series is told: its own, and where it was scraped. */
const labelOf = (series: Series, label: string): string => {
  if (label === 'pod' || label === 'namespace') return series.labels[label] ?? series.target[label];
  return series.labels[label] ?? '';
};

/** Series of a family that fit all conditions, with those that other clusters told. */
export const selectSeries = (
  store: SeriesStore,
  metric: string,
  matchers: readonly LabelMatcher[],
): readonly Series[] =>
  [...store.seriesOfMesh(metric)].filter((series) =>
    matchers.every(({ label, matches }) => matches(labelOf(series, label))),
  );

/** Observations of a histogram in these slots: their number and sum. */
export const observed = (
  series: Series,
  slots: readonly number[],
): { readonly count: number; readonly sum: number } => {
  if (series.kind !== 'histogram') return { count: 0, sum: 0 };
  return {
    count: series.increments.reduce((count, column) => count + sumOf(column, slots), 0),
    sum: sumOf(series.sums, slots),
  };
};

/** Adds a histogram's increments in these slots to `into`. */
export const addBuckets = (
  series: Series,
  slots: readonly number[],
  into: Map<number, number>,
): void => {
  if (series.kind !== 'histogram') return;
  for (const [index, bound] of series.bounds.entries()) {
    const count = sumOf(series.increments[index], slots);
    // Empty buckets too: a quantile starts at the bound below.
    into.set(bound, (into.get(bound) ?? 0) + count);
  }
};

const increaseOf = (series: Series, slots: readonly number[]): number =>
  series.kind === 'counter' ? sumOf(series.increments, slots) : observed(series, slots).count;

const lastValue = (series: Series, slots: readonly number[]): number | null => {
  if (series.kind !== 'gauge') return null;
  for (let index = slots.length - 1; index >= 0; index--) {
    const value = series.values?.[slots[index] as number];
    if (value !== undefined && !Number.isNaN(value)) return value;
  }
  return null;
};

const gaugeValue = (group: readonly Series[], slots: readonly number[]): number | null => {
  const values = group.map((series) => lastValue(series, slots)).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
};

const averageOf = (group: readonly Series[], slots: readonly number[]): number | null => {
  let count = 0;
  let sum = 0;
  for (const series of group) {
    const seen = observed(series, slots);
    count += seen.count;
    sum += seen.sum;
  }
  return count === 0 ? null : sum / count;
};

/** One value of a group over a range of rounds; null: nothing to compute it from. */
export const groupValue = (
  fn: QueryFunction,
  group: readonly Series[],
  { slots, seconds }: RoundRange,
): number | null => {
  if (slots.length === 0) return null;
  if (fn === 'value') return gaugeValue(group, slots);
  if (fn === 'average') return averageOf(group, slots);
  const quantile = quantileOfFunction(fn);
  if (quantile !== undefined) {
    const buckets = new Map<number, number>();
    for (const series of group) addBuckets(series, slots, buckets);
    return quantileOf(buckets, quantile);
  }
  const increase = group.reduce((sum, series) => sum + increaseOf(series, slots), 0);
  return fn === 'increase' ? increase : increase / seconds;
};

const groupKey = (series: Series, by: readonly string[]): string =>
  by.map((label) => labelOf(series, label)).join('\u0000');

/** Evaluates a query: one result a group, in the order the groups were found. */
export const queryMetrics = (store: SeriesStore, query: MetricsQuery): readonly QueryResult[] => {
  const { by, fn, fromMs, toMs, stepMs, windowMs } = query;
  const groups = new Map<string, Series[]>();
  for (const series of selectSeries(store, query.metric, query.matchers)) {
    const key = groupKey(series, by);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [series]);
    else group.push(series);
  }
  const steps = Math.min(maxSteps, Math.max(1, Math.round((toMs - fromMs) / stepMs)));
  const ranges = Array.from({ length: steps }, (_, index) => {
    const endMs = fromMs + (index + 1) * stepMs;
    return store.rounds.range(endMs - windowMs, endMs);
  });
  return [...groups.values()].map((group) => ({
    labels: Object.fromEntries(by.map((label) => [label, labelOf(group[0] as Series, label)])),
    values: ranges.map((range) => groupValue(fn, group, range)),
  }));
};
