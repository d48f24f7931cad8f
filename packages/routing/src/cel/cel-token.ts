/** A token of an expression. Values of literals are decoded already. */
export type CelToken =
  | { readonly kind: 'identifier'; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly value: string; readonly at: number }
  | { readonly kind: 'int'; readonly value: bigint; readonly at: number }
  | { readonly kind: 'double'; readonly value: number; readonly at: number }
  /** Operators and brackets. */
  | { readonly kind: 'symbol'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

/** An expression that is none; caught where expressions are compiled. */
export class CelSyntaxError extends Error {
  constructor(message: string, at: number) {
    super(`${message} at character ${at + 1}`);
  }
}

const spacePattern = /(?:\s|\/\/[^\n]*)*/y;
const identifierPattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const doublePattern =
  /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)/y;
const intPattern = /(0[xX][0-9a-fA-F]+|[0-9]+)[uU]?/y;
const symbolPattern = /\|\||&&|==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}]/y;
const stringPattern =
  /([rR]?)("""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/y;
/** In raw strings a backslash is a character like others. */
const rawPattern = /[rR]("""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/y;

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
};

const escapePattern =
  /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;

const maxCodePoint = 0x10_ffff;

/** The code point an escape names by number; undefined: it names a letter. */
const escapedCode = (groups: readonly (string | undefined)[]): number | undefined => {
  const hex = groups.slice(0, 4).find((digits) => digits !== undefined);
  if (hex !== undefined) return Number.parseInt(hex, 16);
  const octal = groups[4];
  return octal === undefined ? undefined : Number.parseInt(octal, 8);
};

const escapedText = (groups: readonly (string | undefined)[]): string | undefined => {
  const code = escapedCode(groups);
  if (code !== undefined) return code > maxCodePoint ? undefined : String.fromCodePoint(code);
  const letter = groups[5] ?? '';
  return Object.hasOwn(simpleEscapes, letter) ? simpleEscapes[letter] : undefined;
};

const decodeEscapes = (text: string, at: number): string =>
  text.replace(escapePattern, (all: string, ...groups: (string | undefined)[]) => {
    const plain = escapedText(groups);
    if (plain === undefined) throw new CelSyntaxError(`'${all}' is no escape`, at);
    return plain;
  });

const unquote = (quoted: string): string => {
  const quotes = /^("""|''')/.test(quoted) ? 3 : 1;
  return quoted.slice(quotes, -quotes);
};

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
};

interface Read {
  readonly token: CelToken;
  readonly length: number;
}

const readString = (text: string, at: number): Read | undefined => {
  const raw = matchAt(rawPattern, text, at);
  if (raw !== undefined) {
    const value = unquote(raw[1] ?? '');
    return { token: { kind: 'string', value, at }, length: raw[0].length };
  }
  const found = matchAt(stringPattern, text, at);
  if (found === undefined) return undefined;
  const value = decodeEscapes(unquote(found[2] ?? ''), at);
  return { token: { kind: 'string', value, at }, length: found[0].length };
};

const readNumber = (text: string, at: number): Read | undefined => {
  const double = matchAt(doublePattern, text, at);
  if (double !== undefined) {
    const value = Number(double[0]);
    return { token: { kind: 'double', value, at }, length: double[0].length };
  }
  const int = matchAt(intPattern, text, at);
  if (int === undefined) return undefined;
  return { token: { kind: 'int', value: BigInt(int[1] ?? '0'), at }, length: int[0].length };
};

const readWord = (text: string, at: number): Read | undefined => {
  const word = matchAt(identifierPattern, text, at)?.[0];
  if (word !== undefined) {
    return { token: { kind: 'identifier', text: word, at }, length: word.length };
  }
  const symbol = matchAt(symbolPattern, text, at)?.[0];
  if (symbol === undefined) return undefined;
  return { token: { kind: 'symbol', text: symbol, at }, length: symbol.length };
};

/** Cuts an expression into tokens, `end` last. Throws `CelSyntaxError`. */
export const celTokens = (text: string): readonly CelToken[] => {
  const tokens: CelToken[] = [];
  let at = matchAt(spacePattern, text, 0)?.[0].length ?? 0;
  while (at < text.length) {
    const read = readString(text, at) ?? readNumber(text, at) ?? readWord(text, at);
    if (read === undefined) throw new CelSyntaxError(`'${text[at]}' is not expected`, at);
    tokens.push(read.token);
    at += read.length;
    at += matchAt(spacePattern, text, at)?.[0].length ?? 0;
  }
  tokens.push({ kind: 'end', at });
  return tokens;
};
