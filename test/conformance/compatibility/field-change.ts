import type { KubeObject } from '@lateen/api';

type Path = readonly (string | number)[];

/** `value` with what is at `path` replaced; undefined takes it out. */
const changed = (value: unknown, [step, ...rest]: Path, replacement: unknown): unknown => {
  if (step === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((entry, index) =>
      index === step ? changed(entry, rest, replacement) : entry,
    );
  }
  const { [step]: child, ...others } = value as Record<string, unknown>;
  const next = changed(child, rest, replacement);
  return next === undefined ? others : { ...(value as object), [step]: next };
};

/** The object without the field at a path. */
export const withoutField = (object: KubeObject, path: Path): KubeObject =>
  changed(object, path, undefined) as KubeObject;

/** The object with another value at a path. */
export const withValue = (object: KubeObject, path: Path, value: unknown): KubeObject =>
  changed(object, path, value) as KubeObject;

/** Names of hosts change at their beginning: `*.example.com` then still has them. */
const otherText = (text: string): string => {
  if (/^[\d.]+m?s$/.test(text)) return `1${text}`;
  return /^[a-z]+\./.test(text) ? `x${text}` : `${text}x`;
};

/** Words that only validation knows. */
const words: Readonly<Record<string, string>> = {
  UNAVAILABLE: 'INTERNAL',
  HTTP: 'TCP',
  TCP: 'HTTP',
};

const areNumbers = (values: readonly unknown[]): values is readonly number[] =>
  values.every((value) => typeof value === 'number');

/** Shares change places: their sum may matter. */
const otherEntries = (value: Readonly<Record<string, unknown>>): unknown => {
  const values = Object.values(value);
  const others =
    values.length > 1 && areNumbers(values) ? values.toReversed() : values.map(otherValue);
  if (others.includes(undefined)) return undefined;
  return Object.fromEntries(Object.keys(value).map((key, index) => [key, others[index]]));
};

/** Another value of the same shape, valid where the first was; undefined: there is no telling. */
export const otherValue = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return words[value] ?? otherText(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return otherEntries(value as Readonly<Record<string, unknown>>);
  const others = value.map(otherValue);
  return others.includes(undefined) ? undefined : others;
};
