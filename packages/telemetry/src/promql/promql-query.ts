import type { SeriesStore } from '../metrics/series-store.ts';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';
import { PromqlEvaluator } from './evaluator.ts';
import { badQuery } from './expression.ts';
import { parsePromql } from './parser.ts';
import { selectStored } from './stored-series.ts';
import { labelsKey, type Sample, type Value } from './vector.ts';

/** Steps of one range query; Prometheus allows 11,000. */
const maxSteps = 2_000;
/** Samples of one answer. */
const maxSamples = 200_000;

/** Prometheus' `data` of an answer, or why there is none. */
export type PromqlAnswer =
  | { readonly data: unknown; readonly problem: undefined }
  | { readonly data: undefined; readonly problem: string };

const guarded = (run: () => unknown): PromqlAnswer => {
  try {
    return { data: run(), problem: undefined };
  } catch (error) {
    if (error instanceof TelemetryError && error.code === 'bad-query') {
      return { data: undefined, problem: reasonOf(error) };
    }
    throw error;
  }
};

/** As Prometheus prints floats. */
const valueText = (value: number): string => {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
};

const seconds = (timeMs: number): number => timeMs / 1000;

const instantData = (value: Value, timeMs: number): unknown => {
  const at = seconds(timeMs);
  if (value.kind === 'scalar') {
    return { resultType: 'scalar', result: [at, valueText(value.value)] };
  }
  if (value.kind === 'text') return { resultType: 'string', result: [at, value.value] };
  const result = value.samples.map((sample) => ({
    metric: sample.labels,
    value: [at, valueText(sample.value)],
  }));
  return { resultType: 'vector', result };
};

/** `GET /api/v1/query`. */
export const instantQuery = (store: SeriesStore, query: string, timeMs: number): PromqlAnswer =>
  guarded(() =>
    instantData(new PromqlEvaluator(store).evaluate(parsePromql(query), timeMs), timeMs),
  );

const samplesOf = (value: Value): readonly Sample[] => {
  if (value.kind === 'scalar') return [{ labels: {}, value: value.value }];
  if (value.kind === 'text') throw badQuery('a range query needs a vector or a number');
  return value.samples;
};

/** A range of times. */
export interface PromqlRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** The times of a range. @throws TelemetryError `bad-query` when they are none, or too many. */
const timesOf = ({ startMs, endMs, stepMs }: PromqlRange): readonly number[] => {
  const steps = (endMs - startMs) / stepMs;
  if (!(stepMs > 0) || !(steps >= 0) || steps > maxSteps) {
    throw badQuery(`end must be after start, by at most ${maxSteps} steps`);
  }
  return Array.from({ length: Math.floor(steps) + 1 }, (_, index) => startMs + index * stepMs);
};

/** `GET /api/v1/query_range`. */
export const rangeQuery = (store: SeriesStore, query: string, range: PromqlRange): PromqlAnswer =>
  guarded(() => {
    const expression = parsePromql(query);
    const evaluator = new PromqlEvaluator(store);
    const rows = new Map<string, { readonly metric: object; readonly values: unknown[] }>();
    let count = 0;
    for (const timeMs of timesOf(range)) {
      const samples = samplesOf(evaluator.evaluate(expression, timeMs));
      count += samples.length;
      if (count > maxSamples) throw badQuery('the answer has too many samples');
      for (const { labels, value } of samples) {
        const key = labelsKey(labels);
        const row = rows.get(key) ?? { metric: labels, values: [] };
        row.values.push([seconds(timeMs), valueText(value)]);
        rows.set(key, row);
      }
    }
    return { resultType: 'matrix', result: [...rows.values()] };
  });

/** `GET /api/v1/series`: label sets of what the selectors select. */
export const seriesQuery = (store: SeriesStore, selectors: readonly string[]): PromqlAnswer =>
  guarded(() =>
    selectors.flatMap((selector) => {
      const expression = parsePromql(selector);
      if (expression.kind !== 'selector') throw badQuery(`"${selector}" is no selector`);
      return selectStored(store, expression).map(({ labels }) => labels);
    }),
  );
