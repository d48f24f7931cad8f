/** Kinds of the text format; `summary` and others are read as `untyped`. */
export type MetricKind = 'counter' | 'gauge' | 'histogram' | 'untyped';

/** Takes what a scan finds. */
export interface PrometheusSink {
  /**
   * Samples of this family follow. False: none of them is wanted, and their lines are skipped unread.
   * Called with `untyped` for samples without a `# TYPE` line.
   */
  family(name: string, kind: MetricKind): boolean;
  /**
   * One sample. `key` is a hash of the series as written, its bytes are `bytes[start, end)`:
   * decoding them (`decodeSeries`) is needed only the first time a key is seen.
   */
  sample(key: number, at: SeriesBytes, value: number): void;
}

/** Where a series is written. The object is reused: read it before the next sample. */
export interface SeriesBytes {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** What a scan met. */
export interface ScanResult {
  readonly samples: number;
  /** Lines that are no samples, and were left out. */
  readonly malformed: number;
}

const newline = 10;
const space = 32;
const tab = 9;
const quote = 34;
const hash = 35;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const minus = 45;
const zero = 48;
/** Digits that a double holds exactly. */
const maxFastDigits = 15;

const text = new TextDecoder();

const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

const isNameByte = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 97 && byte <= 122) ||
    (byte >= 65 && byte <= 90) ||
    (byte >= 48 && byte <= 58) ||
    byte === 95);

const specialValues: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

const slowNumber = (written: string): number | undefined => {
  const special = specialValues[written];
  if (special !== undefined) return special;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(written)) return undefined;
  return Number(written);
};

/** Reads one text of the Prometheus exposition format 0.0.4 (OpenMetrics' exemplars are passed over). */
class Scanner {
  readonly #bytes: Uint8Array;
  readonly #sink: PrometheusSink;
  readonly #seed: number;
  readonly #at: SeriesBytes;
  #family = new Uint8Array(0);
  #isWanted = false;
  #samples = 0;
  #malformed = 0;
  /** End of the series that was scanned last, and its hash. */
  #seriesEnd = 0;
  #key = 0;

  constructor(bytes: Uint8Array, sink: PrometheusSink, seed: number) {
    this.#bytes = bytes;
    this.#sink = sink;
    this.#seed = seed;
    this.#at = { bytes, start: 0, end: 0 };
  }

  run(): ScanResult {
    const bytes = this.#bytes;
    let position = 0;
    while (position < bytes.length) {
      const found = bytes.indexOf(newline, position);
      const end = found < 0 ? bytes.length : found;
      while (position < end && isBlank(bytes[position])) position++;
      if (position < end) this.#line(position, end);
      position = end + 1;
    }
    return { samples: this.#samples, malformed: this.#malformed };
  }

  #line(start: number, end: number): void {
    if (this.#bytes[start] === hash) {
      this.#comment(start, end);
      return;
    }
    if (this.#bytes[start] === 13) return;
    if (!this.#startsWithFamily(start)) this.#untyped(start, end);
    if (!this.#isWanted) return;
    const value = this.#series(start, end) ? this.#value(this.#seriesEnd, end) : undefined;
    if (value === undefined) {
      this.#malformed++;
      return;
    }
    this.#samples++;
    const at = this.#at;
    at.start = start;
    at.end = this.#seriesEnd;
    this.#sink.sample(this.#key, at, value);
  }

  #comment(start: number, end: number): void {
    const words = text
      .decode(this.#bytes.subarray(start, end))
      .trim()
      .split(/[ \t]+/, 4);
    const [, keyword, name, kind] = words;
    if (keyword !== 'TYPE' || name === undefined) return;
    const known = kind === 'counter' || kind === 'gauge' || kind === 'histogram';
    this.#enter(name, known ? kind : 'untyped');
  }

  #untyped(start: number, end: number): void {
    let stop = start;
    while (stop < end && isNameByte(this.#bytes[stop])) stop++;
    this.#enter(text.decode(this.#bytes.subarray(start, stop)), 'untyped');
  }

  #enter(name: string, kind: MetricKind): void {
    this.#family = Buffer.from(name);
    this.#isWanted = this.#sink.family(name, kind);
  }

  /** The name is the family's, or the family's with `_bucket`, `_sum`, `_count` (or `_total`) behind it. */
  #startsWithFamily(start: number): boolean {
    const family = this.#family;
    const bytes = this.#bytes;
    if (family.length === 0) return false;
    for (let index = 0; index < family.length; index++) {
      if (bytes[start + index] !== family[index]) return false;
    }
    const next = bytes[start + family.length];
    return !isNameByte(next) || next === 95;
  }

  /** Finds the end of `name{labels}` and hashes it. False: it has no end. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one pass over each byte of a scrape
  #series(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let high = this.#seed | 0;
    let low = ~this.#seed | 0;
    let position = start;
    let quoted = false;
    let braced = false;
    for (; position < end; position++) {
      const byte = bytes[position] as number;
      if (!braced && (byte === space || byte === tab)) break;
      high = Math.imul(high ^ byte, 0x01000193);
      low = Math.imul(low + byte, 0x5bd1e995) ^ (low >>> 13);
      if (quoted) {
        if (byte === backslash) {
          position++;
          high = Math.imul(high ^ (bytes[position] as number), 0x01000193);
        } else if (byte === quote) quoted = false;
      } else if (byte === quote) quoted = true;
      else if (byte === openBrace) braced = true;
      else if (byte === closeBrace) {
        position++;
        braced = false;
        break;
      }
    }
    this.#seriesEnd = position;
    this.#key = (high >>> 0) * 0x20_0000 + ((low ^ (low >>> 15)) & 0x1f_ffff);
    return !braced && position > start && position < end;
  }

  #value(start: number, end: number): number | undefined {
    const bytes = this.#bytes;
    let position = start;
    while (position < end && isBlank(bytes[position])) position++;
    const first = position;
    let value = 0;
    for (; position < end; position++) {
      const digit = (bytes[position] as number) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = position - first;
    const isEnd = position === end || isBlank(bytes[position]) || bytes[position] === 13;
    if (isEnd && digits > 0 && digits <= maxFastDigits && bytes[first] !== minus) return value;
    while (position < end && !isBlank(bytes[position]) && bytes[position] !== 13) position++;
    return slowNumber(text.decode(bytes.subarray(first, position)));
  }
}

/**
 * Reads a scrape. `seed` makes the hashes of this process its own, so that nobody can choose labels
 * whose hashes meet; use one seed for a target, always.
 */
export const scanPrometheus = (bytes: Uint8Array, sink: PrometheusSink, seed: number): ScanResult =>
  new Scanner(bytes, sink, seed).run();

/** A series as written: name and labels, values unescaped. */
export interface DecodedSeries {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

const label = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;

const unescapeValue = (value: string): string =>
  value.includes('\\')
    ? value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    : value;

/** Decodes the bytes of a series; undefined when they are malformed. */
export const decodeSeries = ({ bytes, start, end }: SeriesBytes): DecodedSeries | undefined => {
  const written = text.decode(bytes.subarray(start, end));
  const brace = written.indexOf('{');
  if (brace < 0) return { name: written, labels: [] };
  const inner = written.slice(brace + 1, -1).trimEnd();
  const labels: (readonly [string, string])[] = [];
  label.lastIndex = 0;
  while (label.lastIndex < inner.length) {
    const match = label.exec(inner);
    if (match === null) return undefined;
    labels.push([match[1] as string, unescapeValue(match[2] as string)]);
  }
  return { name: written.slice(0, brace), labels };
};
