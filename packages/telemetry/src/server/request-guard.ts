import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, problem } from './answer.ts';

/** Who may do what. */
export interface AccessPolicy {
  /** Names besides loopback's under which this server is called; ports do not matter. Read for each request. */
  readonly allowedHosts: () => ReadonlySet<string>;
  /** Bearer token that lets others than loopback write. Absent: nobody else may. */
  readonly token?: string;
  /** Refuse all changes without the token, on loopback too. */
  readonly isReadOnly: boolean;
}

/** What a guard looks at. */
export interface GuardedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Address of the client's end of the connection. */
  readonly remoteAddress: string;
}

/** A request let through, or the answer that refuses it. */
export type Verdict =
  | { readonly refusal: Answer }
  | { readonly refusal: undefined; readonly canWrite: boolean; readonly readOnlyReason: string };

/** Requests that do more than read carry it: a page of another site cannot send it without asking first. */
const requestHeader = 'x-lateen-request';
/** Set by the relay in a pod: the client is not the one that connects. */
export const relayedHeader = 'x-lateen-relayed';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

const ipv4Loopback = /^127(?:\.\d{1,3}){3}$/;

const isLoopbackAddress = (address: string): boolean =>
  address === '::1' || ipv4Loopback.test(address.replace(/^::ffff:/, ''));

/** A name that no DNS server can make point elsewhere, or an address of loopback. */
const isLoopbackName = (name: string): boolean =>
  name === 'localhost' ||
  name.endsWith('.localhost') ||
  name === '[::1]' ||
  ipv4Loopback.test(name);

/** Name of a Host header or an origin's authority without its port; '' when it is none. */
const hostName = (authority: string): string =>
  /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(authority)?.[1]?.toLowerCase() ?? '';

/**
 * The Host must be ours: a page whose name was made to point here (DNS rebinding) still says its own name.
 */
const hostProblem = (headers: IncomingHttpHeaders, policy: AccessPolicy): Answer | undefined => {
  const name = hostName(headers.host ?? '');
  if (isLoopbackName(name) || policy.allowedHosts().has(name)) return undefined;
  const shown = name === '' ? 'this Host header' : `"${name}"`;
  return problem(
    'forbidden',
    `${shown} is not a name of this server: use http://127.0.0.1, or allow the name with --allow-host`,
  );
};

/** Whether a browser says that the page is another site's. Clients that are no browsers say nothing. */
const isCrossSite = (headers: IncomingHttpHeaders): boolean => {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  const authority = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  return authority?.toLowerCase() !== headers.host?.toLowerCase();
};

const unsafeProblem = ({ method, headers }: GuardedRequest): Answer | undefined => {
  if (isCrossSite(headers)) {
    return problem('forbidden', 'a page of another site cannot do this');
  }
  if (headers[requestHeader] === undefined) {
    return problem('forbidden', `the header "${requestHeader}: 1" is missing`);
  }
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if ((hasBody || method !== 'DELETE') && type !== 'application/json') {
    return problem('unsupported-media-type', 'the body must be application/json');
  }
  return undefined;
};

/** Other sites may link to a page; they may not load anything of ours into theirs. */
const embeddingProblem = (headers: IncomingHttpHeaders): Answer | undefined =>
  headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate'
    ? problem('forbidden', 'a page of another site cannot read this')
    : undefined;

const tokenMatches = (sent: string, token: string): boolean => {
  const left = Buffer.from(sent);
  const right = Buffer.from(token);
  return left.length === right.length && timingSafeEqual(left, right);
};

/** What the client's token says: absent, right, or wrong. */
const tokenState = (
  { authorization }: IncomingHttpHeaders,
  token: string | undefined,
): 'absent' | 'right' | 'wrong' => {
  const sent = /^bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (sent === undefined) return 'absent';
  return token !== undefined && tokenMatches(sent, token) ? 'right' : 'wrong';
};

const reasonNotToWrite = (
  { headers, remoteAddress }: GuardedRequest,
  { isReadOnly, token }: AccessPolicy,
): string => {
  const hint = token === undefined ? '' : ': send the bearer token';
  if (isReadOnly) return `this server is read-only${hint}`;
  const isNear =
    isLoopbackAddress(remoteAddress) &&
    isLoopbackName(hostName(headers.host ?? '')) &&
    headers[relayedHeader] === undefined;
  return isNear ? '' : `changes are possible on http://127.0.0.1 only${hint}`;
};

/** Decides about a request before anything of it is looked at. */
export const guardRequest = (request: GuardedRequest, policy: AccessPolicy): Verdict => {
  const host = hostProblem(request.headers, policy);
  if (host !== undefined) return { refusal: host };
  const token = tokenState(request.headers, policy.token);
  if (token === 'wrong') return { refusal: problem('unauthorized', 'the bearer token is wrong') };
  const refusal = safeMethods.has(request.method)
    ? embeddingProblem(request.headers)
    : unsafeProblem(request);
  if (refusal !== undefined) return { refusal };
  const readOnlyReason = token === 'right' ? '' : reasonNotToWrite(request, policy);
  return { refusal: undefined, canWrite: readOnlyReason === '', readOnlyReason };
};
