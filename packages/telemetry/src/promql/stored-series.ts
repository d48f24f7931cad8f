import { labelMatcher } from '../metrics/label-matcher.ts';
import type { LabelSet } from '../metrics/label-set.ts';
import type { ScrapeRounds } from '../metrics/scrape-rounds.ts';
import { type HistogramSeries, type Series, sumOf } from '../metrics/series.ts';
import type { SeriesStore } from '../metrics/series-store.ts';
import { badQuery, type SelectorExpression } from './expression.ts';

/** What a series grew by in a window. */
export interface Growth {
  readonly sum: number;
  /** What is covered, and between scrapes on average. */
  readonly seconds: number;
  readonly stepSeconds: number;
}

/** One series as Prometheus would have it: a counter or gauge with its labels. */
export interface StoredSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Value at a time; undefined: no sample in the last five minutes. */
  valueAt(timeMs: number): number | undefined;
  /** Undefined: not enough is known. */
  growth(fromMs: number, toMs: number): Growth | undefined;
  /** Values of a gauge in a window, oldest first. */
  valuesIn(fromMs: number, toMs: number): readonly number[];
}

/** Prometheus' look-back: a sample counts so long. */
const lookBackMs = 300_000;

type Column = Float64Array | Float32Array | undefined;

/** A counter out of increments: what it says now, less what came later. */
const counter = (
  labels: Readonly<Record<string, string>>,
  rounds: ScrapeRounds,
  { last, columns }: { readonly last: number; readonly columns: readonly Column[] },
): StoredSeries => {
  const sum = (slots: readonly number[]): number =>
    columns.reduce((total, column) => total + sumOf(column, slots), 0);
  const growth = (fromMs: number, toMs: number) => {
    const { slots, seconds } = rounds.range(fromMs, toMs);
    if (slots.length === 0) return undefined;
    return { sum: sum(slots), seconds, stepSeconds: seconds / slots.length };
  };
  const valueAt = (timeMs: number): number | undefined => {
    if (rounds.range(timeMs - lookBackMs, timeMs).slots.length === 0) return undefined;
    return last - sum(rounds.range(timeMs, rounds.newestMs).slots);
  };
  return {
    labels,
    growth,
    valueAt,
    valuesIn: (fromMs, toMs) =>
      rounds.range(fromMs, toMs).timesMs.map((timeMs) => valueAt(timeMs) ?? 0),
  };
};

const gauge = (
  labels: Readonly<Record<string, string>>,
  rounds: ScrapeRounds,
  values: Float64Array | undefined,
): StoredSeries => {
  const valuesIn = (fromMs: number, toMs: number): readonly number[] =>
    rounds
      .range(fromMs, toMs)
      .slots.map((slot) => values?.[slot] ?? Number.NaN)
      .filter((value) => !Number.isNaN(value));
  return {
    labels,
    valuesIn,
    valueAt: (timeMs) => valuesIn(timeMs - lookBackMs, timeMs).at(-1),
    growth: (fromMs, toMs) => {
      const inside = valuesIn(fromMs, toMs);
      const [first] = inside;
      const last = inside.at(-1);
      if (first === undefined || last === undefined) return undefined;
      const { seconds, slots } = rounds.range(fromMs, toMs);
      return { sum: last - first, seconds, stepSeconds: seconds / Math.max(1, slots.length) };
    },
  };
};

const boundText = (bound: number): string =>
  bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);

/** `_bucket` series are cumulative. */
const bucketSeries = (
  series: HistogramSeries,
  labels: LabelSet,
  rounds: ScrapeRounds,
): readonly StoredSeries[] =>
  series.bounds.map((bound, index) =>
    counter({ ...labels, le: boundText(bound) }, rounds, {
      last: series.last[index] ?? 0,
      columns: series.increments.slice(0, index + 1),
    }),
  );

const suffixes = ['_bucket', '_sum', '_count'] as const;

const ofHistogram = (
  series: HistogramSeries,
  suffix: string,
  { labels, rounds }: { readonly labels: LabelSet; readonly rounds: ScrapeRounds },
): readonly StoredSeries[] => {
  if (suffix === '_bucket') return bucketSeries(series, labels, rounds);
  if (suffix === '_sum') {
    return [counter(labels, rounds, { last: series.lastSum, columns: [series.sums] })];
  }
  return [counter(labels, rounds, { last: series.last.at(-1) ?? 0, columns: series.increments })];
};

const storedOf = (
  series: Series,
  {
    name,
    suffix,
    rounds,
  }: {
    readonly name: string;
    readonly suffix: string;
    readonly rounds: ScrapeRounds;
  },
): readonly StoredSeries[] => {
  // Istio's scrape configuration adds where a sample is from.
  const { namespace, pod } = series.target;
  const labels = { __name__: name, namespace, pod, ...series.labels };
  if (series.kind === 'histogram') return ofHistogram(series, suffix, { labels, rounds });
  return series.kind === 'gauge'
    ? [gauge(labels, rounds, series.values)]
    : [counter(labels, rounds, { last: series.last, columns: [series.increments] })];
};

/** Series of a name: of counters and gauges their own, of histograms with Prometheus' suffixes. */
const seriesNamed = (store: SeriesStore, name: string): readonly StoredSeries[] => {
  const { rounds } = store;
  const suffix = suffixes.find((one) => name.endsWith(one)) ?? '';
  const family = suffix === '' ? name : name.slice(0, -suffix.length);
  const ofFamily = [...store.series(family)].filter(({ kind }) => kind === 'histogram');
  const own = [...store.series(name)].filter(({ kind }) => kind !== 'histogram');
  return [...(suffix === '' ? [] : ofFamily), ...own].flatMap((series) =>
    storedOf(series, { name, suffix, rounds }),
  );
};

/** Names as Prometheus has them, sorted: histograms are three. */
export const metricNames = (store: SeriesStore): readonly string[] =>
  store
    .families()
    .flatMap(({ name, kind }) =>
      kind === 'histogram' ? suffixes.map((suffix) => `${name}${suffix}`) : [name],
    )
    .sort();

/** Series that a selector selects. @throws TelemetryError `bad-query` for regular expressions that are none. */
export const selectStored = (
  store: SeriesStore,
  { name, matchers }: Pick<SelectorExpression, 'name' | 'matchers'>,
): readonly StoredSeries[] => {
  const tests = matchers.map(({ label, operator, value }) => {
    const matcher = labelMatcher(label, operator, value);
    if (matcher === undefined) throw badQuery(`"${value}" is no regular expression`);
    return matcher;
  });
  const names =
    name === ''
      ? metricNames(store).filter((one) =>
          tests.every(({ label, matches }) => label !== '__name__' || matches(one)),
        )
      : [name];
  return names
    .flatMap((one) => seriesNamed(store, one))
    .filter(({ labels }) => tests.every(({ label, matches }) => matches(labels[label] ?? '')));
};
