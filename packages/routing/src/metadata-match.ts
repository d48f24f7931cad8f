import type { MetadataMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { DoubleMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/number_pb.js';
import type { ValueMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/value_pb.js';
import type { Findings } from './findings.ts';
import { compileStringMatch } from './string-match.ts';

/** A compiled `envoy.type.matcher.v3.MetadataMatcher`. */
export interface MetadataMatch {
  readonly filter: string;
  readonly path: readonly string[];
  /** For people: `metadata istio_authn request.auth.claims exact admin`. */
  readonly text: string;
  matches(value: unknown): boolean;
}

interface ValueMatch {
  readonly text: string;
  matches(value: unknown): boolean;
}

const compileDouble = (matcher: DoubleMatcher): ValueMatch => {
  const { case: kind, value } = matcher.matchPattern;
  if (kind === 'exact') return { text: `exact ${value}`, matches: (seen) => seen === value };
  if (kind !== 'range') return { text: 'never', matches: () => false };
  return {
    text: `range [${value.start}, ${value.end})`,
    matches: (seen) => typeof seen === 'number' && seen >= value.start && seen < value.end,
  };
};

const present = (wanted: boolean): ValueMatch => ({
  text: wanted ? 'present' : 'absent',
  matches: (value) => (value !== undefined) === wanted,
});

const compileText = (
  matcher: Parameters<typeof compileStringMatch>[0],
  findings: Findings,
  path: string,
): ValueMatch => {
  const match = compileStringMatch(matcher, findings, path);
  return {
    text: match.text,
    matches: (value) => typeof value === 'string' && match.matches(value),
  };
};

const compileAlternatives = (
  matchers: readonly ValueMatcher[],
  findings: Findings,
  path: string,
): ValueMatch => {
  const any = matchers.map((m, i) => compileValue(m, findings, `${path}.value_matchers[${i}]`));
  return {
    text: any.map(({ text }) => text).join(' or '),
    matches: (value) => any.some((match) => match.matches(value)),
  };
};

function compileValue(matcher: ValueMatcher, findings: Findings, path: string): ValueMatch {
  const pattern = matcher.matchPattern;
  switch (pattern.case) {
    case 'nullMatch':
      return { text: 'null', matches: (value) => value === null };
    case 'boolMatch':
      return { text: `exact ${pattern.value}`, matches: (value) => value === pattern.value };
    case 'presentMatch':
      return present(pattern.value);
    case 'doubleMatch':
      return compileDouble(pattern.value);
    case 'stringMatch':
      return compileText(pattern.value, findings, `${path}.string_match`);
    case 'orMatch':
      return compileAlternatives(pattern.value.valueMatchers, findings, `${path}.or_match`);
    case 'listMatch': {
      const { case: kind, value: one } = pattern.value.matchPattern;
      if (kind !== 'oneOf') return { text: 'never', matches: () => false };
      const match = compileValue(one, findings, `${path}.list_match.one_of`);
      const matches = (value: unknown): boolean =>
        Array.isArray(value) && value.some(match.matches);
      return { text: `any ${match.text}`, matches };
    }
    default:
      findings.error(path, 'FieldRequired', 'a value matcher needs a pattern');
      return { text: 'never', matches: () => false };
  }
}

/** Compiles a matcher over dynamic metadata. */
export const compileMetadataMatch = (
  matcher: MetadataMatcher,
  findings: Findings,
  path: string,
): MetadataMatch => {
  const keys = matcher.path.map(({ segment }) => segment.value ?? '');
  const value =
    matcher.value === undefined
      ? present(true)
      : compileValue(matcher.value, findings, `${path}.value`);
  const { invert } = matcher;
  return {
    filter: matcher.filter,
    path: keys,
    text: `metadata ${matcher.filter} ${keys.join('.')} ${invert ? 'not ' : ''}${value.text}`,
    matches: (seen) => value.matches(seen) !== invert,
  };
};
