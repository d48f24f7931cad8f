import type { LabelSet } from './label-set.ts';

/** Who was scraped. */
export interface TargetInfo {
  /** `namespace/pod`, unique. */
  readonly id: string;
  readonly namespace: string;
  readonly pod: string;
  /** The other cluster whose eyes told it; absent: scraped here. */
  readonly cluster?: string;
}

interface SeriesBase {
  readonly family: string;
  readonly labels: LabelSet;
  readonly target: TargetInfo;
  /** Rounds in which it was last written, and last changed. */
  seenRound: number;
  changedRound: number;
}

/** A counter as increments a round. Its first value counts from 0 where the target was known without it. */
export interface CounterSeries extends SeriesBase {
  readonly kind: 'counter';
  /** Raw value of the last scrape. */
  last: number;
  /** By slot; undefined: no increment in any round kept. */
  increments: Float64Array | undefined;
}

/** A gauge by round; NaN where it was not written. */
export interface GaugeSeries extends SeriesBase {
  readonly kind: 'gauge';
  last: number;
  values: Float64Array | undefined;
}

/** A histogram as increments a round and bucket; buckets are not cumulative. */
export interface HistogramSeries extends SeriesBase {
  readonly kind: 'histogram';
  /** Upper bounds, ascending; the last is +Infinity. */
  bounds: number[];
  /** Raw cumulative values of the last scrape, and those being read; by bound. */
  last: number[];
  current: number[];
  /** By bound, then slot; absent where a bucket has no increment. */
  increments: (Float32Array | undefined)[];
  lastSum: number;
  currentSum: number;
  sums: Float64Array | undefined;
  isNew: boolean;
}

export type Series = CounterSeries | GaugeSeries | HistogramSeries;

/** Sum of the increments in these slots. */
export const sumOf = (
  column: Float64Array | Float32Array | undefined,
  slots: readonly number[],
): number => {
  if (column === undefined) return 0;
  let sum = 0;
  for (const slot of slots) sum += column[slot] as number;
  return sum;
};

type Column = Float64Array | Float32Array | undefined;

const columnsOf = (series: Series): readonly Column[] => {
  if (series.kind === 'counter') return [series.increments];
  return series.kind === 'gauge' ? [series.values] : [...series.increments, series.sums];
};

/** Makes a slot as if nothing had ever been written there. */
export const clearSlot = (series: Series, slot: number): void => {
  const empty = series.kind === 'gauge' ? Number.NaN : 0;
  for (const column of columnsOf(series)) if (column !== undefined) column[slot] = empty;
};

/** Gives all columns back; returns how many bytes they had. The raw values stay, so that counting goes on. */
export const releaseColumns = (series: Series): number => {
  const bytes = columnsOf(series).reduce((sum, column) => sum + (column?.byteLength ?? 0), 0);
  if (series.kind === 'counter') series.increments = undefined;
  else if (series.kind === 'gauge') series.values = undefined;
  else {
    series.increments = series.bounds.map(() => undefined);
    series.sums = undefined;
  }
  return bytes;
};
