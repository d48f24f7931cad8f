import type { AggregateExpression } from './expression.ts';
import { labelsKey, onlyLabels, type Sample, withoutLabels } from './vector.ts';

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

const variance = (values: readonly number[]): number => {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / values.length;
};

const quantileOf = (values: readonly number[], quantile: number): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const rank = Math.min(Math.max(quantile, 0), 1) * (sorted.length - 1);
  const low = Math.floor(rank);
  const below = sorted[low] ?? Number.NaN;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN;
  return below + (above - below) * (rank - low);
};

const single: Readonly<Record<string, (values: readonly number[], parameter: number) => number>> = {
  sum,
  avg: (values) => sum(values) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  count: (values) => values.length,
  group: () => 1,
  stdvar: variance,
  stddev: (values) => Math.sqrt(variance(values)),
  quantile: quantileOf,
};

/** Aggregates a vector; `topk` and `bottomk` keep the samples themselves. */
export const aggregate = (
  { operator, grouping, labels }: AggregateExpression,
  samples: readonly Sample[],
  parameter: number,
): readonly Sample[] => {
  const groupOf = (sample: Sample): Record<string, string> =>
    grouping === 'by'
      ? onlyLabels(sample.labels, labels)
      : withoutLabels(sample.labels, [...labels, '__name__']);
  const groups = Map.groupBy(samples, (sample) => labelsKey(groupOf(sample)));
  const reduce = single[operator];
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    if (reduce !== undefined) {
      const values = group.map(({ value }) => value);
      return [{ labels: groupOf(first), value: reduce(values, parameter) }];
    }
    const direction = operator === 'topk' ? -1 : 1;
    return group
      .toSorted((left, right) => direction * (left.value - right.value))
      .slice(0, Math.max(0, Math.trunc(parameter)));
  });
};
