import { type HashPolicy, queryParameter } from '@lateen/routing';
import { combineHashes, type Hash64, hashHex, xxHash64 } from '../../cluster/xx-hash.ts';
import type { Exchange } from '../../http/exchange.ts';

/** A cookie's value, undefined when it is not sent. */
const cookieValue = (exchange: Exchange, name: string): string | undefined => {
  for (const pair of (exchange.header('cookie') ?? '').split(/[;,]/)) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, Math.max(equals, 0)).trim() === name) {
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
};

/** What a policy hashes; a cookie to set when the client has none yet. */
interface Hashed {
  readonly text: string | undefined;
  readonly cookie?: string;
}

/** As Envoy's `makeSetCookieValue`; lifetime 0 makes a session cookie. */
const setCookie = (
  source: Extract<HashPolicy['source'], { kind: 'cookie' }>,
  value: string,
): string => {
  const ageSeconds = Math.floor((source.ttlMs ?? 0) / 1000);
  const age = ageSeconds > 0 ? `; Max-Age=${ageSeconds}` : '';
  const path = source.path === '' ? '' : `; Path=${source.path}`;
  const attributes = (source.attributes ?? []).map(([name, text]) =>
    text === '' ? `; ${name}` : `; ${name}=${text}`,
  );
  return `${source.name}="${value}"${age}${path}${attributes.join('')}; HttpOnly`;
};

/**
 * A client without the cookie gets one when the policy has a lifetime. Its value comes from the
 * connection, so that requests that race on one connection all get the same.
 */
const hashCookie = (
  exchange: Exchange,
  source: Extract<HashPolicy['source'], { kind: 'cookie' }>,
): Hashed => {
  const value = cookieValue(exchange, source.name);
  if (value !== undefined || source.ttlMs === undefined) return { text: value };
  const { remoteLabel, localLabel } = exchange.connection;
  const made = hashHex(xxHash64(remoteLabel + localLabel));
  return { text: made, cookie: setCookie(source, made) };
};

const hashedText = (exchange: Exchange, { source }: HashPolicy): Hashed => {
  switch (source.kind) {
    case 'header':
      return { text: exchange.header(source.name) };
    case 'cookie':
      return hashCookie(exchange, source);
    case 'source-ip':
      return { text: exchange.connection.remote };
    case 'query':
      return { text: queryParameter(exchange.path, source.name) };
    default:
      return { text: undefined };
  }
};

/** Combines a route's hash policies as Envoy does: rotate and xor, until a terminal one hit. */
export const hashRequest = (
  exchange: Exchange,
  policies: readonly HashPolicy[],
): { readonly hash: Hash64 | undefined; readonly cookies: readonly string[] } => {
  let hash: Hash64 | undefined;
  const cookies: string[] = [];
  for (const policy of policies) {
    const { text, cookie } = hashedText(exchange, policy);
    if (cookie !== undefined) cookies.push(cookie);
    if (text !== undefined) hash = combineHashes(hash, xxHash64(text));
    if (policy.terminal && hash !== undefined) break;
  }
  return { hash, cookies };
};
