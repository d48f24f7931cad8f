import type { FilterConfig } from './filter-config.ts';
import type { Format } from './format-context.ts';
import type { HeaderCondition } from './header-condition.ts';
import type { Dice, Millionths, RequestHead } from './request-head.ts';
import type { DataSource } from './tls-settings.ts';
import type { RouteTracing } from './tracing-settings.ts';

export type { Dice, Millionths, RequestHead } from './request-head.ts';

/**
 * The vocabulary of decisions: what a request shows to the engine, and what the engine answers.
 * Everything here is immutable data compiled once from xDS; nothing here does I/O or keeps time.
 */

/** Header operations in Envoy's order: remove, then set/append. Values may hold `%FORMAT%` operators. */
export interface HeaderMutation {
  readonly remove: readonly string[];
  readonly apply: readonly HeaderOperation[];
}

/** One header to set, with the rule for what is there already (`HeaderValueOption`). */
export interface HeaderOperation {
  /** Lower-case. */
  readonly name: string;
  /** The literal value; with `format`, the text it was compiled from. */
  readonly value: string;
  readonly action: 'append' | 'overwrite' | 'add-if-absent' | 'overwrite-if-exists';
  /** Present when the value has `%OPERATORS%`. */
  readonly format?: Format;
  /** Set the header even when the value is empty. Default false: the operation is skipped. */
  readonly keepEmpty?: boolean;
}

/** One entry of a weighted cluster list; a single-cluster route has one entry of weight 1. */
export interface Destination {
  readonly cluster: string;
  readonly weight: number;
  readonly requestHeaders?: HeaderMutation;
  readonly responseHeaders?: HeaderMutation;
  readonly authorityRewrite?: string;
  readonly filterConfig?: ReadonlyMap<string, FilterConfig>;
  /** Header whose value names the cluster (`cluster_header`); then `cluster` is empty. */
  readonly clusterHeader?: string;
}

/** When and how a failed try is repeated (`envoy.config.route.v3.RetryPolicy`). */
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
  /**
   * Retries leave the priorities of the tries before, anew after so many tries
   * (`previous_priorities`, `update_frequency`); 0: they do not.
   */
  readonly leavePrioritiesEvery: number;
  /** Response headers that make an answer retriable (`retriable-headers`). */
  readonly retriableHeaders: readonly HeaderCondition[];
  /** Requests that may be retried; empty: all. */
  readonly retriableRequestHeaders: readonly HeaderCondition[];
  /** 0: none. */
  readonly perTryIdleTimeoutMs: number;
}

/** A copy of the request that nobody waits for (`RequestMirrorPolicy`). */
export interface Mirror {
  /** Empty when `clusterHeader` names it. */
  readonly cluster: string;
  readonly clusterHeader?: string;
  /** `-shadow` is appended to the host. Default true. */
  readonly hostSuffix: boolean;
  /** The copy belongs to the request's trace. Default true; Istio says false. */
  readonly traceSampled: boolean;
  readonly fraction: Millionths;
}

/** How the path changes on the way upstream. `apply` maps path-with-query to path-with-query. */
export interface PathRewrite {
  readonly kind: 'prefix' | 'regex';
  apply(path: string): string;
}

/** What a consistent-hashing balancer hashes (`RouteAction.HashPolicy`). */
export interface HashPolicy {
  readonly source:
    | { readonly kind: 'header'; readonly name: string }
    | {
        readonly kind: 'cookie';
        readonly name: string;
        readonly ttlMs?: number;
        readonly path: string;
        /** Name and value (or '') of further attributes of a generated cookie. */
        readonly attributes?: readonly (readonly [name: string, value: string])[];
      }
    | { readonly kind: 'source-ip' }
    | { readonly kind: 'query'; readonly name: string }
    | { readonly kind: 'filter-state'; readonly key: string };
  readonly terminal: boolean;
}

