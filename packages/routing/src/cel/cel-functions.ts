import { parseRfc3339 } from './cel-time.ts';
import {
  CelDuration,
  CelError,
  CelTimestamp,
  type CelValue,
  celText,
  celTypeName,
  isCelMap,
  isNumeric,
} from './cel-value.ts';

/** A function; the first parameter is the target, where there is one. */
export interface CelFunction {
  readonly minParameters: number;
  readonly maxParameters: number;
  call(parameters: readonly CelValue[]): CelValue;
}

const wrongType = (name: string, value: CelValue | undefined): CelError =>
  value instanceof CelError
    ? value
    : new CelError(`${name}() does not take ${celTypeName(value ?? null)}`);

const one = (name: string, call: (value: CelValue) => CelValue | undefined): CelFunction => ({
  minParameters: 1,
  maxParameters: 1,
  call: ([value = null]) =>
    (value instanceof CelError ? value : call(value)) ?? wrongType(name, value),
});

const texts = (
  name: string,
  parameters: number,
  call: (texts: readonly string[]) => CelValue,
): CelFunction => ({
  minParameters: parameters,
  maxParameters: parameters,
  call: (values) => {
    const other = values.find((value) => typeof value !== 'string');
    return other === undefined ? call(values as readonly string[]) : wrongType(name, other);
  },
});

const sizeOf = (value: CelValue): CelValue | undefined => {
  // Characters, not UTF-16 units.
  if (typeof value === 'string') return BigInt([...value].length);
  if (Array.isArray(value)) return BigInt(value.length);
  return isCelMap(value) ? BigInt(value.keys().length) : undefined;
};

const maxInt = 2 ** 63;

const intOf = (value: CelValue): CelValue | undefined => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    return Math.abs(value) < maxInt ? BigInt(Math.trunc(value)) : new CelError('integer overflow');
  }
  if (typeof value === 'string') {
    return /^[+-]?[0-9]{1,19}$/.test(value)
      ? BigInt(value.replace('+', ''))
      : new CelError(`'${value.slice(0, 40)}' is no integer`);
  }
  return value instanceof CelTimestamp ? BigInt(Math.floor(value.ms / 1000)) : undefined;
};

const doubleOf = (value: CelValue): CelValue | undefined => {
  if (isNumeric(value)) return Number(value);
  if (typeof value !== 'string') return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return Number.isNaN(number) && value !== 'NaN'
    ? new CelError(`'${value.slice(0, 40)}' is no number`)
    : number;
};

const boolOf = (value: CelValue): CelValue | undefined => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  if (/^(?:1|t|true|TRUE|True)$/.test(value)) return true;
  return /^(?:0|f|false|FALSE|False)$/.test(value) ? false : new CelError('no bool');
};

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
};

const durationOf = (value: CelValue): CelValue | undefined => {
  if (value instanceof CelDuration) return value;
  if (typeof value !== 'string') return undefined;
  const found = /^(-?)((?:[0-9]+(?:\.[0-9]+)?(?:h|ms|us|ns|m|s)){1,6})$/.exec(value);
  if (found === null) return new CelError(`'${value.slice(0, 40)}' is no duration`);
  let ms = 0;
  for (const [, amount, unit = ''] of (found[2] ?? '').matchAll(/([0-9.]+)(h|ms|us|ns|m|s)/g)) {
    ms += Number(amount) * (units[unit] ?? 0);
  }
  return new CelDuration(found[1] === '-' ? -ms : ms);
};

const timestampOf = (value: CelValue): CelValue | undefined => {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === 'bigint') return new CelTimestamp(Number(value) * 1000);
  if (typeof value !== 'string') return undefined;
  const ms = parseRfc3339(value);
  return ms === undefined
    ? new CelError(`'${value.slice(0, 40)}' is no time`)
    : new CelTimestamp(ms);
};

const part = (
  name: string,
  ofDuration: (ms: number) => number,
  ofTime: (date: Date) => number,
): CelFunction =>
  one(name, (value) => {
    if (value instanceof CelDuration) return BigInt(Math.trunc(ofDuration(value.ms)));
    if (!(value instanceof CelTimestamp)) return undefined;
    const found = ofTime(new Date(value.ms));
    return Number.isNaN(found) ? new CelError('the time is out of range') : BigInt(found);
  });

