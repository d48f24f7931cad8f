import type { SimulatedAuthorization, SimulatedSecurity } from './simulation.ts';

const policyText = ({ action, policy, policies }: SimulatedAuthorization): string => {
  if (policy !== null) {
    const { origin, name } = policy;
    return `denied by ${origin === null ? name : `${origin.namespace}/${origin.name}, rule ${origin.rule}`}`;
  }
  return policies.length === 0
    ? `there is an ${action} policy, and it lets nobody in`
    : `none of the ${action} rules lets it in`;
};

/** Why the filters of a proxy refuse a request; '' when they do not. */
export const denialReason = (security: SimulatedSecurity | null): string => {
  if (security === null) return '';
  const { tokens, authorization } = security;
  if (tokens?.verdict === 'refused') return tokens.reason;
  const denial = authorization.find(({ verdict, dryRun }) => verdict === 'denied' && !dryRun);
  return denial === undefined ? '' : `RBAC: access denied, ${policyText(denial)}`;
};

/** Providers whose word is asked for: `asks opa`. */
export const askedProviders = (security: SimulatedSecurity | null): readonly string[] =>
  (security?.authorization ?? []).flatMap(({ verdict, provider }) =>
    verdict === 'asks' && provider !== null ? [provider] : [],
  );
