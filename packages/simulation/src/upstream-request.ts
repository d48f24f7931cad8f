import {
  applyHeaderMutation,
  type Destination,
  type FormatContext,
  type ForwardAction,
  type HeaderList,
  type HeaderMutation,
  orderHeaderMutations,
  type RequestHead,
  type RouteEntry,
  type RouteTable,
  type VirtualHostTable,
} from '@lateen/routing';
import type { HeaderChange, HeaderPlan } from './simulation.ts';

/** Everything that may change a request's head on its way. */
export interface RouteScope {
  readonly table: RouteTable;
  readonly host: VirtualHostTable;
  readonly route: RouteEntry;
}

/** A request as the upstream would get it. */
export interface UpstreamRequest {
  readonly authority: string;
  readonly path: string;
  readonly changes: readonly HeaderChange[];
}

class HeaderLines implements HeaderList {
  readonly lines: Map<string, readonly string[]> = new Map();

  constructor(headers: ReadonlyMap<string, string>) {
    for (const [name, value] of headers) this.lines.set(name, [value]);
  }

  has(name: string): boolean {
    return this.lines.has(name);
  }

  append(name: string, value: string): void {
    this.lines.set(name, [...(this.lines.get(name) ?? []), value]);
  }

  set(name: string, value: string): void {
    this.lines.set(name, [value]);
  }

  remove(name: string): void {
    this.lines.delete(name);
  }

  value(name: string): string | undefined {
    return this.lines.get(name)?.join(',');
  }
}

const unknown = (): undefined => undefined;

/** What formats may ask of a request that nobody sent: its head, and nothing of its life. */
const formatContext = (head: RequestHead, route: RouteEntry): FormatContext => ({
  startTimeMs: 0,
  requestHeader: (name) => {
    if (name === ':authority' || name === 'host') return head.authority;
    if (name === ':method') return head.method;
    if (name === ':path') return head.path;
    return name === ':scheme' ? head.scheme : head.header(name);
  },
  responseHeader: unknown,
  responseTrailer: unknown,
  protocol: 'HTTP/1.1',
  responseCode: 0,
  responseFlags: undefined,
  responseCodeDetails: undefined,
  connectionTerminationDetails: undefined,
  upstreamTransportFailureReason: undefined,
  downstreamTransportFailureReason: undefined,
  bytesReceived: 0,
  bytesSent: 0,
  durationMs: undefined,
  requestDurationMs: undefined,
  responseDurationMs: undefined,
  responseTxDurationMs: undefined,
  upstreamHost: undefined,
  upstreamCluster: undefined,
  upstreamClusterRaw: undefined,
  upstreamLocalAddress: undefined,
  upstreamRequestAttemptCount: 1,
  downstreamLocalAddress: undefined,
  downstreamRemoteAddress: undefined,
  downstreamDirectRemoteAddress: undefined,
  requestedServerName: undefined,
  routeName: route.name,
  virtualClusterName: undefined,
  filterChainName: undefined,
  connectionId: undefined,
  hostname: undefined,
  downstreamPeerUriSan: undefined,
  downstreamLocalUriSan: undefined,
  downstreamPeerSubject: undefined,
  downstreamTlsVersion: undefined,
  downstreamTlsCipher: undefined,
  dynamicMetadata: unknown,
  routeMetadata: unknown,
  clusterMetadata: unknown,
  filterState: unknown,
  environment: unknown,
});

const mutations = (
  scope: RouteScope,
  destination: Destination | undefined,
  of: 'requestHeaders' | 'responseHeaders',
): readonly HeaderMutation[] =>
  orderHeaderMutations(
    [destination?.[of], scope.route[of], scope.host[of], scope.table[of]],
    scope.table.mostSpecificMutationsWin,
  );

const changesOf = (
  before: ReadonlyMap<string, string>,
  after: HeaderLines,
): readonly HeaderChange[] => {
  const names = [...new Set([...before.keys(), ...after.lines.keys()])].sort();
  return names.flatMap((name) => {
    const value = after.value(name);
    return value === before.get(name) ? [] : [{ name, value: value ?? null }];
  });
};

const rewrittenAuthority = (
  action: ForwardAction,
  destination: Destination,
  head: RequestHead,
): string | undefined =>
  action.authorityRewrite ??
  destination.authorityRewrite ??
  (action.authorityFromHeader === undefined
    ? action.authorityFromPath?.(head.path)
    : head.header(action.authorityFromHeader));

/** Applies what the route says, in the router's order: headers, host, path. */
export const upstreamRequest = (
  scope: RouteScope,
  action: ForwardAction,
  destination: Destination,
  original: { readonly head: RequestHead; readonly headers: ReadonlyMap<string, string> },
): UpstreamRequest => {
  const { head, headers } = original;
  const lines = new HeaderLines(headers);
  const context = formatContext(head, scope.route);
  for (const mutation of mutations(scope, destination, 'requestHeaders')) {
    applyHeaderMutation(lines, mutation, context);
  }
  const pseudo = (name: string): string | undefined => {
    const value = lines.value(name);
    lines.remove(name);
    return value;
  };
  const setAuthority = pseudo(':authority') ?? pseudo('host');
  const path = pseudo(':path') ?? head.path;
  const rewritten = action.pathRewrite?.apply(path) ?? path;
  if (rewritten !== path) lines.set('x-envoy-original-path', path);
  return {
    authority: rewrittenAuthority(action, destination, head) || setAuthority || head.authority,
    path: rewritten,
    changes: changesOf(headers, lines),
  };
};

/** Header operations that await the response, in order. */
export const responsePlan = (
  scope: RouteScope,
  destination: Destination | undefined,
): readonly HeaderPlan[] =>
  mutations(scope, destination, 'responseHeaders').flatMap(({ remove, apply }) => [
    ...remove.map((name) => ({ name, operation: 'remove' as const, value: '' })),
    ...apply.map(({ name, action, value }) => ({ name, operation: action, value })),
  ]);
