/**
 * The vocabulary of decisions: what a request shows to the engine, and what the engine answers.
 * Everything here is immutable data compiled once from xDS; nothing here does I/O or keeps time.
 */

/** What decisions may look at. The proxy implements it over parsed bytes, `explain` over plain data. */
export interface RequestHead {
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** Host with optional port, as received. */
  readonly authority: string;
  /** Path with query, after normalisation. */
  readonly path: string;
  /** Value of a header by lower-case name; several lines joined with `,`; undefined when absent. */
  header(name: string): string | undefined;
}

/** Randomness passed in: an integer in [0, limit). */
export type Dice = (limit: number) => number;

/** Header operations in Envoy's order: remove, then set/append. Values may hold `%FORMAT%` operators. */
export interface HeaderMutation {
  readonly remove: readonly string[];
  readonly apply: readonly HeaderOperation[];
}

export interface HeaderOperation {
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
  readonly action: 'append' | 'overwrite' | 'add-if-absent' | 'overwrite-if-exists';
}

/** One entry of a weighted cluster list; a single-cluster route has one entry of weight 1. */
export interface Destination {
  readonly cluster: string;
  readonly weight: number;
  readonly requestHeaders?: HeaderMutation;
  readonly responseHeaders?: HeaderMutation;
  readonly authorityRewrite?: string;
}

/** Probability as numerator over 1,000,000. */
export type Millionths = number;

export interface RetryPolicy {
  /** Parsed `x-envoy-retry-on` words. */
  readonly retryOn: ReadonlySet<string>;
  readonly retriableStatusCodes: ReadonlySet<number>;
  /** Retries after the first try. */
  readonly maxRetries: number;
  /** 0: the route's timeout. */
  readonly perTryTimeoutMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly hostSelectionAttempts: number;
  readonly avoidPreviousHosts: boolean;
}

export interface Mirror {
  readonly cluster: string;
  readonly fraction: Millionths;
}

/** How the path changes on the way upstream. `apply` maps path-with-query to path-with-query. */
export interface PathRewrite {
  readonly kind: 'prefix' | 'regex';
  apply(path: string): string;
}

export interface HashPolicy {
  readonly source:
    | { readonly kind: 'header'; readonly name: string }
    | {
        readonly kind: 'cookie';
        readonly name: string;
        readonly ttlMs?: number;
        readonly path: string;
      }
    | { readonly kind: 'source-ip' }
    | { readonly kind: 'query'; readonly name: string };
  readonly terminal: boolean;
}

export interface ForwardAction {
  readonly kind: 'forward';
  readonly destinations: readonly Destination[];
  /** Sum of weights; `select` draws once when there is more than one destination. */
  select(dice: Dice): Destination;
  /** 0: none. */
  readonly timeoutMs: number;
  readonly idleTimeoutMs?: number;
  /** Undefined: grpc-timeout is not honoured. 0: honoured without a cap. */
  readonly maxGrpcTimeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly pathRewrite?: PathRewrite;
  readonly authorityRewrite?: string;
  /** Host header becomes the chosen endpoint's host name (strict DNS clusters). */
  readonly autoHostRewrite: boolean;
  readonly mirrors: readonly Mirror[];
  readonly hashPolicies: readonly HashPolicy[];
  readonly upgrades: ReadonlySet<string>;
  /** Status when the cluster does not exist. Envoy default 503. */
  readonly clusterNotFoundStatus: number;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  /** The `location` value for a request; `tls` says whether it came over TLS. */
  location(head: RequestHead): string;
}

export interface DirectResponseAction {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: Uint8Array;
}

export type RouteAction = ForwardAction | RedirectAction | DirectResponseAction;

/** A compiled route. `position` is its index in the virtual host. */
export interface RouteEntry {
  readonly name: string;
  readonly position: number;
  readonly action: RouteAction;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** Filter metadata, for instance `istio` with the object that made the route (`config`). */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Per-route filter settings by filter name, decoded once at compile time. */
  readonly filterConfig: ReadonlyMap<string, unknown>;
}

/** Why a rule did not match, for `explain`: the first condition that failed. */
export interface FailedCondition {
  readonly route: RouteEntry;
  /** `path prefix /static`, `header end-user exact jason`, `query debug present` ... */
  readonly condition: string;
  /** What the request had instead. */
  readonly actual: string;
}

export interface VirtualHostTable {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteEntry[];
  readonly requireTls: 'none' | 'external-only' | 'all';
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly filterConfig: ReadonlyMap<string, unknown>;
  /** The first route whose conditions all hold. `dice` serves runtime fractions. */
  selectRoute(head: RequestHead, dice: Dice): RouteEntry | undefined;
  /** Same decision, with the failed condition of every route tried before. */
  explainRoute(
    head: RequestHead,
    dice: Dice,
  ): { readonly route: RouteEntry | undefined; readonly tried: readonly FailedCondition[] };
}

export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostTable[];
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly mostSpecificMutationsWin: boolean;
  /** Exact > longest suffix wildcard > longest prefix wildcard > `*`. Constant time in table size. */
  selectVirtualHost(authority: string): VirtualHostTable | undefined;
}
