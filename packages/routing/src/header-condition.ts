import type { HeaderMatcher } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { Findings } from './findings.ts';
import type { RequestHead } from './request-head.ts';
import {
  compilePlainMatch,
  compileRegexMatch,
  compileStringMatch,
  type StringMatch,
} from './string-match.ts';

/** A compiled `envoy.config.route.v3.HeaderMatcher`. */
export interface HeaderCondition {
  /** Lower-case; may be a pseudo header such as `:method`. */
  readonly name: string;
  /** For people: `header end-user exact jason`. */
  readonly text: string;
  holds(head: RequestHead): boolean;
  /** The same test on a value: a response header, for instance. */
  matches(value: string | undefined): boolean;
  /** The test on several lines, each alone: some of them passes, or none where the test is inverted. */
  matchesLines(values: readonly string[]): boolean;
}

type ValueTest = (value: string) => boolean;
/** Presence tests look at undefined; value tests never see it. */
type Test =
  | { readonly kind: 'presence'; readonly wanted: boolean }
  | { readonly kind: 'value'; readonly text: string; readonly matches: ValueTest };

/** Reads a header or a pseudo header. */
export const readHeader = (head: RequestHead, name: string): string | undefined => {
  if (name.charCodeAt(0) !== 58) return name === 'host' ? head.authority : head.header(name);
  if (name === ':method') return head.method;
  if (name === ':authority') return head.authority;
  if (name === ':path') return head.path;
  if (name === ':scheme') return head.scheme;
  return head.header(name);
};

const rangeTest = (start: bigint, end: bigint): Test => ({
  kind: 'value',
  text: `range [${start}, ${end})`,
  matches: (value) => {
    if (!/^[+-]?[0-9]{1,19}$/.test(value)) return false;
    const number = BigInt(value.replace(/^\+/, ''));
    return number >= start && number < end;
  },
});

const valueTest = (match: StringMatch): Test => ({
  kind: 'value',
  text: match.text,
  matches: match.matches,
});

const compileTest = (matcher: HeaderMatcher, findings: Findings, path: string): Test => {
  const specifier = matcher.headerMatchSpecifier;
  switch (specifier.case) {
    case 'stringMatch':
      return valueTest(compileStringMatch(specifier.value, findings, `${path}.string_match`));
    case 'safeRegexMatch':
      return valueTest(
        compileRegexMatch(specifier.value.regex, findings, `${path}.safe_regex_match.regex`),
      );
    case 'exactMatch':
      // Envoy: an empty exact match only asks for presence.
      return specifier.value === ''
        ? { kind: 'presence', wanted: true }
        : valueTest(compilePlainMatch('exact', specifier.value));
    case 'prefixMatch':
      return valueTest(compilePlainMatch('prefix', specifier.value));
    case 'suffixMatch':
      return valueTest(compilePlainMatch('suffix', specifier.value));
    case 'containsMatch':
      return valueTest(compilePlainMatch('contains', specifier.value));
    case 'rangeMatch':
      return rangeTest(specifier.value.start, specifier.value.end);
    case 'presentMatch':
      return { kind: 'presence', wanted: specifier.value };
    default:
      return { kind: 'presence', wanted: true };
  }
};

const describe = (matcher: HeaderMatcher, test: Test): string => {
  const inverted = matcher.invertMatch;
  const what =
    test.kind === 'presence'
      ? test.wanted !== inverted
        ? 'present'
        : 'absent'
      : `${inverted ? 'not ' : ''}${test.text}`;
  return `header ${matcher.name.toLowerCase()} ${what}`;
};

/**
 * A missing header fails a value test whether it is inverted or not, unless
 * `treat_missing_header_as_empty` says otherwise: Envoy's rule.
 */
const compileMatches = (
  test: Test,
  inverted: boolean,
  missingAsEmpty: boolean,
): ((value: string | undefined) => boolean) => {
  if (test.kind === 'presence') {
    const wanted = test.wanted !== inverted;
    if (missingAsEmpty) return () => wanted;
    return (value) => (value !== undefined) === wanted;
  }
  const { matches } = test;
  if (missingAsEmpty) return (value) => matches(value ?? '') !== inverted;
  return (value) => (value === undefined ? false : matches(value) !== inverted);
};

/** Compiles every form of header matcher, the deprecated ones included. */
export const compileHeaderCondition = (
  matcher: HeaderMatcher,
  findings: Findings,
  path: string,
): HeaderCondition => {
  if (matcher.name === '') findings.error(`${path}.name`, 'FieldRequired', 'must not be empty');
  const name = matcher.name.toLowerCase();
  const test = compileTest(matcher, findings, path);
  const matches = compileMatches(test, matcher.invertMatch, matcher.treatMissingHeaderAsEmpty);
  return {
    name,
    text: describe(matcher, test),
    matches,
    matchesLines: (values) =>
      test.kind === 'presence'
        ? matches(values[0])
        : values.some(test.matches) !== matcher.invertMatch,
    holds: (head) => matches(readHeader(head, name)),
  };
};
