import {
  type ExtAuthzSettings,
  metadataAt,
  type NetworkExtAuthzSettings,
  type NetworkRbacSettings,
  type PolicyTrace,
  type RbacRules,
  type RbacSettings,
  rbacMetadata,
} from '@lateen/routing';
import type { MeshInputs } from '@lateen/translator';
import { policyOrigin, providerOf } from './policy-origin.ts';
import type { RequestState } from './policy-subject.ts';
import type { Locate } from './rule-origin.ts';
import type { SimulatedAuthorization, SimulatedPolicy } from './simulation.ts';

/** Whose names policies have. */
export interface PolicyNames {
  readonly inputs: Pick<MeshInputs, 'authorizationPolicies'>;
  readonly locate: Locate;
}

const actions = { allow: 'ALLOW', deny: 'DENY', log: 'AUDIT' } as const;

/** Prefix of the metadata by which external authorization is triggered. */
const customPrefix = 'istio_ext_authz_';

const describePolicy = (
  { policy, matched, failed }: PolicyTrace,
  locate: Locate,
): SimulatedPolicy => ({
  name: policy,
  origin: policyOrigin(policy, locate),
  matched,
  failed: failed ?? null,
});

const judge = (
  rules: RbacRules,
  state: RequestState,
  { locate }: PolicyNames,
): Pick<SimulatedAuthorization, 'verdict' | 'policy' | 'policies'> => {
  const subject = state.subject();
  const verdict = rules.judge(subject);
  state.write(rbacMetadata, verdict.metadata);
  const policies = rules.explain(subject).map((trace) => describePolicy(trace, locate));
  return {
    verdict: verdict.allowed ? 'allowed' : 'denied',
    policy: policies.find(({ name }) => name === verdict.policy) ?? null,
    policies,
  };
};

/** What an RBAC filter made of a request: dry runs first, as Envoy does. Its metadata go into the state. */
export const decideRbac = (
  settings: RbacSettings | NetworkRbacSettings,
  state: RequestState,
  names: PolicyNames,
): readonly SimulatedAuthorization[] => {
  const { rules, shadowRules, shadowStatPrefix } = settings;
  const decisions: SimulatedAuthorization[] = [];
  if (shadowRules !== undefined) {
    const decision = judge(shadowRules, state, names);
    // What external authorization is triggered by is told when it is asked.
    if (shadowStatPrefix !== customPrefix) {
      decisions.push({
        ...decision,
        action: actions[shadowRules.action],
        dryRun: true,
        provider: null,
      });
    }
  }
  if (rules !== undefined) {
    const decision = judge(rules, state, names);
    decisions.push({ ...decision, action: actions[rules.action], dryRun: false, provider: null });
  }
  return decisions;
};

const effectivePolicy = (state: RequestState): string | undefined => {
  const value = metadataAt(state.read(rbacMetadata, []), [
    `${customPrefix}shadow_effective_policy_id`,
  ]);
  return typeof value === 'string' ? value : undefined;
};

/** Whether external authorization is asked, and whom; undefined: it is not asked. */
export const decideExternal = (
  { enabledMetadata, service }: ExtAuthzSettings | NetworkExtAuthzSettings,
  state: RequestState,
  { inputs, locate }: PolicyNames,
): SimulatedAuthorization | undefined => {
  if (enabledMetadata !== undefined) {
    const value = state.read(enabledMetadata.filter, enabledMetadata.path);
    if (!enabledMetadata.matches(value)) return undefined;
  }
  const name = effectivePolicy(state);
  const origin = name === undefined ? null : policyOrigin(name, locate);
  const policy = name === undefined ? null : { name, origin, matched: true, failed: null };
  return {
    action: 'CUSTOM',
    dryRun: false,
    verdict: 'asks',
    policy,
    provider: providerOf(origin, inputs) ?? service.cluster,
    policies: policy === null ? [] : [policy],
  };
};
