import { withoutParameters } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import { isAuthority } from '../../http1/byte-class.ts';
import type { AuthorizationOutcome, HeaderChange } from './outcome.ts';

/** Framing is the proxy's: a service that could change it could smuggle requests. */
const untouchable: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'te',
  'transfer-encoding',
  'upgrade',
]);

const isToken = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
const isValue = (value: string): boolean => !/[\r\n\0]/.test(value);

const isUsable = ({ name, value }: HeaderChange): boolean =>
  isToken(name) && isValue(value) && !untouchable.has(name);

const applyHeader = (exchange: Exchange, change: HeaderChange): void => {
  const { name, value, append } = change;
  const { request } = exchange;
  if (name === ':path') {
    if (/^\/[\x21-\x7e]*$/.test(value)) exchange.path = value;
  } else if (name === ':authority' || name === 'host') {
    if (isAuthority(value)) request.set('host', value);
  } else if (isUsable(change)) {
    if (append) request.append(name, value);
    else request.set(name, value);
  }
};

const withParameters = (path: string, set: readonly (readonly [string, string])[]): string => {
  if (set.length === 0) return path;
  const kept = withoutParameters(
    path,
    set.map(([name]) => name),
  );
  const added = set
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return `${kept}${kept.includes('?') ? '&' : '?'}${added}`;
};

/** Changes a request as the service that allowed it says; whether anything was changed. */
export const changeRequest = (
  exchange: Exchange,
  outcome: Extract<AuthorizationOutcome, { kind: 'allowed' }>,
): boolean => {
  for (const name of outcome.removedHeaders) {
    // The host stays: without one a request is not a request.
    if (name !== 'host' && !untouchable.has(name)) exchange.request.remove(name);
  }
  for (const change of outcome.requestHeaders) applyHeader(exchange, change);
  for (const change of outcome.responseHeaders) {
    if (isUsable(change)) exchange.addResponseHeader(change.name, change.value);
  }
  const { setParameters, removedParameters } = outcome;
  exchange.path = withParameters(
    withoutParameters(exchange.path, removedParameters),
    setParameters,
  );
  return (
    outcome.removedHeaders.length > 0 ||
    outcome.requestHeaders.length > 0 ||
    setParameters.length > 0 ||
    removedParameters.length > 0
  );
};

/** Headers of a refusal as they may be sent. */
export const refusalHeaders = (
  headers: readonly HeaderChange[],
): readonly (readonly [string, string])[] =>
  headers.filter(isUsable).map(({ name, value }) => [name, value] as const);
