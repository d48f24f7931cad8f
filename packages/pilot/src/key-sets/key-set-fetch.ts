import http from 'node:http';
import https from 'node:https';
import type { KeySetLocation } from '@lateen/translator';
import { PilotError } from '../pilot-error.ts';
import { type HostLookupOptions, hostLookup, isBlockedHost } from './host-lookup.ts';
import { type FetchedKeySet, keyIdsOf, keySetUrlOf } from './key-set.ts';

/** Issuers have a handful of keys; a larger answer is none, and every proxy would have to hold it. */
const maxBodyBytes = 1024 * 1024;
const maxRedirects = 5;
/** However long a policy allows: a fetch holds a socket and a place among the concurrent ones. */
const maxFetchMs = 60_000;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface KeySetFetchOptions extends HostLookupOptions {
  /** Roots besides the system's for HTTPS, PEM. */
  readonly roots?: string;
}

/** Fetches the key set of a location. Rejects with `key-set-unavailable`, or when the signal fires. */
export type KeySetFetch = (location: KeySetLocation, signal: AbortSignal) => Promise<FetchedKeySet>;

const unavailable = (message: string, cause?: unknown): PilotError =>
  new PilotError('key-set-unavailable', message, { cause });

/** A URL for logs and pages: its user and query may be secrets. */
export const shownUrl = (text: string): string => {
  if (!URL.canParse(text)) return 'an invalid URL';
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`;
};

const parseUrl = (text: string, base?: URL): URL => {
  if (!URL.canParse(text, base?.href)) throw unavailable('the URL is invalid');
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw unavailable(`${url.protocol} is not fetched: http and https only`);
  if (base?.protocol === 'https:' && url.protocol === 'http:')
    throw unavailable('a redirect leads from https to http');
  return url;
};

const readBody = async (response: http.IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBodyBytes) throw unavailable(`the answer is longer than ${maxBodyBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** One request, without user, cookies or anything else that says who asks. */
const request = (
  url: URL,
  signal: AbortSignal,
  { roots, ...lookup }: KeySetFetchOptions,
): Promise<http.IncomingMessage> => {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const isSecure = url.protocol === 'https:';
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const options: https.RequestOptions = {
    agent: false,
    signal,
    headers: { accept: 'application/json', 'user-agent': 'lateen-istiod' },
    lookup: hostLookup(lookup),
    ...(isSecure && roots !== undefined && { ca: roots }),
  };
  const outgoing = (isSecure ? https : http).get(bare, options, resolve);
  outgoing.on('error', reject);
  return promise;
};

const fetchText = async (
  text: string,
  signal: AbortSignal,
  options: KeySetFetchOptions,
): Promise<string> => {
  let url = parseUrl(text);
  for (let followed = 0; followed <= maxRedirects; followed += 1) {
    if (isBlockedHost(url.hostname, options))
      throw unavailable(`${url.hostname} is blocked by BLOCKED_CIDRS_IN_JWKS_URIS`);
    const response = await request(url, signal, options);
    const { statusCode = 0, headers } = response;
    if (redirects.has(statusCode) && headers.location !== undefined) {
      response.destroy();
      url = parseUrl(headers.location, url);
      continue;
    }
    if (statusCode >= 200 && statusCode < 300) return readBody(response);
    response.destroy();
    throw unavailable(`${shownUrl(url.href)} answers with status ${statusCode}`);
  }
  throw unavailable(`more than ${maxRedirects} redirects`);
};

const keySetOf = (text: string, url: string): FetchedKeySet => {
  const keyIds = keyIdsOf(text);
  if (keyIds === undefined) throw unavailable(`${shownUrl(url)} answers with no JSON Web Key Set`);
  return { text, url, keyIds };
};

const fetchKeySet = async (
  { url, kind }: KeySetLocation,
  signal: AbortSignal,
  options: KeySetFetchOptions,
): Promise<FetchedKeySet> => {
  const first = await fetchText(url, signal, options);
  if (kind === 'key-set') return keySetOf(first, url);
  const found = keySetUrlOf(first);
  if (found === undefined) throw unavailable('the discovery document has no jwks_uri');
  return keySetOf(await fetchText(found, signal, options), found);
};

/** Over the network: bounded in time, size and redirects. */
export const createKeySetFetch =
  (options: KeySetFetchOptions = {}): KeySetFetch =>
  async (location, signal) => {
    const { timeoutMs } = location;
    const deadline = AbortSignal.timeout(Math.min(timeoutMs, maxFetchMs));
    try {
      return await fetchKeySet(location, AbortSignal.any([signal, deadline]), options);
    } catch (error) {
      if (error instanceof PilotError) throw error;
      if (deadline.aborted) throw unavailable(`no answer in ${timeoutMs} ms`, error);
      throw unavailable(error instanceof Error ? error.message : String(error), error);
    }
  };
