import { create } from '@bufbuild/protobuf';
import type { Principal } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import {
  type MetadataMatcher,
  MetadataMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { StringMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import {
  type ValueMatcher,
  ValueMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/value_pb.js';
import { principal, principals } from './algebra.ts';
import { exactMatch, regexMatch, valueMatch } from './value-match.ts';

/** The JWT filter, and the key under which it leaves the payload of a good token. */
export const jwtFilter = 'envoy.filters.http.jwt_authn';
/** Where the filter of tokens leaves the claims, in its metadata. */
export const jwtPayload = 'payload';

/** A value in what a filter left about the request. */
export const metadataMatch = (
  filter: string,
  path: readonly string[],
  value: ValueMatcher,
): MetadataMatcher =>
  create(MetadataMatcherSchema, {
    filter,
    path: path.map((key) => ({ segment: { case: 'key' as const, value: key } })),
    value,
  });

/** A string. */
export const textValue = (match: StringMatcher): ValueMatcher =>
  create(ValueMatcherSchema, { matchPattern: { case: 'stringMatch', value: match } });

/** A list that has it. */
export const listValue = (value: ValueMatcher): ValueMatcher =>
  create(ValueMatcherSchema, {
    matchPattern: {
      case: 'listMatch',
      value: { matchPattern: { case: 'oneOf', value } },
    },
  });

/** One or the other; of one there is no choice: Envoy refuses `or_match` with less than two. */
export const someValue = (valueMatchers: readonly ValueMatcher[]): ValueMatcher => {
  const [only] = valueMatchers;
  return valueMatchers.length === 1 && only !== undefined
    ? only
    : create(ValueMatcherSchema, {
        matchPattern: { case: 'orMatch', value: { valueMatchers: [...valueMatchers] } },
      });
};

const claimMatch = (claims: readonly string[], value: ValueMatcher): Principal =>
  principal({
    case: 'metadata',
    value: metadataMatch(jwtFilter, [jwtPayload, ...claims], value),
  });

/** A claim, nested or not, that is one of the values or a list that has one of them. */
export const claimTest = (claims: readonly string[], values: readonly string[]): Principal => {
  const some = someValue(values.map((value) => textValue(valueMatch(value))));
  return claimMatch(claims, someValue([listValue(some), some]));
};

/** `iss/sub` split at the last slash: the issuer may be a URL. A wildcard belongs to the part it is in. */
const splitPrincipal = (value: string): readonly [StringMatcher, StringMatcher] => {
  const anything = regexMatch('.+');
  if (value === '*') return [anything, anything];
  const slash = value.lastIndexOf('/');
  if (slash >= 0) {
    const [issuer, subject] = [value.slice(0, slash), value.slice(slash + 1)];
    // Only one end of the whole may have the wildcard: a star inside is a star.
    if (value.startsWith('*')) return [valueMatch(issuer), exactMatch(subject)];
    return [exactMatch(issuer), value.endsWith('*') ? valueMatch(subject) : exactMatch(subject)];
  }
  if (value.startsWith('*')) return [anything, valueMatch(value)];
  return value.endsWith('*') ? [valueMatch(value), anything] : [exactMatch(value), exactMatch('')];
};

/** A request principal: issuer and subject of a good token. */
export const requestPrincipalTest = (value: string): Principal => {
  const [issuer, subject] = splitPrincipal(value);
  return principals.and([
    claimMatch(['iss'], textValue(issuer)),
    claimMatch(['sub'], textValue(subject)),
  ]);
};
