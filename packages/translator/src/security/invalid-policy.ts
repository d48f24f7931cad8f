import type { AuthorizationPolicy, Rule } from '../input/authorization-policy.ts';
import type { Salvage } from '../input/config.ts';
import type { RequestAuthentication } from '../input/request-authentication.ts';

/** An attribute nobody knows: an ALLOW rule that asks for one is left out. */
const neverRule: Rule = { from: [], to: [], when: [{ key: '', values: [], notValues: [] }] };

const jwtRuleIndex = /^spec\.jwtRules\[(\d+)\]/;
const ruleIndex = /^spec\.rules\[(\d+)\]/;

/**
 * Of an invalid RequestAuthentication the rules without errors. Nobody is authenticated by the others,
 * so that policies that ask for it deny.
 */
export const keepGoodRules: Salvage<RequestAuthentication> = (spec, errors) => {
  const wrong = new Set(errors.map(({ path }) => Number(jwtRuleIndex.exec(path ?? '')?.[1] ?? -1)));
  return { ...spec, jwtRules: spec.jwtRules.filter((_, index) => !wrong.has(index)) };
};

/** An invalid object as far as it was read: what it cannot mean does nothing. */
export const keepWhole = <Spec>(spec: Spec): Spec => spec;

/**
 * What an invalid AuthorizationPolicy still does. Of ALLOW, rules with errors allow nothing, and the
 * policy stays, since without any everything would be allowed. Other actions keep all their rules:
 * what cannot be tested of them is left out, so that they catch more.
 */
export const keepRestrictions: Salvage<AuthorizationPolicy> = (spec, errors) => {
  if ((spec.action ?? 'ALLOW') !== 'ALLOW') return spec;
  const wrong = new Set(errors.map(({ path }) => Number(ruleIndex.exec(path ?? '')?.[1] ?? -1)));
  return {
    ...spec,
    rules: spec.rules.map((rule, index) => (wrong.has(index) ? neverRule : rule)),
  };
};
