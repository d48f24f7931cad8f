import type { Diagnostic } from '@lateen/base';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads parameters of a URL; what cannot be read becomes a diagnostic, and the default is taken. */
export class QueryReader {
  readonly #query: URLSearchParams;
  readonly diagnostics: Diagnostic[] = [];

  constructor(query: URLSearchParams) {
    this.#query = query;
  }

  /** All of them, to be asked for elsewhere. */
  get parameters(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  /** '' when absent. */
  text(name: string): string {
    return this.#query.get(name) ?? '';
  }

  /** All values of a repeatable parameter. */
  texts(name: string): readonly string[] {
    return this.#query.getAll(name).filter((value) => value !== '');
  }

  /** Comma-separated. */
  list(name: string): readonly string[] {
    return this.text(name)
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  }

  /** `true` or `false`. */
  flag(name: string, preset: boolean): boolean {
    const value = this.#query.get(name);
    if (value === null) return preset;
    if (value === 'true' || value === 'false') return value === 'true';
    return this.#refuse(name, 'must be true or false', preset);
  }

  integer(
    name: string,
    preset: number,
    range: { readonly min: number; readonly max: number },
  ): number {
    const value = this.#query.get(name);
    if (value === null || value === '') return preset;
    const read = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    return read >= range.min && read <= range.max
      ? read
      : this.#refuse(name, `must be a whole number from ${range.min} to ${range.max}`, preset);
  }

  /** `500ms`, `60s`, `5m`, `1h`; in milliseconds, within bounds. */
  duration(
    name: string,
    presetMs: number,
    range: { readonly minMs: number; readonly maxMs: number },
  ): number {
    const value = this.#query.get(name);
    if (value === null || value === '') return presetMs;
    const match = /^(\d{1,9})(ms|s|m|h)$/.exec(value);
    if (match === null) return this.#refuse(name, 'must be a duration like 60s or 5m', presetMs);
    const ms = Number(match[1]) * (unitsMs[match[2] ?? ''] ?? 0);
    return Math.min(range.maxMs, Math.max(range.minMs, ms));
  }

  /** One of some words. */
  choice<T extends string>(name: string, words: readonly T[], preset: T): T {
    const value = this.#query.get(name);
    if (value === null || value === '') return preset;
    const found = words.find((word) => word === value);
    return found ?? this.#refuse(name, `must be one of ${words.join(', ')}`, preset);
  }

  /** Notes that a parameter cannot be used. */
  #refuse<T>(name: string, message: string, preset: T): T {
    this.refuse(name, message);
    return preset;
  }

  refuse(name: string, message: string): void {
    this.diagnostics.push({
      severity: 'error',
      code: 'ParameterInvalid',
      message: `parameter "${name}" ${message}`,
      path: name,
    });
  }
}
