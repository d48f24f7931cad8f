import { type HashPolicy, queryParameter } from '@lateen/routing';
import { hashText } from '../../cluster/hash.ts';
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

const hashCookie = (
  exchange: Exchange,
  source: Extract<HashPolicy['source'], { kind: 'cookie' }>,
  newValue: () => string,
): Hashed => {
  const value = cookieValue(exchange, source.name);
  if (value !== undefined || source.ttlMs === undefined) return { text: value };
  const made = newValue();
  const age = source.ttlMs > 0 ? `; Max-Age=${Math.floor(source.ttlMs / 1000)}` : '';
  const path = source.path === '' ? '' : `; Path=${source.path}`;
  return { text: made, cookie: `${source.name}="${made}"${age}${path}; HttpOnly` };
};

const hashedText = (exchange: Exchange, { source }: HashPolicy, newValue: () => string): Hashed => {
  switch (source.kind) {
    case 'header':
      return { text: exchange.header(source.name) };
    case 'cookie':
      return hashCookie(exchange, source, newValue);
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
  newValue: () => string,
): { readonly hash: number | undefined; readonly cookies: readonly string[] } => {
  let hash: number | undefined;
  const cookies: string[] = [];
  for (const policy of policies) {
    const { text, cookie } = hashedText(exchange, policy, newValue);
    if (cookie !== undefined) cookies.push(cookie);
    if (text === undefined) continue;
    const next = hashText(text);
    hash = hash === undefined ? next : (((hash << 1) | (hash >>> 31)) ^ next) >>> 0;
    if (policy.terminal) break;
  }
  return { hash, cookies };
};
