import type { CounterSeries, GaugeSeries, HistogramSeries } from './series.ts';
import type { ToldIncrements } from './told-series.ts';

/** Where and how a value is written. */
export interface WriteContext {
  readonly capacity: number;
  readonly round: number;
  readonly slot: number;
  /** Accounts for a new column; false: there is no room for it. */
  readonly allocate: (bytes: number) => boolean;
}

const doubleBytes = 8;
const floatBytes = 4;

/** What a counter grew by: all of it when it began anew. */
const growth = (before: number, now: number): number => (now >= before ? now - before : now);

const touch = (series: { seenRound: number; changedRound: number }, round: number): void => {
  series.seenRound = round;
};

/** A column for a counter, or for sums; undefined: there is no room. */
export const doubles = ({ capacity, allocate }: WriteContext): Float64Array | undefined =>
  allocate(capacity * doubleBytes) ? new Float64Array(capacity) : undefined;

/** A column for a bucket; undefined: there is no room. */
export const floats = ({ capacity, allocate }: WriteContext): Float32Array | undefined =>
  allocate(capacity * floatBytes) ? new Float32Array(capacity) : undefined;

/** Writes a counter's raw value. Values that are no numbers are passed over. */
export const writeCounter = (series: CounterSeries, raw: number, context: WriteContext): void => {
  touch(series, context.round);
  if (!Number.isFinite(raw)) return;
  const increment = growth(series.last, raw);
  series.last = raw;
  if (increment === 0) return;
  series.increments ??= doubles(context);
  series.changedRound = context.round;
  if (series.increments === undefined) return;
  series.increments[context.slot] = (series.increments[context.slot] as number) + increment;
};

/** Writes a gauge's value. */
export const writeGauge = (series: GaugeSeries, value: number, context: WriteContext): void => {
  touch(series, context.round);
  if (series.values === undefined) series.values = doubles(context)?.fill(Number.NaN);
  if (value !== series.last) series.changedRound = context.round;
  series.last = value;
  if (series.values !== undefined) series.values[context.slot] = value;
};

/** Index of a bucket by its upper bound; a new bound takes its place. */
export const bucketIndex = (series: HistogramSeries, bound: number): number => {
  const found = series.bounds.indexOf(bound);
  if (found >= 0) return found;
  const after = series.bounds.findIndex((one) => one > bound);
  const index = after < 0 ? series.bounds.length : after;
  series.bounds.splice(index, 0, bound);
  series.last.splice(index, 0, series.last[index - 1] ?? 0);
  series.current.splice(index, 0, 0);
  series.increments.splice(index, 0, undefined);
  return index;
};

/**
 * Turns the cumulative values read in this round into increments of buckets. A histogram whose count
 * fell began anew.
 */
export const finishHistogram = (series: HistogramSeries, context: WriteContext): void => {
  touch(series, context.round);
  const { last, current } = series;
  const total = current.at(-1) ?? 0;
  const isReset = total < (last.at(-1) ?? 0);
  if (total !== last.at(-1)) series.changedRound = context.round;
  let below = 0;
  for (const [index, raw] of current.entries()) {
    const cumulative = raw - (isReset ? 0 : (last[index] ?? 0));
    const increment = cumulative - below;
    below = cumulative;
    if (increment > 0) addToBucket(series, index, { increment, context });
    last[index] = raw;
  }
  writeSum(series, isReset, context);
};

const addToBucket = (
  series: HistogramSeries,
  index: number,
  { increment, context }: { readonly increment: number; readonly context: WriteContext },
): void => {
  const { slot } = context;
  const column = series.increments[index] ?? floats(context);
  if (column === undefined) return;
  series.increments[index] = column;
  column[slot] = (column[slot] as number) + increment;
};

const writeSum = (series: HistogramSeries, isReset: boolean, context: WriteContext): void => {
  const { currentSum, lastSum } = series;
  series.lastSum = currentSum;
  const increment = isReset ? currentSum : currentSum - lastSum;
  if (!(increment > 0)) return;
  series.sums ??= doubles(context);
  if (series.sums === undefined) return;
  series.sums[context.slot] = (series.sums[context.slot] as number) + increment;
};

/** Increments that somebody else counted, and where they belong. */
export interface ToldWrite<C> {
  readonly told: ToldIncrements;
  readonly round: number;
  readonly slotAt: (timeMs: number) => number | undefined;
  /** Makes a column; undefined: there is no room. */
  readonly make: () => C | undefined;
}

/** Adds them to a column, which is made when there is something to write. */
export const addIncrements = <C extends Float64Array | Float32Array>(
  series: CounterSeries | HistogramSeries,
  column: C | undefined,
  { told, round, slotAt, make }: ToldWrite<C>,
): C | undefined => {
  let into = column;
  touch(series, round);
  for (const [timeMs, value] of told) {
    const slot = slotAt(timeMs);
    if (slot === undefined || !(value > 0)) continue;
    series.changedRound = round;
    into ??= make();
    if (into !== undefined) into[slot] = (into[slot] as number) + value;
  }
  return into;
};
