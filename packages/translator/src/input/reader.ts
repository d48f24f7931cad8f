import type { JsonObject } from '@bufbuild/protobuf';
import { parseDurationMs } from '@lateen/api';

/**
 * Reads a value of unknown shape into a typed one. Absent and null give the reader's empty value;
 * a value of the wrong type is reported with its field path and reads as absent. Never throws.
 */
export type Reader<T> = (value: unknown, path: string, report: Report) => T;

/** Receives what is wrong and where: `spec.http[0].timeout`, `must be a duration such as 1.5s`. */
type Report = (path: string, message: string) => void;

const isAbsent = (value: unknown): value is undefined | null =>
  value === undefined || value === null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text, or absent. */
export const text: Reader<string | undefined> = (value, path, report) => {
  if (isAbsent(value) || typeof value === 'string') return value ?? undefined;
  report(path, 'must be a string');
  return undefined;
};

/** A truth value, or absent. */
export const boolean: Reader<boolean | undefined> = (value, path, report) => {
  if (isAbsent(value) || typeof value === 'boolean') return value ?? undefined;
  report(path, 'must be true or false');
  return undefined;
};

/** Any finite number; 64-bit integers may come as strings (protobuf JSON). */
export const number: Reader<number | undefined> = (value, path, report) => {
  if (isAbsent(value)) return undefined;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof parsed === 'number' && Number.isFinite(parsed)) return parsed;
  report(path, 'must be a number');
  return undefined;
};

/** Largest value of a protobuf uint32. */
export const maxUint32 = 4_294_967_295;

/** A whole number that fits an unsigned 32-bit field. */
export const uint32: Reader<number | undefined> = (value, path, report) => {
  const parsed = number(value, path, report);
  if (parsed === undefined || (Number.isInteger(parsed) && parsed >= 0 && parsed <= maxUint32)) {
    return parsed;
  }
  report(path, `must be a whole number from 0 to ${maxUint32}`);
  return undefined;
};

/** A TCP or UDP port. */
export const port: Reader<number | undefined> = (value, path, report) => {
  const parsed = uint32(value, path, report);
  if (parsed === undefined || parsed <= 65_535) return parsed;
  report(path, 'must be a port from 0 to 65535');
  return undefined;
};

/** A port number or the name of a container port (IntOrString). */
export const portOrName: Reader<number | string | undefined> = (value, path, report) =>
  typeof value === 'string' ? value : port(value, path, report);

/** Longest duration taken: ten thousand years in milliseconds, protobuf's own limit. */
const maxDurationMs = 315_576_000_000_000;

/** A duration as Go and protobuf JSON write it (`1.5s`, `1h10m`, `100ms`), in milliseconds. */
export const durationMs: Reader<number | undefined> = (value, path, report) => {
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string') {
    const parsed = parseDurationMs(value);
    if (parsed !== undefined && parsed >= 0 && parsed <= maxDurationMs) return parsed;
  }
  report(path, 'must be a duration such as 10s, 1.5s or 100ms');
  return undefined;
};

/** One of the given words. */
export const word =
  <const Words extends readonly string[]>(words: Words): Reader<Words[number] | undefined> =>
  (value, path, report) => {
    const parsed = text(value, path, report);
    if (parsed === undefined || words.includes(parsed)) return parsed;
    report(path, `must be one of ${words.join(', ')}`);
    return undefined;
  };

/** A list; items that read as absent are left out. Empty when absent. */
export const list =
  <T>(item: Reader<T | undefined>): Reader<readonly T[]> =>
  (value, path, report) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) {
      report(path, 'must be a list');
      return [];
    }
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const parsed = item(entry, `${path}[${index}]`, report);
      if (parsed !== undefined) items.push(parsed);
    }
    return items;
  };

/** A map from names to values; entries that read as absent are left out. Empty when absent. */
export const mapOf =
  <T>(item: Reader<T | undefined>): Reader<ReadonlyMap<string, T>> =>
  (value, path, report) => {
    const result = new Map<string, T>();
    if (isAbsent(value)) return result;
    if (!isObject(value)) {
      report(path, 'must be a map');
      return result;
    }
    for (const [key, entry] of Object.entries(value)) {
      const parsed = item(entry, `${path}[${key}]`, report);
      if (parsed !== undefined) result.set(key, parsed);
    }
    return result;
  };

/** Labels, annotations and the like. Empty when absent. */
export const labels: Reader<ReadonlyMap<string, string>> = mapOf(text);

/** Present or not is a difference: undefined when absent, else what the reader makes of it. */
export const whenPresent =
  <T>(item: Reader<T>): Reader<T | undefined> =>
  (value, path, report) =>
    isAbsent(value) ? undefined : item(value, path, report);

/** Any JSON object (google.protobuf.Struct), taken as it is. */
export const struct: Reader<JsonObject | undefined> = (value, path, report) => {
  if (isAbsent(value) || isObject(value)) return (value ?? undefined) as JsonObject | undefined;
  report(path, 'must be an object');
  return undefined;
};

/** A message: each field by its own reader. Unknown fields are left to the API's validation. */
export const message =
  <T>(fields: { readonly [Key in keyof T]-?: Reader<T[Key]> }): Reader<T | undefined> =>
  (value, path, report) => {
    if (isAbsent(value)) return undefined;
    if (!isObject(value)) {
      report(path, 'must be an object');
      return undefined;
    }
    const result: Partial<T> = {};
    for (const key in fields) {
      const fieldPath = path === '' ? key : `${path}.${key}`;
      const field = Object.hasOwn(value, key) ? value[key] : undefined;
      result[key] = fields[key](field, fieldPath, report);
    }
    return result as T;
  };

/** A required message: an empty one when absent. */
export const messageOrEmpty =
  <T>(fields: { readonly [Key in keyof T]-?: Reader<T[Key]> }): Reader<T> =>
  (value, path, report) => {
    const read = message<T>(fields);
    return read(value, path, report) ?? (read({}, path, report) as T);
  };
