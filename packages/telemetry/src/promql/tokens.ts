import { badQuery } from './expression.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'duration' | 'text' | 'operator' | 'end';
  readonly text: string;
  readonly position: number;
}

const patterns: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /(?:\s+|#[^\n]*)/y],
  ['duration', /(?:\d+(?:ms|[smhdwy]))+(?![\w:])/y],
  ['number', /(?:0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w:])/y],
  ['name', /[a-zA-Z_:][a-zA-Z0-9_:]*/y],
  ['text', /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/y],
  ['operator', /==|!=|=~|!~|>=|<=|[-+*/%^(){}[\],=<>@]/y],
];

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const textOf = (written: string): string => {
  const inner = written.slice(1, -1);
  if (written.startsWith('`')) return inner;
  return inner.replace(/\\(.)/gs, (_, escaped: string) => escapes[escaped] ?? escaped);
};

const nextToken = (
  query: string,
  position: number,
): Token & { readonly end: number; readonly isBlank: boolean } => {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = position;
    const found = pattern.exec(query)?.[0];
    if (found === undefined) continue;
    const text = kind === 'text' ? textOf(found) : found;
    const isBlank = kind === 'blank';
    return { kind: isBlank ? 'end' : kind, text, position, end: pattern.lastIndex, isBlank };
  }
  throw badQuery(`unexpected character at position ${position + 1}`);
};

/** Splits a query. @throws TelemetryError `bad-query`. */
export const tokenize = (query: string): readonly Token[] => {
  const tokens: Token[] = [];
  let position = 0;
  while (position < query.length) {
    const { end, isBlank, ...token } = nextToken(query, position);
    if (!isBlank) tokens.push(token);
    position = end;
  }
  tokens.push({ kind: 'end', text: 'the end', position });
  return tokens;
};

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** `1h30m` in milliseconds. */
export const durationMs = (text: string): number => {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    total += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
  }
  return total;
};
