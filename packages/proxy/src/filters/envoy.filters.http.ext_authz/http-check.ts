import type { ExtAuthzSettings, HttpAuthorization, StringMatch } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { CallRequest, CallResult } from '../cluster-call.ts';
import { type AuthorizationOutcome, type HeaderChange, plainlyAllowed } from './outcome.ts';

/** Belong to one connection, or to the framing of one message: never copied from message to message. */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const matchesAny = (matchers: readonly StringMatch[], name: string): boolean =>
  matchers.some((match) => match.matches(name));

/** The body that goes along; `isPartial` when there is more. */
export interface SentBody {
  readonly bytes: Buffer;
  readonly isPartial: boolean;
}

const requestHeaders = (
  exchange: Exchange,
  settings: ExtAuthzSettings,
  service: HttpAuthorization,
): (readonly [string, string])[] => {
  const isSent = (name: string): boolean =>
    !framing.has(name) &&
    !matchesAny(settings.disallowedHeaders, name) &&
    (name === 'authorization' ||
      matchesAny(settings.allowedHeaders, name) ||
      matchesAny(service.allowedHeaders, name));
  return [...exchange.request.entries()].filter(([name]) => isSent(name));
};

/** The request about a request: same method, path behind the prefix, chosen headers. */
export const httpCheckRequest = (
  exchange: Exchange,
  settings: ExtAuthzSettings,
  service: HttpAuthorization,
  body: SentBody | undefined,
): Omit<CallRequest, 'dice'> => {
  const added = service.headersToAdd.map(({ name, value }) => [name, value] as const);
  const names = new Set(added.map(([name]) => name));
  const copied = requestHeaders(exchange, settings, service).filter(([name]) => !names.has(name));
  const partial =
    body === undefined ? [] : [['x-envoy-auth-partial-body', String(body.isPartial)] as const];
  const path = exchange.path === '' ? '/' : exchange.path;
  return {
    // A tunnel is not opened to the service: it is asked about one.
    method: exchange.method === 'CONNECT' ? 'GET' : exchange.method,
    path: `${service.pathPrefix}${path}`,
    authority: exchange.authority,
    headers: [...copied, ...added, ...partial],
    body: body?.bytes ?? Buffer.alloc(0),
    timeoutMs: service.timeoutMs,
  };
};

/** Headers of a refusal that go to the client in any case once a list is given. */
const alwaysToClient: ReadonlySet<string> = new Set(['location', 'www-authenticate']);

/** Of the service's own message: the proxy writes its own. */
const ownOfMessage: ReadonlySet<string> = new Set([
  'date',
  'server',
  'x-envoy-upstream-service-time',
]);

const changes = (
  headers: readonly (readonly [string, string])[],
  isTaken: (name: string) => boolean,
  append: boolean,
): readonly HeaderChange[] =>
  headers
    .filter(([name]) => !framing.has(name) && !ownOfMessage.has(name) && isTaken(name))
    .map(([name, value]) => ({ name, value, append }));

const metadataOf = (
  headers: readonly (readonly [string, string])[],
  matchers: readonly StringMatch[],
): Readonly<Record<string, unknown>> | undefined => {
  const found = headers.filter(([name]) => matchesAny(matchers, name));
  return found.length === 0 ? undefined : Object.fromEntries(found);
};

/** Headers that a service wants off the request. */
const removalHeader = 'x-envoy-auth-headers-to-remove';

const allowed = (
  headers: readonly (readonly [string, string])[],
  service: HttpAuthorization,
): AuthorizationOutcome => ({
  ...plainlyAllowed,
  requestHeaders: [
    ...changes(headers, (name) => matchesAny(service.allowedUpstreamHeaders, name), false),
    ...changes(headers, (name) => matchesAny(service.allowedUpstreamHeadersToAppend, name), true),
  ],
  removedHeaders: headers
    .filter(([name]) => name === removalHeader)
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((name) => name.trim())
    .filter((name) => name !== ''),
  responseHeaders: changes(
    headers,
    (name) => matchesAny(service.allowedClientHeadersOnSuccess, name),
    true,
  ),
  metadata: metadataOf(headers, service.dynamicMetadataFromHeaders),
});

/** What an answer means: 200 allows, 5xx is no answer, anything else is the refusal itself. */
export const httpOutcome = (
  result: CallResult,
  service: HttpAuthorization,
): AuthorizationOutcome => {
  if ('failure' in result) return { kind: 'error', reason: result.failure };
  const { status, headers, body } = result;
  if (status >= 500) return { kind: 'error', reason: `answered ${status}` };
  if (status === 200) return allowed(headers, service);
  const { allowedClientHeaders } = service;
  const isTaken = (name: string): boolean =>
    allowedClientHeaders.length === 0 ||
    alwaysToClient.has(name) ||
    matchesAny(allowedClientHeaders, name);
  return {
    kind: 'denied',
    status,
    headers: changes(headers, isTaken, true),
    body: body.toString('latin1'),
    metadata: undefined,
  };
};
