import { callFamilies } from './call-families.ts';
import type { LabelSet } from './label-set.ts';
import type { Series } from './series.ts';
import type { SeriesStore } from './series-store.ts';
import type { ToldIncrements, ToldSeries } from './told-series.ts';

/** JSON has no infinity. */
const lastBound = '+Inf';

interface WrittenHistogram {
  readonly sums: ToldIncrements;
  readonly buckets: readonly (readonly [number | typeof lastBound, ToldIncrements])[];
}

/** All that was measured of one set of labels: these are longer than the numbers. */
interface WrittenSet {
  readonly labels: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, ToldIncrements>>;
  readonly histograms: Readonly<Record<string, WrittenHistogram>>;
}

/** What calls were measured since a moment, as one cluster's eyes tell another's. JSON. */
export interface ToldRounds {
  /** End of the newest round; 0: there was none. Ask from here on the next time. */
  readonly toMs: number;
  readonly sets: readonly WrittenSet[];
}

type Sums = Map<number, number>;

interface SetSums {
  readonly counters: Map<string, Sums>;
  readonly histograms: Map<string, { readonly sums: Sums; readonly buckets: Map<number, Sums> }>;
}

const kept = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
};

type Column = Float64Array | Float32Array | undefined;

interface Rounds {
  readonly slots: readonly number[];
  readonly timesMs: readonly number[];
}

const addColumn = (column: Column, { slots, timesMs }: Rounds, into: Sums): void => {
  if (column === undefined) return;
  for (const [index, slot] of slots.entries()) {
    const value = column[slot] as number;
    const timeMs = timesMs[index] as number;
    if (value > 0) into.set(timeMs, (into.get(timeMs) ?? 0) + value);
  }
};

const addSeries = (series: Series, rounds: Rounds, { counters, histograms }: SetSums): void => {
  if (series.kind === 'counter')
    addColumn(
      series.increments,
      rounds,
      kept(counters, series.family, () => new Map()),
    );
  if (series.kind !== 'histogram') return;
  const histogram = kept(histograms, series.family, () => ({
    ...{ sums: new Map(), buckets: new Map() },
  }));
  addColumn(series.sums, rounds, histogram.sums);
  for (const [index, bound] of series.bounds.entries()) {
    // Empty ones too: a quantile starts at the bound below.
    const bucket = kept(histogram.buckets, bound, () => new Map());
    addColumn(series.increments[index], rounds, bucket);
  }
};

const written = ({ counters, histograms }: SetSums): Omit<WrittenSet, 'labels'> => ({
  counters: Object.fromEntries(
    [...counters]
      .filter(([, sums]) => sums.size > 0)
      .map(([family, sums]) => [family, [...sums]] as const),
  ),
  histograms: Object.fromEntries(
    [...histograms]
      .filter(([, { buckets }]) => buckets.values().some(({ size }) => size > 0))
      .map(([family, { sums, buckets }]) => [
        family,
        {
          sums: [...sums],
          buckets: [...buckets].map(
            ([bound, one]) =>
              [bound === Number.POSITIVE_INFINITY ? lastBound : bound, [...one]] as const,
          ),
        },
      ]),
  ),
});

/** What a store counted of calls after a moment, of its own targets. */
export const tellRounds = (store: SeriesStore, sinceMs: number): ToldRounds => {
  const { rounds } = store;
  const range = rounds.range(sinceMs, rounds.newestMs);
  const sums = new Map<LabelSet, SetSums>();
  for (const series of callFamilies.flatMap((family) => [...store.series(family)])) {
    const ofSet = kept(sums, series.labels, () => ({ counters: new Map(), histograms: new Map() }));
    addSeries(series, range, ofSet);
  }
  const sets = [...sums].map(([labels, ofSet]) => ({ labels, ...written(ofSet) }));
  return {
    toMs: rounds.newestMs,
    sets: sets.filter(
      ({ counters, histograms }) =>
        Object.keys(counters).length + Object.keys(histograms).length > 0,
    ),
  };
};

/** The series of an answer. */
export const toldSeries = ({ sets }: ToldRounds): readonly ToldSeries[] =>
  sets.flatMap(({ labels, counters, histograms }) => {
    const same = { labels: Object.entries(labels), key: JSON.stringify(labels) };
    return [
      ...Object.entries(counters).map(
        ([family, increments]): ToldSeries => ({
          ...{ ...same, kind: 'counter', family, increments },
        }),
      ),
      ...Object.entries(histograms).map(
        ([family, { sums, buckets }]): ToldSeries => ({
          ...{ ...same, kind: 'histogram', family, sums },
          buckets: buckets.map(([bound, increments]) => [
            bound === lastBound ? Number.POSITIVE_INFINITY : bound,
            increments,
          ]),
        }),
      ),
    ];
  });
