import type { RequestHead } from './request-head.ts';

/**
 * What the peer's verified certificate says, computed once a connection. Present on every TLS
 * connection; all empty when the client gave no certificate.
 */
export interface TlsPeer {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  /** RFC 2253 text; empty when there is none. */
  readonly subject: string;
}

/** What policies may look at in a connection. Does not change while the connection lives. */
export interface PolicyConnection {
  /** Our end, or the original destination where the listener restored it. */
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** The other end of the connection, PROXY protocol taken into account (`source_ip`). */
  readonly sourceAddress: string;
  /** The other end of the socket (`direct_remote_ip`). */
  readonly directRemoteAddress: string;
  /** SNI, empty when none. */
  readonly serverName: string;
  /** Undefined: no TLS. */
  readonly peer: TlsPeer | undefined;
}

/** What policies may look at: a request, or a bare connection when `head` is undefined. */
export interface PolicyRequest {
  readonly connection: PolicyConnection;
  /** The client as trusted `x-forwarded-for` hops give it (`remote_ip`); else `sourceAddress`. */
  readonly remoteAddress: string;
  /** With the path as the connection manager normalised it. */
  readonly head: RequestHead | undefined;
  /**
   * Values of a header's lines, each alone: `header()` has them joined. Absent, or less than two: nothing is
   * joined. Asked for rarely, and by lower-case name.
   */
  headerLines?(name: string): readonly string[];
  /** What filters before this one wrote: `envoy.filters.http.jwt_authn`, `['payload', 'iss']`. */
  dynamicMetadata(namespace: string, path: readonly string[]): unknown;
  /** Metadata of the matched route; undefined also when there is no route. */
  routeMetadata(namespace: string, path: readonly string[]): unknown;
  filterState(key: string): string | undefined;
}
