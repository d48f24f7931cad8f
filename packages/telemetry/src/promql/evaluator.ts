import type { SeriesStore } from '../metrics/series-store.ts';
import { aggregate } from './aggregation.ts';
import { binary } from './binary.ts';
import { badQuery, type Expression, type SelectorExpression } from './expression.ts';
import { instantFunctions } from './functions.ts';
import { type StoredSeries, selectStored } from './stored-series.ts';
import { type Sample, type Value, withoutLabels } from './vector.ts';

/** A range that lacks no more than these many scrapes, at its two ends, is taken as covered. */
const maxMissingSteps = 2.2;

/** What one series is worth over a range that ends at a time; undefined: nothing. */
type RangeFunction = (series: StoredSeries, fromMs: number, toMs: number) => number | undefined;

const overValues =
  (reduce: (values: readonly number[]) => number): RangeFunction =>
  (series, fromMs, toMs) => {
    const values = series.valuesIn(fromMs, toMs);
    return values.length === 0 ? undefined : reduce(values);
  };

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

const rangeFunctions = (store: SeriesStore): Readonly<Record<string, RangeFunction>> => {
  const covered: RangeFunction = (series, fromMs, toMs) => {
    const grown = series.growth(fromMs, toMs);
    return grown === undefined || grown.seconds === 0 ? undefined : grown.sum / grown.seconds;
  };
  const rate: RangeFunction = (series, fromMs, toMs) => {
    const grown = series.growth(fromMs, toMs);
    if (grown === undefined) return undefined;
    const { sum: increase, seconds, stepSeconds } = grown;
    const rangeSeconds = (toMs - fromMs) / 1000;
    // As Prometheus: a range that begins before what is known is as long all the same.
    const isCovered = rangeSeconds - seconds <= maxMissingSteps * stepSeconds;
    return increase / (isCovered ? seconds : rangeSeconds);
  };
  return {
    rate,
    // Increments are known exactly: nothing is extrapolated.
    increase: (series, fromMs, toMs) => series.growth(fromMs, toMs)?.sum,
    // The newest round in the range alone.
    irate: (series, fromMs, toMs) => {
      const lastMs = store.rounds.range(fromMs, toMs).timesMs.at(-1);
      return lastMs === undefined ? undefined : covered(series, lastMs - 1, lastMs);
    },
    delta: (series, fromMs, toMs) => series.growth(fromMs, toMs)?.sum,
    avg_over_time: overValues((values) => sum(values) / values.length),
    sum_over_time: overValues(sum),
    min_over_time: overValues((values) => Math.min(...values)),
    max_over_time: overValues((values) => Math.max(...values)),
    last_over_time: overValues((values) => values.at(-1) ?? Number.NaN),
    count_over_time: overValues((values) => values.length),
  };
};

/** Evaluates an expression at times; series are selected once. */
export class PromqlEvaluator {
  readonly #store: SeriesStore;
  readonly #ranges: Readonly<Record<string, RangeFunction>>;
  readonly #selected = new Map<SelectorExpression, readonly StoredSeries[]>();

  constructor(store: SeriesStore) {
    this.#store = store;
    this.#ranges = rangeFunctions(store);
  }

  /** @throws TelemetryError `bad-query`. */
  evaluate(expression: Expression, timeMs: number): Value {
    switch (expression.kind) {
      case 'number':
        return { kind: 'scalar', value: expression.value };
      case 'text':
        return { kind: 'text', value: expression.value };
      case 'negative':
        return this.#negative(expression.of, timeMs);
      case 'selector':
        return this.#instant(expression, timeMs);
      case 'call':
        return this.#call(expression.name, expression.args, timeMs);
      case 'aggregate': {
        const of = this.evaluate(expression.of, timeMs);
        if (of.kind !== 'vector') {
          throw badQuery(`${expression.operator} is for vectors`);
        }
        const { parameter } = expression;
        const read = parameter === undefined ? undefined : this.evaluate(parameter, timeMs);
        const value = read?.kind === 'scalar' ? read.value : 0;
        return { kind: 'vector', samples: aggregate(expression, of.samples, value) };
      }
      case 'binary':
        return binary(
          expression,
          this.evaluate(expression.left, timeMs),
          this.evaluate(expression.right, timeMs),
        );
    }
  }

  #series(selector: SelectorExpression): readonly StoredSeries[] {
    const known = this.#selected.get(selector);
    if (known !== undefined) return known;
    const found = selectStored(this.#store, selector);
    this.#selected.set(selector, found);
    return found;
  }

  #negative(of: Expression, timeMs: number): Value {
    const value = this.evaluate(of, timeMs);
    if (value.kind === 'scalar') return { kind: 'scalar', value: -value.value };
    if (value.kind === 'text') throw badQuery('a text has no negative');
    return {
      kind: 'vector',
      samples: value.samples.map((sample) => ({
        labels: withoutLabels(sample.labels, ['__name__']),
        value: -sample.value,
      })),
    };
  }

  #instant(selector: SelectorExpression, timeMs: number): Value {
    if (selector.rangeMs > 0) {
      throw badQuery('a range needs a function around it, like rate');
    }
    const samples = this.#series(selector).flatMap((series): readonly Sample[] => {
      const value = series.valueAt(timeMs - selector.offsetMs);
      return value === undefined ? [] : [{ labels: series.labels, value }];
    });
    return { kind: 'vector', samples };
  }

  #call(name: string, args: readonly Expression[], timeMs: number): Value {
    if (name === 'time') return { kind: 'scalar', value: timeMs / 1000 };
    const overRange = Object.hasOwn(this.#ranges, name) ? this.#ranges[name] : undefined;
    if (overRange !== undefined) return this.#range(name, overRange, { args, timeMs });
    const compute = Object.hasOwn(instantFunctions, name) ? instantFunctions[name] : undefined;
    if (compute === undefined) throw badQuery(`function ${name} is not supported`);
    return compute(args.map((arg) => this.evaluate(arg, timeMs)));
  }

  #range(
    name: string,
    compute: RangeFunction,
    { args, timeMs }: { readonly args: readonly Expression[]; readonly timeMs: number },
  ): Value {
    const [selector] = args;
    if (selector?.kind !== 'selector' || selector.rangeMs === 0) {
      throw badQuery(`${name} needs a range like metric[5m]`);
    }
    const toMs = timeMs - selector.offsetMs;
    const samples = this.#series(selector).flatMap((series): readonly Sample[] => {
      const value = compute(series, toMs - selector.rangeMs, toMs);
      const labels = withoutLabels(series.labels, ['__name__']);
      return value === undefined ? [] : [{ labels, value }];
    });
    return { kind: 'vector', samples };
  }
}
