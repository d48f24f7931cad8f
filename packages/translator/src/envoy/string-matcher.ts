import { create } from '@bufbuild/protobuf';
import {
  type RegexMatcher,
  RegexMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/regex_pb.js';
import {
  type StringMatcher,
  StringMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import type { StringMatch } from '../input/string-match.ts';

/** RE2, matched against the whole value. */
export const regexMatcher = (regex: string): RegexMatcher => create(RegexMatcherSchema, { regex });

/** No condition on the value, or the special `regex: "*"`: presence is enough. */
export const isPresence = (match: StringMatch): boolean =>
  (match.exact === undefined && match.prefix === undefined && match.regex === undefined) ||
  match.regex === '*';

/** An empty match is the regex that takes anything. */
export const stringMatcher = ({ exact, prefix, regex }: StringMatch): StringMatcher => {
  if (exact !== undefined) {
    return create(StringMatcherSchema, { matchPattern: { case: 'exact', value: exact } });
  }
  if (prefix !== undefined) {
    return create(StringMatcherSchema, { matchPattern: { case: 'prefix', value: prefix } });
  }
  return create(StringMatcherSchema, {
    matchPattern: { case: 'safeRegex', value: regexMatcher(regex ?? '.*') },
  });
};
