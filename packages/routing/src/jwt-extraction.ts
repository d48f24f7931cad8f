import type { JwtLocation, JwtProviderSettings } from './jwt-settings.ts';
import type { RequestHead } from './request-head.ts';

/** A token as found, with where it was and which issuers may put theirs there. */
export interface FoundJwt {
  readonly text: string;
  readonly location: JwtLocation;
  isIssuerAllowed(issuer: string): boolean;
}

/** Percent-decodes what decodes, as Envoy does; the rest stays. */
const percentDecode = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );

const queryOf = (path: string): string => {
  const start = path.indexOf('?');
  if (start < 0) return '';
  const hash = path.indexOf('#', start);
  return path.slice(start + 1, hash < 0 ? path.length : hash);
};

const keyOf = (pair: string): string => {
  const equals = pair.indexOf('=');
  return percentDecode(equals < 0 ? pair : pair.slice(0, equals));
};

const parameter = (path: string, name: string): string | undefined => {
  const pair = queryOf(path)
    .split('&')
    .find((one) => one !== '' && keyOf(one) === name);
  if (pair === undefined) return undefined;
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : percentDecode(pair.slice(equals + 1));
};

/** A path without some query parameters; what is left stays as it was written. */
export const withoutParameters = (path: string, names: readonly string[]): string => {
  const query = queryOf(path);
  if (names.length === 0 || query === '') return path;
  const start = path.indexOf('?');
  const rest = path.slice(start + 1 + query.length);
  const kept = query.split('&').filter((pair) => !names.includes(keyOf(pair)));
  return path.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`) + rest;
};

const cookie = (head: RequestHead, name: string): string | undefined => {
  // Several lines were joined with a comma, which no cookie holds.
  for (const pair of (head.header('cookie') ?? '').split(/[;,]/)) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
};

const headerToken = (value: string, prefix: string): string | undefined => {
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = value.slice(at + prefix.length).replace(/^[^A-Za-z0-9\-_.]+/, '');
  return rest === '' ? value : rest;
};

const tokenAt = (head: RequestHead, location: JwtLocation): string | undefined => {
  if (location.kind === 'query') return parameter(head.path, location.name);
  if (location.kind === 'cookie') return cookie(head, location.name);
  const value = head.header(location.name);
  return value === undefined ? undefined : headerToken(value, location.prefix);
};

const locationKey = (location: JwtLocation): string =>
  `${location.kind} ${location.name} ${location.kind === 'header' ? location.prefix : ''}`;

interface Place {
  readonly location: JwtLocation;
  /** Who may put tokens there; '' stands for anybody. */
  readonly issuers: string[];
}

const placesOf = (providers: readonly JwtProviderSettings[]): Iterable<Place> => {
  const places = new Map<string, Place>();
  for (const { locations, issuer } of providers) {
    for (const location of locations) {
      const key = locationKey(location);
      const place = places.get(key) ?? { location, issuers: [] };
      place.issuers.push(issuer);
      places.set(key, place);
    }
  }
  return places.values();
};

const order = { header: 0, query: 1, cookie: 2 } as const;

/** Tokens of a request at the locations of these providers: headers first, then parameters, cookies. */
export const extractJwts = (
  providers: readonly JwtProviderSettings[],
  head: RequestHead,
): readonly FoundJwt[] =>
  [...placesOf(providers)]
    .toSorted((left, right) => order[left.location.kind] - order[right.location.kind])
    .flatMap(({ location, issuers }) => {
      const text = tokenAt(head, location);
      if (text === undefined) return [];
      const isIssuerAllowed = (issuer: string): boolean =>
        issuers.includes('') || issuers.includes(issuer);
      return [{ text, location, isIssuerAllowed }];
    });
