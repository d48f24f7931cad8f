import { quantileOf } from '../metrics/quantile.ts';
import { badQuery } from './expression.ts';
import { labelsKey, type Sample, type Value, withoutLabels } from './vector.ts';

/** Evaluates a call on values; ranges are functions of their own. */
type PromqlFunction = (args: readonly Value[]) => Value;

const vectorAt = (args: readonly Value[], index: number): readonly Sample[] => {
  const value = args[index];
  if (value?.kind !== 'vector') throw badQuery(`argument ${index + 1} must be a vector`);
  return value.samples;
};

const scalarAt = (args: readonly Value[], index: number, preset?: number): number => {
  const value = args[index];
  if (value === undefined && preset !== undefined) return preset;
  if (value?.kind !== 'scalar') throw badQuery(`argument ${index + 1} must be a number`);
  return value.value;
};

const textAt = (args: readonly Value[], index: number): string => {
  const value = args[index];
  if (value?.kind !== 'text') throw badQuery(`argument ${index + 1} must be a text`);
  return value.value;
};

const vector = (samples: readonly Sample[]): Value => ({ kind: 'vector', samples });

const mapped =
  (compute: (value: number, args: readonly Value[]) => number): PromqlFunction =>
  (args) =>
    vector(
      vectorAt(args, 0).map(({ labels, value }) => ({
        labels: withoutLabels(labels, ['__name__']),
        value: compute(value, args),
      })),
    );

/** Upper bound of a bucket; NaN: no bucket. */
const boundOf = (written: string | undefined): number => {
  if (written === '+Inf') return Number.POSITIVE_INFINITY;
  return written === undefined || written === '' ? Number.NaN : Number(written);
};

/** Cumulative buckets of a group, as increments by bound. */
const bucketsOf = (group: readonly Sample[]): Map<number, number> => {
  const sorted = group
    .map(({ labels, value }) => [boundOf(labels['le']), value] as const)
    .filter(([bound]) => !Number.isNaN(bound))
    .sort(([left], [right]) => left - right);
  const buckets = new Map<number, number>();
  let below = 0;
  for (const [bound, value] of sorted) {
    buckets.set(bound, Math.max(0, value - below));
    below = Math.max(below, value);
  }
  return buckets;
};

const histogramQuantile: PromqlFunction = (args) => {
  const quantile = scalarAt(args, 0);
  const groups = Map.groupBy(vectorAt(args, 1), ({ labels }) =>
    labelsKey(withoutLabels(labels, ['le', '__name__'])),
  );
  return vector(
    [...groups.values()].map((group) => ({
      labels: withoutLabels(group[0]?.labels ?? {}, ['le', '__name__']),
      value: quantileOf(bucketsOf(group), quantile) ?? Number.NaN,
    })),
  );
};

const labelJoin: PromqlFunction = (args) => {
  const [target, separator] = [textAt(args, 1), textAt(args, 2)];
  const sources = args.slice(3).map((_, index) => textAt(args, index + 3));
  return vector(
    vectorAt(args, 0).map(({ labels, value }) => ({
      labels: { ...labels, [target]: sources.map((name) => labels[name] ?? '').join(separator) },
      value,
    })),
  );
};

const sorted =
  (direction: number): PromqlFunction =>
  (args) =>
    vector(vectorAt(args, 0).toSorted((left, right) => direction * (left.value - right.value)));

const rounded = (value: number, args: readonly Value[]): number => {
  const nearest = scalarAt(args, 1, 1);
  // As Prometheus: halves go up.
  return Math.floor(value / nearest + 0.5) * nearest;
};

/** Functions on instant vectors. */
export const instantFunctions: Readonly<Record<string, PromqlFunction>> = {
  abs: mapped(Math.abs),
  ceil: mapped(Math.ceil),
  floor: mapped(Math.floor),
  sqrt: mapped(Math.sqrt),
  round: mapped(rounded),
  clamp_min: mapped((value, args) => Math.max(value, scalarAt(args, 1))),
  clamp_max: mapped((value, args) => Math.min(value, scalarAt(args, 1))),
  sort: sorted(1),
  sort_desc: sorted(-1),
  histogram_quantile: histogramQuantile,
  label_join: labelJoin,
  absent: (args) => vector(vectorAt(args, 0).length === 0 ? [{ labels: {}, value: 1 }] : []),
  scalar: (args) => {
    const samples = vectorAt(args, 0);
    return {
      kind: 'scalar',
      value: samples.length === 1 ? (samples[0]?.value ?? Number.NaN) : Number.NaN,
    };
  },
  vector: (args) => vector([{ labels: {}, value: scalarAt(args, 0) }]),
};
