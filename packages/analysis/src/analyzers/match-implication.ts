import type { HttpMatch, StringMatch } from '@lateen/api';

/**
 * Whether every request that passes `inner` passes `outer`. Sound, not complete: regular expressions are
 * compared as text, apart from those that match anything.
 */
export const stringImplies = (
  inner: StringMatch | undefined,
  outer: StringMatch | undefined,
): boolean => {
  if (outer === undefined) return true;
  if (inner === undefined) return isAnything(outer);
  if (isAnything(outer)) return true;
  if (outer.exact !== undefined) return inner.exact === outer.exact;
  if (outer.prefix !== undefined) {
    const start = inner.exact ?? inner.prefix;
    return start?.startsWith(outer.prefix) === true;
  }
  return inner.regex === outer.regex;
};

/** A condition that holds for any value, given there is one. */
const isAnything = ({ exact, prefix, regex }: StringMatch): boolean =>
  exact === undefined && (prefix === '' || regex === '.*' || regex === '*');

/** No member set, or the special regex: "present". */
const isPresence = ({ exact, prefix, regex }: StringMatch): boolean =>
  exact === undefined && prefix === undefined && (regex === undefined || regex === '*');

type Conditions = Readonly<Record<string, StringMatch>> | undefined;

const conditionOn = (conditions: Conditions, key: string): StringMatch | undefined =>
  conditions !== undefined && Object.hasOwn(conditions, key) ? conditions[key] : undefined;

/** Each condition of `outer` follows from one of `inner` about the same header or parameter. */
const conditionsImply = (inner: Conditions, outer: Conditions): boolean =>
  Object.entries(outer ?? {}).every(([key, wanted]) => {
    const found = conditionOn(inner, key);
    return found !== undefined && (isPresence(wanted) || stringImplies(found, wanted));
  });

const sameMatch = (a: StringMatch, b: StringMatch): boolean =>
  a.exact === b.exact && a.prefix === b.prefix && a.regex === b.regex;

/** A negated condition follows from the same one, or from a wider one. */
const negationsImply = (inner: Conditions, outer: Conditions): boolean =>
  Object.entries(outer ?? {}).every(([key, refused]) => {
    const found = conditionOn(inner, key);
    if (found === undefined) return false;
    return sameMatch(found, refused) || (!isPresence(found) && stringImplies(refused, found));
  });

const lower = (match: StringMatch | undefined): StringMatch | undefined => {
  if (match?.exact !== undefined) return { exact: match.exact.toLowerCase() };
  return match?.prefix === undefined ? match : { prefix: match.prefix.toLowerCase() };
};

/** A prefix of `/` takes every path there is. */
const isEveryPath = (uri: StringMatch | undefined): boolean =>
  uri === undefined || uri.prefix === '/' || uri.regex === '/.*' || isAnything(uri);

const uriImplies = (inner: HttpMatch, outer: HttpMatch): boolean => {
  if (isEveryPath(outer.uri)) return true;
  if (outer.ignoreUriCase === true) return stringImplies(lower(inner.uri), lower(outer.uri));
  return inner.ignoreUriCase !== true && stringImplies(inner.uri, outer.uri);
};

/** Labels, ports and gateways are chosen when configuration is made: they must be at least as wide. */
const placeImplies = (inner: HttpMatch, outer: HttpMatch): boolean => {
  const { port, sourceNamespace, sourceLabels = {}, gateways } = outer;
  if (port !== undefined && port !== inner.port) return false;
  if (sourceNamespace !== undefined && sourceNamespace !== inner.sourceNamespace) return false;
  if (!Object.entries(sourceLabels).every(([key, value]) => inner.sourceLabels?.[key] === value))
    return false;
  return gateways === undefined || inner.gateways?.every((one) => gateways.includes(one)) === true;
};

/**
 * Whether `outer`, tried first, takes every request that `inner` would. `gateways` are compared as they are:
 * a match without any holds everywhere.
 */
export const matchImplies = (inner: HttpMatch, outer: HttpMatch): boolean =>
  placeImplies(inner, outer) &&
  uriImplies(inner, outer) &&
  (['scheme', 'method', 'authority'] as const).every((field) =>
    stringImplies(inner[field], outer[field]),
  ) &&
  conditionsImply(inner.headers, outer.headers) &&
  conditionsImply(inner.queryParams, outer.queryParams) &&
  negationsImply(inner.withoutHeaders, outer.withoutHeaders);
