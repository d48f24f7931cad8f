import type { FailedTest } from './policy-condition.ts';
import type { PolicyRequest } from './policy-request.ts';

/** What a set of policies says of a request. The same few objects again and again: compare, keep, do not edit. */
export interface RbacVerdict {
  readonly allowed: boolean;
  /** Name of the first policy that matched, in the order of names; undefined: none did. */
  readonly policy: string | undefined;
  /** Action LOG only: whether access logs should have this request (`envoy.common` `access_log_hint`). */
  readonly logHint: boolean | undefined;
  /** To merge into dynamic metadata under the filter's name: effective policy and result. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Response code details of a denial: `rbac_access_denied_matched_policy[none]`. */
  readonly details: string;
}

/** What one policy made of a request, for people. */
export interface PolicyTrace {
  readonly policy: string;
  readonly matched: boolean;
  /** Where it failed first: what is done (`operation`), by whom (`source`). Undefined when it matched. */
  readonly failed: (FailedTest & { readonly part: 'operation' | 'source' }) | undefined;
}

/** A compiled `envoy.config.rbac.v3.RBAC`. */
export interface RbacRules {
  /**
   * `allow`: denied unless a policy matches. `deny`: allowed unless one does. `log`: always allowed.
   */
  readonly action: 'allow' | 'deny' | 'log';
  /** In the order they are tried: of their names. */
  readonly policies: readonly RbacPolicy[];
  /** Linear in the number of conditions, and allocates nothing itself. */
  judge(request: PolicyRequest): RbacVerdict;
  /** The same of every policy, with where each failed. */
  explain(request: PolicyRequest): readonly PolicyTrace[];
}

/** One policy, for people. */
export interface RbacPolicy {
  readonly name: string;
  /** `any`, or conditions. */
  readonly operations: string;
  readonly sources: string;
}

/** `envoy.extensions.filters.http.rbac.v3.RBAC` and `RBACPerRoute`. */
export interface RbacSettings {
  readonly kind: 'rbac';
  /** `rules_stat_prefix`; of the network filter `stat_prefix`. */
  readonly statPrefix: string;
  /** `shadow_rules_stat_prefix`: also the prefix of the keys that shadow rules write. */
  readonly shadowStatPrefix: string;
  /** Undefined: nothing is enforced. */
  readonly rules: RbacRules | undefined;
  /** Judged and noted, never enforced: dry runs, and what triggers external authorization. */
  readonly shadowRules: RbacRules | undefined;
}

/** `envoy.extensions.filters.network.rbac.v3.RBAC`. */
export interface NetworkRbacSettings extends Omit<RbacSettings, 'kind'> {
  readonly kind: 'network-rbac';
  /** Judge at every read (`CONTINUOUS`) instead of at the first byte only. */
  readonly continuous: boolean;
}

/** Namespace that `RbacVerdict.metadata` is written under; the network filter's is its own name. */
export const rbacMetadata = 'envoy.filters.http.rbac';

/** The body of a refusal, with status 403. */
export const rbacDeniedBody = 'RBAC: access denied';
