import { create } from '@bufbuild/protobuf';
import {
  type Policy,
  type RBAC,
  type RBAC_Action,
  RBACSchema,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { AuthorizationPolicy } from '../../input/authorization-policy.ts';
import type { Config } from '../../input/config.ts';
import type { RuleContext } from './requirement.ts';
import { neverPolicy, rulePolicy } from './rule-policy.ts';

const dryRunAnnotation = 'istio.io/dry-run';

/** Words that Go's `strconv.ParseBool` takes for true. */
const trueWords: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Whether a policy is only tried: its verdicts are counted and change nothing. */
export const isDryRun = ({ annotations }: Config<unknown>): boolean =>
  trueWords.has(annotations.get(dryRunAnnotation) ?? '');

/** What rules are made for. */
export interface RulesOptions {
  readonly action: RBAC_Action;
  /** In front of the names of policies. */
  readonly namePrefix?: string;
  readonly context: Omit<RuleContext, 'policyNamespace'>;
}

/** `ns[default]-policy[x]-rule[0]`. */
const policyName = ({ namespace, name }: Config<unknown>, rule: number): string =>
  `ns[${namespace}]-policy[${name}]-rule[${rule}]`;

/** All rules of some policies in one. A policy without rules is there and matches nothing. */
export const policyRules = (
  policies: readonly Config<AuthorizationPolicy>[],
  { action, namePrefix = '', context }: RulesOptions,
): RBAC => {
  const rules: Record<string, Policy> = {};
  for (const config of policies) {
    const ruleContext: RuleContext = { ...context, policyNamespace: config.namespace };
    for (const [index, rule] of config.spec.rules.entries()) {
      const policy = rulePolicy(rule, ruleContext);
      if (policy !== undefined) rules[`${namePrefix}${policyName(config, index)}`] = policy;
    }
    if (config.spec.rules.length === 0) {
      rules[`${namePrefix}${policyName(config, 0)}`] = neverPolicy();
    }
  }
  return create(RBACSchema, { action, policies: rules });
};
