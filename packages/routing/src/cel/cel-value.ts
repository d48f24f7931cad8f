/** What went wrong while an expression was evaluated; it is a value until something takes no notice of it. */
export class CelError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** `google.protobuf.Duration`. */
export class CelDuration {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** `google.protobuf.Timestamp`, milliseconds since the epoch. */
export class CelTimestamp {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** A map, or a message: members are found when they are asked for. */
export interface CelMap {
  /** Undefined: there is no such member. */
  get(key: CelValue): CelValue | undefined;
  /** Names of members; only for `size()`, macros and printing. */
  keys(): readonly CelValue[];
}

/** int and uint are bigint, double is number, a message is a map. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | CelDuration
  | CelTimestamp
  | readonly CelValue[]
  | CelMap
  | CelError;

/** Whether a value is a map, and none of the other objects. */
export const isCelMap = (value: CelValue): value is CelMap =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof CelError) &&
  !(value instanceof CelDuration) &&
  !(value instanceof CelTimestamp);

/** A plain object as a map; numbers in it are doubles, as in `google.protobuf.Struct`. */
class StructMap implements CelMap {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#fields, key)) return undefined;
    return celOf(this.#fields[key]);
  }

  keys(): readonly CelValue[] {
    return Object.keys(this.#fields);
  }
}

/** Plain data as a value. */
export const celOf = (value: unknown): CelValue => {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(celOf);
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
    case 'number':
    case 'string':
      return value;
    case 'object':
      return new StructMap(value as Readonly<Record<string, unknown>>);
    default:
      return null;
  }
};

const equalLists = (left: readonly CelValue[], right: readonly CelValue[]): boolean =>
  left.length === right.length &&
  left.every((item, index) => celEquals(item, right[index] as CelValue));

const equalMaps = (left: CelMap, right: CelMap): boolean => {
  const keys = left.keys();
  if (keys.length !== right.keys().length) return false;
  return keys.every((key) => {
    const one = left.get(key);
    const other = right.get(key);
    return one !== undefined && other !== undefined && celEquals(one, other);
  });
};

/** `==`: values of different types differ, numbers compare by what they are. */
export function celEquals(left: CelValue, right: CelValue): boolean {
  if (left === right) return true;
  if (isNumeric(left) && isNumeric(right)) return comparison(left, right) === 0;
  if (left instanceof CelDuration) return right instanceof CelDuration && left.ms === right.ms;
  if (left instanceof CelTimestamp) return right instanceof CelTimestamp && left.ms === right.ms;
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  return isCelMap(left) && isCelMap(right) && equalMaps(left, right);
}

/** int, uint or double. */
export const isNumeric = (value: CelValue): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number';

const comparison = <T extends bigint | number | string>(left: T, right: T): number => {
  if (left < right) return -1;
  if (left > right) return 1;
  // Not a number is neither.
  return left >= right ? 0 : Number.NaN;
};

/** -1, 0, 1 or NaN; undefined when there is no order between such values. */
export const celCompare = (left: CelValue, right: CelValue): number | undefined => {
  if (isNumeric(left) && isNumeric(right)) return comparison(left, right);
  if (typeof left === 'string' && typeof right === 'string') return comparison(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof CelDuration && right instanceof CelDuration) {
    return comparison(left.ms, right.ms);
  }
  if (left instanceof CelTimestamp && right instanceof CelTimestamp) {
    return comparison(left.ms, right.ms);
  }
  return undefined;
};

/** Name of a type, for messages. */
export const celTypeName = (value: CelValue): string => {
  if (value === null) return 'null';
  if (value instanceof CelError) return 'error';
  if (value instanceof CelDuration) return 'duration';
  if (value instanceof CelTimestamp) return 'timestamp';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : 'string';
};

const plainOf = (value: CelValue): unknown => {
  if (Array.isArray(value)) return value.map(plainOf);
  if (isCelMap(value)) {
    return Object.fromEntries(
      value.keys().map((key) => [celText(key) ?? '', plainOf(value.get(key) ?? null)]),
    );
  }
  if (typeof value === 'boolean' || value === null || typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : celText(value);
};

/** A value as plain data; undefined for errors and null. */
export const celPlain = (value: CelValue): unknown =>
  value === null || value instanceof CelError ? undefined : plainOf(value);

/** A value as a log or a label prints it; undefined for errors and null. Maps and lists are JSON. */
export const celText = (value: CelValue): string | undefined => {
  if (value === null || value instanceof CelError) return undefined;
  if (value instanceof CelDuration) return `${value.ms / 1000}s`;
  if (value instanceof CelTimestamp) return timestampText(value.ms);
  return typeof value === 'object' ? JSON.stringify(plainOf(value)) : String(value);
};

/** Milliseconds a `Date` can hold on either side of the epoch. */
const maxDateMs = 8.64e15;

const timestampText = (ms: number): string =>
  Math.abs(ms) <= maxDateMs ? new Date(ms).toISOString() : String(ms);
