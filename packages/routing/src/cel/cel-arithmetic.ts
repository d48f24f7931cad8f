import {
  CelDuration,
  CelError,
  CelTimestamp,
  type CelValue,
  celCompare,
  celEquals,
  celTypeName,
  isCelMap,
  isNumeric,
} from './cel-value.ts';

/** A value of two. */
export type CelOperation = (left: CelValue, right: CelValue) => CelValue;

const noOverload = (operator: string, left: CelValue, right: CelValue): CelError => {
  if (left instanceof CelError) return left;
  if (right instanceof CelError) return right;
  return new CelError(
    `there is no ${celTypeName(left)} ${operator} ${celTypeName(right)}: types must agree`,
  );
};

const asInt64 = (value: bigint): CelValue =>
  BigInt.asIntN(64, value) === value ? value : new CelError('integer overflow');

type Numbers = readonly [
  ints: (left: bigint, right: bigint) => CelValue,
  doubles: ((left: number, right: number) => number) | undefined,
];

const numeric: Readonly<Record<string, Numbers>> = {
  '+': [(left, right) => asInt64(left + right), (left, right) => left + right],
  '-': [(left, right) => asInt64(left - right), (left, right) => left - right],
  '*': [(left, right) => asInt64(left * right), (left, right) => left * right],
  '/': [
    (left, right) => (right === 0n ? new CelError('division by zero') : asInt64(left / right)),
    (left, right) => left / right,
  ],
  '%': [
    (left, right) => (right === 0n ? new CelError('modulus by zero') : left % right),
    undefined,
  ],
};

const addOthers = (left: CelValue, right: CelValue): CelValue | undefined => {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof CelDuration) {
    if (right instanceof CelDuration) return new CelDuration(left.ms + right.ms);
    return right instanceof CelTimestamp ? new CelTimestamp(left.ms + right.ms) : undefined;
  }
  if (left instanceof CelTimestamp && right instanceof CelDuration) {
    return new CelTimestamp(left.ms + right.ms);
  }
  return undefined;
};

const subtractOthers = (left: CelValue, right: CelValue): CelValue | undefined => {
  if (left instanceof CelTimestamp) {
    if (right instanceof CelTimestamp) return new CelDuration(left.ms - right.ms);
    return right instanceof CelDuration ? new CelTimestamp(left.ms - right.ms) : undefined;
  }
  return left instanceof CelDuration && right instanceof CelDuration
    ? new CelDuration(left.ms - right.ms)
    : undefined;
};

const arithmetic = (operator: string): CelOperation => {
  const [ints, doubles] = numeric[operator] as Numbers;
  const others = operator === '+' ? addOthers : operator === '-' ? subtractOthers : undefined;
  return (left, right) => {
    if (typeof left === 'bigint' && typeof right === 'bigint') return ints(left, right);
    // Attributes of Structs are doubles, those of requests are integers: they meet.
    if (doubles !== undefined && isNumeric(left) && isNumeric(right)) {
      return doubles(Number(left), Number(right));
    }
    return others?.(left, right) ?? noOverload(operator, left, right);
  };
};

const ordering = (operator: string, holds: (order: number) => boolean): CelOperation => {
  return (left, right) => {
    const order = celCompare(left, right);
    return order === undefined ? noOverload(operator, left, right) : holds(order);
  };
};

const equality = (isEqual: boolean): CelOperation => {
  return (left, right) => {
    if (left instanceof CelError) return left;
    return right instanceof CelError ? right : celEquals(left, right) === isEqual;
  };
};

const isIn: CelOperation = (left, right) => {
  if (left instanceof CelError) return left;
  if (Array.isArray(right)) return right.some((item) => celEquals(left, item));
  return isCelMap(right) ? right.get(left) !== undefined : noOverload('in', left, right);
};

/** Binary operators but `&&` and `||`, which need not look at both sides. */
export const celOperations: Readonly<Record<string, CelOperation>> = {
  '+': arithmetic('+'),
  '-': arithmetic('-'),
  '*': arithmetic('*'),
  '/': arithmetic('/'),
  '%': arithmetic('%'),
  '<': ordering('<', (order) => order < 0),
  '<=': ordering('<=', (order) => order <= 0),
  '>': ordering('>', (order) => order > 0),
  '>=': ordering('>=', (order) => order >= 0),
  '==': equality(true),
  '!=': equality(false),
  in: isIn,
};
