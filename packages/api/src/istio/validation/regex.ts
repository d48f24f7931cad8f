import type { StringMatch } from '../string-match.ts';
import { type Findings, forEachItem, invalid, type ValidationContext } from './finding.ts';

const unsupported: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, 'lookaround is not part of RE2'],
  [/\(\?>/, 'atomic groups are not part of RE2'],
  [/\\[1-9]/, 'back references are not part of RE2'],
];

/** One letter for what is quoted, escaped or a character class, so that brackets can be counted. */
const skeleton = (pattern: string): string =>
  pattern
    .replace(/\\Q.*?(?:\\E|$)/gs, 'x')
    .replace(/\\./gs, 'x')
    .replace(/\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]/g, 'x');

const balanced = (text: string): boolean => {
  let depth = 0;
  for (const one of text) {
    if (one === '(') depth++;
    if (one === ')' && --depth < 0) return false;
  }
  return depth === 0;
};

/**
 * What is plainly wrong with an RE2 pattern: a light check for places without an RE2 engine. It may miss
 * errors and never refuses what RE2 takes.
 */
export const lightRegexProblem = (pattern: string): string | undefined => {
  const outside = skeleton(pattern);
  if (outside.includes('[')) return 'missing closing ]';
  if (!balanced(outside)) return 'unbalanced parentheses';
  if (/^[*+?]|\([*+]|\|[*+?]/.test(outside)) return 'nothing to repeat before *, + or ?';
  return unsupported.find(([sign]) => sign.test(pattern.replace(/\\\\/g, '')))?.[1];
};

/** An RE2 pattern, by the judgement of the context. */
export const checkRegex = (
  pattern: string | undefined,
  path: string,
  { regexProblem }: ValidationContext,
): Findings => {
  if (pattern === undefined) return [];
  const problem = regexProblem(pattern);
  return problem === undefined
    ? []
    : [invalid(path, `"${pattern}" is not a valid RE2 regular expression: ${problem}`)];
};

/** A match of a value that is always there (path, method, origin): a prefix must not be empty. */
export const checkStringMatch = (
  match: StringMatch | undefined,
  path: string,
  context: ValidationContext,
): Findings =>
  match === undefined
    ? []
    : [
        ...(match.prefix === ''
          ? [invalid(`${path}.prefix`, 'a prefix must not be empty; leave the match out instead')]
          : []),
        ...checkRegex(match.regex, `${path}.regex`, context),
      ];

/** A match of a header or query parameter, where regex `*` means "present". */
export const checkPresenceMatch = (
  match: StringMatch,
  path: string,
  context: ValidationContext,
): Findings => (match.regex === '*' ? [] : checkStringMatch(match, path, context));

/** `checkStringMatch` for each of a list. */
export const checkStringMatches = (
  matches: readonly StringMatch[] | undefined,
  path: string,
  context: ValidationContext,
): Findings => forEachItem(matches, path, (match, at) => checkStringMatch(match, at, context));