/** The request goes to a cluster (`RouteAction`). */
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
  /** Upgrade types this route switches off although the listener has them. */
  readonly disabledUpgrades: ReadonlySet<string>;
  readonly priority: 'default' | 'high';
  /** Host header from another request header, when present (`host_rewrite_header`). */
  readonly authorityFromHeader?: string;
  /** Host header computed from the path (`host_rewrite_path_regex`). */
  readonly authorityFromPath?: (path: string) => string;
  /** `x-forwarded-host` gets the old host when it is rewritten. */
  readonly appendForwardedHost: boolean;
  /** Whole stream; 0: none. Undefined: the listener's. */
  readonly maxStreamDurationMs?: number;
  /** Taken off the time a `grpc-timeout` asks for. */
  readonly grpcTimeoutOffsetMs: number;
  /** Only endpoints whose `envoy.lb` metadata has all of these. */
  readonly metadataMatch?: Readonly<Record<string, unknown>>;
  /** Status when the cluster does not exist. Envoy default 503. */
  readonly clusterNotFoundStatus: number;
}

/** The proxy answers with a redirect. */
export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  /** The `location` value for a request; `tls` says whether it came over TLS. */
  location(head: RequestHead): string;
}

/** The proxy answers itself. */
export interface DirectResponseAction {
  readonly kind: 'direct-response';
  readonly status: number;
  /** Empty when there is none, or when it is elsewhere. */
  readonly body: Uint8Array;
  /** A body in a file or an environment variable, to be read by the proxy. */
  readonly bodySource?: DataSource;
}

/** What a matched route does. */
export type RouteAction = ForwardAction | RedirectAction | DirectResponseAction;

/** A compiled route. `position` is its index in the virtual host. */
export interface RouteEntry {
  readonly name: string;
  readonly position: number;
  readonly action: RouteAction;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  /** For people: `path prefix /api, header end-user exact jason`. */
  readonly matchText: string;
  /** Name of the traced operation (`decorator.operation`), empty when none. */
  readonly operation: string;
  /** The operation's name is told to the other side (`decorator.propagate`). */
  readonly propagatesOperation: boolean;
  /** Sampling and tags of this route; absent: the listener's. */
  readonly tracing?: RouteTracing;
  /** Filter metadata, for instance `istio` with the object that made the route (`config`). */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Per-route filter settings by filter name, decoded once at compile time. */
  readonly filterConfig: ReadonlyMap<string, FilterConfig>;
}

/** Why a rule did not match, for `explain`: the first condition that failed. */
export interface FailedCondition {
  readonly route: RouteEntry;
  /** `path prefix /static`, `header end-user exact jason`, `query debug present` ... */
  readonly condition: string;
  /** What the request had instead. */
  readonly actual: string;
}

/** A compiled virtual host. */
export interface VirtualHostTable {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteEntry[];
  readonly requireTls: 'none' | 'external-only' | 'all';
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly filterConfig: ReadonlyMap<string, FilterConfig>;
  /** `x-envoy-attempt-count` goes upstream. */
  readonly includeRequestAttemptCount: boolean;
  /** `x-envoy-attempt-count` goes downstream. */
  readonly includeAttemptCountInResponse: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The first route whose conditions all hold. `dice` serves runtime fractions. */
  selectRoute(head: RequestHead, dice: Dice): RouteEntry | undefined;
  /** Same decision, with the failed condition of every route tried before. */
  explainRoute(
    head: RequestHead,
    dice: Dice,
  ): { readonly route: RouteEntry | undefined; readonly tried: readonly FailedCondition[] };
}

/** A compiled `RouteConfiguration`. */
export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostTable[];
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly mostSpecificMutationsWin: boolean;
  readonly filterConfig: ReadonlyMap<string, FilterConfig>;
  /** Headers taken off requests from outside, lower-case. */
  readonly internalOnlyHeaders: readonly string[];
  /** A route to a cluster that is not there makes the table invalid. Default false (as over RDS). */
  readonly validateClusters: boolean;
  /** Exact > longest suffix wildcard > longest prefix wildcard > `*`. Constant time in table size. */
  selectVirtualHost(authority: string): VirtualHostTable | undefined;
}
