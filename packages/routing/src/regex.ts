import { RE2JS } from 're2js';
import { affixPattern } from './affix-pattern.ts';
import type { Findings } from './findings.ts';
import { translateToNative } from './regex-translation.ts';

/** A compiled RE2 expression: linear time in the length of the value. */
export interface Regex {
  readonly source: string;
  /** Full match, as Envoy matches paths and headers. */
  matches(value: string): boolean;
  /** Every match, anywhere in the value, replaced (`RegexMatchAndSubstitute`). */
  replaceAll(value: string, substitution: Substitution): string;
}

/** A parsed substitution: literal text and group numbers (`\0` to `\9`). */
export type Substitution = readonly (string | number)[];

/**
 * Bound on the compiled program, in instructions: as long as RE2 itself takes by default, and far
 * above what people write; keeps a hostile `(a{500}){500}` from eating memory.
 */
const maxProgramSize = 10_000;
/** Bound on the text of an expression, in characters; compile time grows with it. */
const maxSourceLength = 10_000;

const compileRe2 = (source: string): RE2JS | string => {
  if (source.length > maxSourceLength) return `longer than ${maxSourceLength} characters`;
  try {
    const compiled = RE2JS.compile(source);
    const size = compiled.programSize();
    return size > maxProgramSize ? `program of ${size} instructions is too large` : compiled;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Why RE2 would refuse an expression; undefined for one that compiles. For validation before it gets here. */
export const regexProblem = (source: string): string | undefined => {
  const compiled = compileRe2(source);
  return typeof compiled === 'string' ? compiled : undefined;
};

const replaceAll = (re2: RE2JS, value: string, substitution: Substitution): string => {
  const matcher = re2.matcher(value);
  let result = '';
  let from = 0;
  while (matcher.find()) {
    result += value.slice(from, matcher.start());
    for (const piece of substitution) {
      result += typeof piece === 'string' ? piece : (matcher.group(piece) ?? '');
    }
    from = matcher.end();
  }
  return result + value.slice(from);
};

const nativeMatch = (source: string): ((value: string) => boolean) | undefined => {
  const native = translateToNative(source);
  return native && ((value) => native.test(value));
};

/**
 * Compiles with RE2 semantics; an invalid expression is an error at `path` and gives undefined.
 * The native engine takes over where it provably stays linear and means the same.
 */
export const compileRegex = (
  source: string,
  findings: Findings,
  path: string,
): Regex | undefined => {
  const re2 = compileRe2(source);
  if (typeof re2 === 'string') {
    findings.error(path, 'RegexInvalid', `'${source}' is not a valid RE2 expression: ${re2}`);
    return undefined;
  }
  return {
    source,
    matches: affixPattern(source) ?? nativeMatch(source) ?? ((value) => re2.testExact(value)),
    replaceAll: (value, substitution) => replaceAll(re2, value, substitution),
  };
};

/** Parses `\1` and `\\`; any other escape, or a group the expression lacks, is an error at `path`. */
export const parseSubstitution = (
  text: string,
  regex: Regex,
  findings: Findings,
  path: string,
): Substitution => {
  const groups = RE2JS.compile(regex.source).groupCount();
  const pieces: (string | number)[] = [];
  for (const part of text.match(/\\.?|[^\\]+/gs) ?? []) {
    const digit = /^\\([0-9])$/.exec(part)?.[1];
    if (!part.startsWith('\\')) pieces.push(part);
    else if (part === '\\\\') pieces.push('\\');
    else if (digit !== undefined && Number(digit) <= groups) pieces.push(Number(digit));
    else {
      const message = `'${part}' is not a group of '${regex.source}', which has ${groups}`;
      findings.error(path, 'SubstitutionInvalid', message);
    }
  }
  return pieces;
};
