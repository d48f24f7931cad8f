import { create } from '@bufbuild/protobuf';
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
  type Route,
  type RouteMatch,
  RouteMatchSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import { isPresence, regexMatcher, stringMatcher } from '../envoy/string-matcher.ts';
import type { StringMatch } from '../input/string-match.ts';
import type { HttpMatch } from '../input/virtual-service.ts';
import { claimMatchers, isClaimKey } from './claim-match.ts';

type Fields = MessageFields<typeof RouteMatchSchema>;

const headerMatcher = (name: string, match: StringMatch): HeaderMatcher =>
  create(HeaderMatcherSchema, {
    name,
    headerMatchSpecifier: isPresence(match)
      ? { case: 'presentMatch', value: true }
      : { case: 'stringMatch', value: stringMatcher(match) },
  });

/** A missing header satisfies the negation, except of presence. */
const withoutHeaderMatcher = (name: string, match: StringMatch): HeaderMatcher =>
  create(HeaderMatcherSchema, {
    ...headerMatcher(name, match),
    invertMatch: true,
    treatMissingHeaderAsEmpty: !isPresence(match),
  });

const queryMatcher = (name: string, match: StringMatch): QueryParameterMatcher =>
  create(QueryParameterMatcherSchema, {
    name,
    queryParameterMatchSpecifier: isPresence(match)
      ? { case: 'presentMatch', value: true }
      : { case: 'stringMatch', value: stringMatcher(match) },
  });

const pathSpecifier = (uri: StringMatch | undefined): NonNullable<Fields['pathSpecifier']> => {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact };
  if (uri?.prefix !== undefined) return { case: 'prefix', value: uri.prefix };
  if (uri?.regex !== undefined && uri.regex !== '*') {
    return { case: 'safeRegex', value: regexMatcher(uri.regex) };
  }
  return { case: 'prefix', value: '/' };
};

/** Entries in the order of their names: the same conditions give the same bytes. */
const sorted = <T>(entries: ReadonlyMap<string, T>): [string, T][] =>
  [...entries].sort(([left], [right]) => (left < right ? -1 : Number(left > right)));

/** Conditions on a pseudo header; a presence match on one always holds. */
const pseudoHeader = (name: string, match: StringMatch | undefined): HeaderMatcher[] =>
  match === undefined ? [] : [headerMatcher(name, match)];

/** One entry of `match`; undefined takes every request. */
export const routeMatch = (match: HttpMatch | undefined): RouteMatch => {
  if (match === undefined) {
    return create(RouteMatchSchema, { pathSpecifier: { case: 'prefix', value: '/' } });
  }
  const headers = sorted(match.headers);
  return create(RouteMatchSchema, {
    pathSpecifier: pathSpecifier(match.uri),
    caseSensitive: match.ignoreUriCase !== true,
    headers: [
      ...headers
        .filter(([name]) => !isClaimKey(name))
        .map(([name, value]) => headerMatcher(name.toLowerCase(), value)),
      ...sorted(match.withoutHeaders)
        .filter(([name]) => !isClaimKey(name))
        .map(([name, value]) => withoutHeaderMatcher(name.toLowerCase(), value)),
      ...pseudoHeader(':method', match.method),
      ...pseudoHeader(':authority', match.authority),
      ...pseudoHeader(':scheme', match.scheme),
    ],
    queryParameters: sorted(match.queryParams).map(([name, value]) => queryMatcher(name, value)),
    dynamicMetadata: claimMatchers(headers, sorted(match.withoutHeaders)),
  });
};

/** Nothing gets past this route, so nothing after it is worth keeping. */
export const isCatchAll = ({ match }: Route): boolean => {
  if (match === undefined) return false;
  const { pathSpecifier, headers, queryParameters, dynamicMetadata } = match;
  if (headers.length + queryParameters.length + dynamicMetadata.length > 0) return false;
  if (pathSpecifier.case === 'prefix') return pathSpecifier.value === '/';
  return pathSpecifier.case === 'safeRegex' && pathSpecifier.value.regex === '.*';
};
