import { type BinaryExpression, badQuery } from './expression.ts';
import { labelsKey, onlyLabels, type Sample, type Value, withoutLabels } from './vector.ts';

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': (left, right) => left ** right,
};

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

/** The value of one pair; undefined: the comparison filters it out. */
const combine = (
  { operator, isBool }: BinaryExpression,
  [left, right]: readonly [number, number],
  kept: number,
): number | undefined => {
  const compute = arithmetic[operator];
  if (compute !== undefined) return compute(left, right);
  const holds = comparisons[operator]?.(left, right) === true;
  if (isBool) return Number(holds);
  return holds ? kept : undefined;
};

const matchKey = ({ matching }: BinaryExpression, { labels }: Sample): string =>
  labelsKey(
    matching.kind === 'on'
      ? onlyLabels(labels, matching.labels)
      : withoutLabels(labels, [...matching.labels, '__name__']),
  );

/** Comparisons without `bool` keep a sample as it is; everything else drops the name. */
const keepsName = ({ operator, isBool }: BinaryExpression): boolean =>
  comparisons[operator] !== undefined && !isBool;

const resultLabels = (expression: BinaryExpression, sample: Sample): Sample['labels'] => {
  if (keepsName(expression)) return sample.labels;
  const { kind, labels } = expression.matching;
  return kind === 'on'
    ? onlyLabels(sample.labels, labels)
    : withoutLabels(sample.labels, [...labels, '__name__']);
};

const setOperation = (
  expression: BinaryExpression,
  left: readonly Sample[],
  right: readonly Sample[],
): readonly Sample[] => {
  const keyOf = (sample: Sample): string => matchKey(expression, sample);
  const keysRight = new Set(right.map(keyOf));
  if (expression.operator === 'and') return left.filter((one) => keysRight.has(keyOf(one)));
  if (expression.operator === 'unless') return left.filter((one) => !keysRight.has(keyOf(one)));
  const keysLeft = new Set(left.map(keyOf));
  return [...left, ...right.filter((one) => !keysLeft.has(keyOf(one)))];
};

const vectorsPaired = (
  expression: BinaryExpression,
  left: readonly Sample[],
  right: readonly Sample[],
): readonly Sample[] => {
  const byKey = new Map<string, Sample>();
  for (const sample of right) {
    const key = matchKey(expression, sample);
    if (byKey.has(key)) throw badQuery('many-to-many matching is not possible');
    byKey.set(key, sample);
  }
  return left.flatMap((sample) => {
    const other = byKey.get(matchKey(expression, sample));
    if (other === undefined) return [];
    const value = combine(expression, [sample.value, other.value], sample.value);
    return value === undefined ? [] : [{ labels: resultLabels(expression, sample), value }];
  });
};

const withScalar = (
  expression: BinaryExpression,
  samples: readonly Sample[],
  pair: (value: number) => readonly [number, number],
): readonly Sample[] =>
  samples.flatMap(({ labels, value }) => {
    const result = combine(expression, pair(value), value);
    if (result === undefined) return [];
    const named = keepsName(expression) ? labels : withoutLabels(labels, ['__name__']);
    return [{ labels: named, value: result }];
  });

const setOperators: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

const ofVectors = (
  expression: BinaryExpression,
  left: readonly Sample[],
  right: readonly Sample[],
): readonly Sample[] =>
  setOperators.has(expression.operator)
    ? setOperation(expression, left, right)
    : vectorsPaired(expression, left, right);

const ofScalars = (expression: BinaryExpression, pair: readonly [number, number]): Value => {
  const value = combine({ ...expression, isBool: true }, pair, 0);
  return { kind: 'scalar', value: value ?? Number.NaN };
};

/** Evaluates an operator on two values. @throws TelemetryError `bad-query` for values it is not for. */
export const binary = (expression: BinaryExpression, left: Value, right: Value): Value => {
  if (left.kind === 'text' || right.kind === 'text') {
    throw badQuery(`${expression.operator} is not for texts`);
  }
  if (left.kind === 'vector' && right.kind === 'vector') {
    return { kind: 'vector', samples: ofVectors(expression, left.samples, right.samples) };
  }
  if (setOperators.has(expression.operator)) {
    throw badQuery(`${expression.operator} is for vectors`);
  }
  if (left.kind === 'vector') {
    const scalar = (right as { readonly value: number }).value;
    const samples = withScalar(expression, left.samples, (value) => [value, scalar]);
    return { kind: 'vector', samples };
  }
  if (right.kind === 'vector') {
    const samples = withScalar(expression, right.samples, (value) => [left.value, value]);
    return { kind: 'vector', samples };
  }
  return ofScalars(expression, [left.value, right.value]);
};