const noDuration = (): number => Number.NaN;

const datePart = (name: string, ofTime: (date: Date) => number): CelFunction => {
  const of = part(name, noDuration, ofTime);
  return {
    ...of,
    call: (values) =>
      values[0] instanceof CelDuration ? wrongType(name, values[0]) : of.call(values),
  };
};

const timeParts: Readonly<Record<string, CelFunction>> = {
  getHours: part(
    'getHours',
    (ms) => ms / 3_600_000,
    (date) => date.getUTCHours(),
  ),
  getMinutes: part(
    'getMinutes',
    (ms) => ms / 60_000,
    (date) => date.getUTCMinutes(),
  ),
  getSeconds: part(
    'getSeconds',
    (ms) => ms / 1000,
    (date) => date.getUTCSeconds(),
  ),
  getMilliseconds: part(
    'getMilliseconds',
    (ms) => ms,
    (date) => date.getUTCMilliseconds(),
  ),
  getFullYear: datePart('getFullYear', (date) => date.getUTCFullYear()),
  getMonth: datePart('getMonth', (date) => date.getUTCMonth()),
  getDate: datePart('getDate', (date) => date.getUTCDate()),
  getDayOfMonth: datePart('getDayOfMonth', (date) => date.getUTCDate() - 1),
  getDayOfWeek: datePart('getDayOfWeek', (date) => date.getUTCDay()),
};

const substring: CelFunction = {
  minParameters: 2,
  maxParameters: 3,
  call: ([text = null, from = null, to]) => {
    if (typeof text !== 'string') return wrongType('substring', text);
    if (typeof from !== 'bigint') return wrongType('substring', from);
    if (to !== undefined && typeof to !== 'bigint') return wrongType('substring', to);
    const end = to ?? BigInt(text.length);
    if (from < 0n || end < from || end > BigInt(text.length)) {
      return new CelError('substring() is out of range');
    }
    return text.slice(Number(from), Number(end));
  },
};

/** Longest text a replacement may make: expressions must not be a way to fill memory. */
const maxText = 1_048_576;

const replace = texts('replace', 3, ([text = '', old = '', by = '']) => {
  const count = old === '' ? text.length + 1 : text.split(old).length - 1;
  if (text.length + count * by.length > maxText) return new CelError('the text is too long');
  return text.replaceAll(old, () => by);
});

/** `matches` is not here: its expression is compiled once where it is a literal. */
export const celFunctions: Readonly<Record<string, CelFunction>> = {
  size: one('size', sizeOf),
  int: one('int', intOf),
  uint: one('uint', (value) => {
    const int = intOf(value);
    return typeof int === 'bigint' && int < 0n ? new CelError('a uint is not negative') : int;
  }),
  double: one('double', doubleOf),
  bool: one('bool', boolOf),
  string: one('string', (value) => (typeof value === 'string' ? value : celText(value))),
  bytes: one('bytes', (value) => (typeof value === 'string' ? value : undefined)),
  dyn: one('dyn', (value) => value),
  type: one('type', celTypeName),
  duration: one('duration', durationOf),
  timestamp: one('timestamp', timestampOf),
  startsWith: texts('startsWith', 2, ([text = '', start = '']) => text.startsWith(start)),
  endsWith: texts('endsWith', 2, ([text = '', end = '']) => text.endsWith(end)),
  contains: texts('contains', 2, ([text = '', part = '']) => text.includes(part)),
  lowerAscii: texts('lowerAscii', 1, ([text = '']) => text.toLowerCase()),
  upperAscii: texts('upperAscii', 1, ([text = '']) => text.toUpperCase()),
  trim: texts('trim', 1, ([text = '']) => text.trim()),
  indexOf: texts('indexOf', 2, ([text = '', part = '']) => BigInt(text.indexOf(part))),
  lastIndexOf: texts('lastIndexOf', 2, ([text = '', part = '']) => BigInt(text.lastIndexOf(part))),
  split: texts('split', 2, ([text = '', separator = '']) => text.split(separator)),
  replace,
  substring,
  ...timeParts,
};
