import type { StringMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import type { Findings } from './findings.ts';
import { compileRegex } from './regex.ts';

/** A compiled `envoy.type.matcher.v3.StringMatcher`. */
export interface StringMatch {
  /** For people: `exact jason`, `prefix /api`, `regex a.*`. */
  readonly text: string;
  matches(value: string): boolean;
}

type Test = (value: string) => boolean;

const never: StringMatch = { text: 'never', matches: () => false };

/** `ignore_case` applies to everything but regular expressions, as in Envoy. */
const plainTest = (kind: string, pattern: string, ignoreCase: boolean): Test => {
  const wanted = ignoreCase ? pattern.toLowerCase() : pattern;
  const fold: (value: string) => string = ignoreCase ? (v) => v.toLowerCase() : (v) => v;
  if (kind === 'exact') return (value) => fold(value) === wanted;
  if (kind === 'prefix') return (value) => fold(value).startsWith(wanted);
  if (kind === 'suffix') return (value) => fold(value).endsWith(wanted);
  return (value) => fold(value).includes(wanted);
};

const plainMatch = (kind: string, pattern: string, ignoreCase: boolean): StringMatch => ({
  text: `${kind} ${pattern}${ignoreCase ? ' (any case)' : ''}`,
  matches: plainTest(kind, pattern, ignoreCase),
});

/** A full RE2 match, or one that never holds when the expression is invalid (reported at `path`). */
export const compileRegexMatch = (
  source: string,
  findings: Findings,
  path: string,
): StringMatch => {
  const regex = compileRegex(source, findings, path);
  if (regex === undefined) return never;
  return { text: `regex ${source}`, matches: (value) => regex.matches(value) };
};

/** Exact, prefix, suffix or contains, without a message: for the older fields of other matchers. */
export const compilePlainMatch = (
  kind: 'exact' | 'prefix' | 'suffix' | 'contains',
  pattern: string,
): StringMatch => plainMatch(kind, pattern, false);

/** Compiles every form; `custom` matchers are refused. */
export const compileStringMatch = (
  matcher: StringMatcher,
  findings: Findings,
  path: string,
): StringMatch => {
  const { matchPattern, ignoreCase } = matcher;
  switch (matchPattern.case) {
    case 'safeRegex':
      return compileRegexMatch(matchPattern.value.regex, findings, `${path}.safe_regex.regex`);
    case 'exact':
    case 'prefix':
    case 'suffix':
    case 'contains':
      return plainMatch(matchPattern.case, matchPattern.value, ignoreCase);
    default: {
      const what = matchPattern.case === 'custom' ? 'custom matchers are not known' : 'is empty';
      findings.error(path, 'StringMatchUnsupported', `string match ${what}`);
      return never;
    }
  }
};
