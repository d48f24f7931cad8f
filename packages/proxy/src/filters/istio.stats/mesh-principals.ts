import type { ConnectionTls } from '../../tls/connection-tls.ts';

/** Who the certificates of both sides name, and whether the other side showed one. */
export interface Principals {
  readonly source: string;
  readonly destination: string;
  readonly isMutual: boolean;
}

/** Nobody showed a certificate. */
export const noPrincipals: Principals = {
  source: 'unknown',
  destination: 'unknown',
  isMutual: false,
};

/** By connection: found once. */
const byConnection = new WeakMap<ConnectionTls, Principals>();
/** Equal ones are one object, so that they can be compared quickly. */
const interned = new Map<string, Principals>();
/** Pairs kept; a proxy beyond that only compares more slowly. */
const maxInterned = 4096;

const intern = (principals: Principals): Principals => {
  const key = JSON.stringify(principals);
  const found = interned.get(key);
  if (found !== undefined) return found;
  if (interned.size < maxInterned) interned.set(key, principals);
  return principals;
};

/** Principals of a TLS connection. `isInbound`: the peer is the source of traffic. */
export const principalsOf = (facts: ConnectionTls | undefined, isInbound: boolean): Principals => {
  if (facts === undefined) return noPrincipals;
  const found = byConnection.get(facts);
  if (found !== undefined) return found;
  const peer = facts.peer?.uriSans[0] ?? 'unknown';
  const own = facts.local.uriSans[0] ?? 'unknown';
  const principals = intern({
    source: isInbound ? peer : own,
    destination: isInbound ? own : peer,
    isMutual: facts.peer !== undefined,
  });
  byConnection.set(facts, principals);
  return principals;
};

/** `connection_security_policy`: only the server's side can say, as in Istio. */
export const securityOf = (
  isInbound: boolean,
  isMutual: boolean,
): 'mutual_tls' | 'none' | 'unknown' => {
  if (!isInbound) return 'unknown';
  return isMutual ? 'mutual_tls' : 'none';
};
