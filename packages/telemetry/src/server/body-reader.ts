import type { Diagnostic } from '@lateen/base';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads fields of a JSON body; what is of the wrong type becomes a diagnostic. */
export class BodyReader {
  readonly #fields: Fields;
  readonly diagnostics: Diagnostic[];

  /** `diagnostics`: where inner readers put what they find. */
  constructor(body: unknown, diagnostics: Diagnostic[] = []) {
    this.diagnostics = diagnostics;
    this.#fields = isFields(body) ? body : {};
    if (!isFields(body)) this.refuse('', 'the body must be a JSON object');
  }

  /** '' when absent. */
  text(name: string): string {
    return this.optionalText(name) ?? '';
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    this.refuse(name, 'must be a text');
    return undefined;
  }

  requiredText(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) this.refuse(name, 'is missing');
    return value ?? '';
  }

  texts(name: string): readonly string[] {
    const value = this.#fields[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
    this.refuse(name, 'must be a list of texts');
    return [];
  }

  integer(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    this.refuse(name, 'must be a whole number');
    return 0;
  }

  /** Readers of the objects of a list. */
  objects(name: string): readonly BodyReader[] {
    const value = this.#fields[name];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((one) => new BodyReader(one, this.diagnostics));
    this.refuse(name, 'must be a list');
    return [];
  }

  /** Reader of an inner object. */
  object(name: string): BodyReader {
    return new BodyReader(this.#fields[name], this.diagnostics);
  }

  refuse(path: string, message: string): void {
    const named = path === '' ? message : `"${path}" ${message}`;
    this.diagnostics.push({ severity: 'error', code: 'BodyInvalid', message: named, path });
  }
}
