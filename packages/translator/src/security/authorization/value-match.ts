import { create } from '@bufbuild/protobuf';
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type StringMatcher,
  StringMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import { regexMatcher } from '../../envoy/string-matcher.ts';

type Pattern = StringMatcher['matchPattern'];

/** A literal inside an RE2 expression. */
export const quoteRegex = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

/** RE2 over the whole value. */
export const regexMatch = (regex: string): StringMatcher =>
  create(StringMatcherSchema, {
    matchPattern: { case: 'safeRegex', value: regexMatcher(regex) },
  });

const literal = (
  kind: 'exact' | 'prefix' | 'suffix',
  value: string,
  ignoreCase: boolean,
): StringMatcher => {
  const matchPattern: Pattern = { case: kind, value };
  return create(StringMatcherSchema, { matchPattern, ignoreCase });
};

/** The whole value, whatever characters it has. */
export const exactMatch = (value: string): StringMatcher => literal('exact', value, false);

/** What a value is compared with besides itself. */
interface ValueMatchOptions {
  /** In front of every value: `spiffe://` of principals. */
  readonly scheme?: string;
  /** Default false. */
  readonly ignoreCase?: boolean;
}

/** A value of a policy: exact, `prefix*`, `*suffix`, or `*` for anything that is not empty. */
export const valueMatch = (
  value: string,
  { scheme = '', ignoreCase = false }: ValueMatchOptions = {},
): StringMatcher => {
  if (value === '*') return regexMatch('.+');
  if (value.startsWith('*')) {
    const suffix = value.slice(1);
    return scheme === ''
      ? literal('suffix', suffix, ignoreCase)
      : regexMatch(`${scheme}.*${quoteRegex(suffix)}`);
  }
  return value.endsWith('*')
    ? literal('prefix', `${scheme}${value.slice(0, -1)}`, ignoreCase)
    : literal('exact', `${scheme}${value}`, ignoreCase);
};

/** The same for a header; `*` is its presence. */
export const headerMatch = (
  name: string,
  value: string,
  options?: ValueMatchOptions,
): HeaderMatcher =>
  create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier:
      value === '*'
        ? { case: 'presentMatch', value: true }
        : { case: 'stringMatch', value: valueMatch(value, options) },
  });
