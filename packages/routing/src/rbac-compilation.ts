import {
  RBAC_Action as Action,
  type Policy,
  type RBAC as Rules,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { RBAC } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import {
  RBAC_EnforcementType as Enforcement,
  type RBAC as NetworkRBAC,
} from '@lateen/xds/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import type { Findings } from './findings.ts';
import { type PolicyCondition, someCondition } from './policy-condition.ts';
import type { PolicyRequest } from './policy-request.ts';
import { compilePermission } from './rbac-permission.ts';
import { compilePrincipal } from './rbac-principal.ts';
import type {
  NetworkRbacSettings,
  PolicyTrace,
  RbacRules,
  RbacSettings,
  RbacVerdict,
} from './rbac-settings.ts';

interface CompiledPolicy {
  readonly name: string;
  readonly operation: PolicyCondition;
  readonly source: PolicyCondition;
  readonly verdict: RbacVerdict;
}

/** Which keys a set of policies writes: `shadow_effective_policy_id` with the prefix in front. */
interface Keys {
  readonly prefix: string;
  readonly kind: 'enforced' | 'shadow';
}

const actions: Readonly<Record<number, RbacRules['action']>> = {
  [Action.ALLOW]: 'allow',
  [Action.DENY]: 'deny',
  [Action.LOG]: 'log',
};

const verdictOf = (
  action: RbacRules['action'],
  policy: string | undefined,
  { prefix, kind }: Keys,
): RbacVerdict => {
  const matched = policy !== undefined;
  const allowed = action === 'log' || (action === 'allow') === matched;
  const id = matched ? { [`${prefix}${kind}_effective_policy_id`]: policy } : {};
  // Envoy writes details without blanks: they are one word of an access log.
  const name = (policy ?? 'none').replace(/\s/g, '_');
  return {
    allowed,
    policy,
    logHint: action === 'log' ? matched : undefined,
    metadata: { ...id, [`${prefix}${kind}_engine_result`]: allowed ? 'allowed' : 'denied' },
    details: `rbac_access_denied_matched_policy[${name}]`,
  };
};

const compilePolicy = (
  name: string,
  policy: Policy,
  findings: Findings,
  path: string,
): Omit<CompiledPolicy, 'verdict'> => {
  if (policy.condition !== undefined || policy.checkedCondition !== undefined) {
    findings.error(`${path}.condition`, 'PolicyUnsupported', 'CEL conditions are not known');
  }
  for (const part of ['permissions', 'principals'] as const) {
    if (policy[part].length > 0) continue;
    findings.error(`${path}.${part}`, 'FieldRequired', 'at least one is required');
  }
  const operations = policy.permissions.map((permission, index) =>
    compilePermission(permission, findings, `${path}.permissions[${index}]`),
  );
  const sources = policy.principals.map((principal, index) =>
    compilePrincipal(principal, findings, `${path}.principals[${index}]`),
  );
  return { name, operation: someCondition(operations), source: someCondition(sources) };
};

const trace = (
  { name, operation, source }: CompiledPolicy,
  request: PolicyRequest,
): PolicyTrace => {
  for (const [part, condition] of [
    ['operation', operation],
    ['source', source],
  ] as const) {
    if (condition.holds(request)) continue;
    return { policy: name, matched: false, failed: { ...condition.failure(request), part } };
  }
  return { policy: name, matched: true, failed: undefined };
};

/** Envoy keeps policies in a map ordered by bytes. */
const byName = ([left]: readonly [string, Policy], [right]: readonly [string, Policy]): number =>
  left < right ? -1 : Number(left > right);

const compileRules = (message: Rules, keys: Keys, findings: Findings, path: string): RbacRules => {
  const action = actions[message.action] ?? 'allow';
  if (actions[message.action] === undefined) {
    findings.error(`${path}.action`, 'FieldInvalid', `action ${message.action} is not known`);
  }
  const policies = Object.entries(message.policies)
    .toSorted(byName)
    .map(([name, policy]): CompiledPolicy => {
      const compiled = compilePolicy(name, policy, findings, `${path}.policies[${name}]`);
      return { ...compiled, verdict: verdictOf(action, name, keys) };
    });
  const unmatched = verdictOf(action, undefined, keys);
  return {
    action,
    policies: policies.map(({ name, operation, source }) => ({
      name,
      operations: operation.text,
      sources: source.text,
    })),
    judge: (request) => {
      for (const policy of policies) {
        if (policy.operation.holds(request) && policy.source.holds(request)) return policy.verdict;
      }
      return unmatched;
    },
    explain: (request) => policies.map((policy) => trace(policy, request)),
  };
};

/** Refuses the matcher trees that may stand in for rules: without them nothing would be enforced. */
const refuseMatchers = (message: RBAC | NetworkRBAC, findings: Findings, path: string): void => {
  for (const field of ['matcher', 'shadowMatcher'] as const) {
    if (message[field] === undefined) continue;
    const name = field === 'matcher' ? field : 'shadow_matcher';
    findings.error(`${path}.${name}`, 'FieldUnsupported', 'matcher trees are not known');
  }
};

const compileBoth = (
  message: RBAC | NetworkRBAC,
  prefix: string,
  findings: Findings,
  path: string,
): Omit<RbacSettings, 'kind' | 'statPrefix'> => {
  refuseMatchers(message, findings, path);
  const { rules, shadowRules, shadowRulesStatPrefix: shadowStatPrefix } = message;
  const enforced: Keys = { prefix, kind: 'enforced' };
  const shadow: Keys = { prefix: shadowStatPrefix, kind: 'shadow' };
  return {
    shadowStatPrefix,
    rules: rules && compileRules(rules, enforced, findings, `${path}.rules`),
    shadowRules: shadowRules && compileRules(shadowRules, shadow, findings, `${path}.shadow_rules`),
  };
};

/** Compiles the HTTP filter's settings. What is not known is an error: the listener is refused. */
export const compileRbac = (message: RBAC, findings: Findings, path: string): RbacSettings => ({
  kind: 'rbac',
  statPrefix: message.rulesStatPrefix,
  ...compileBoth(message, message.rulesStatPrefix, findings, path),
});

/** Compiles the network filter's settings. */
export const compileNetworkRbac = (
  message: NetworkRBAC,
  findings: Findings,
  path: string,
): NetworkRbacSettings => ({
  kind: 'network-rbac',
  statPrefix: message.statPrefix,
  ...compileBoth(message, '', findings, path),
  continuous: message.enforcementType === Enforcement.CONTINUOUS,
});
