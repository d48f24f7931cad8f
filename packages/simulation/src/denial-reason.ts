import { type Sentence, say, sentenceText } from './sentence.ts';
import type { SimulatedAuthorization, SimulatedSecurity } from './simulation.ts';

const sayPolicy = ({ action, policy, policies }: SimulatedAuthorization): Sentence => {
  if (policy !== null) {
    const { origin, name } = policy;
    return origin === null
      ? say('deniedByPolicy', { policy: name })
      : say('deniedByRule', { policy: `${origin.namespace}/${origin.name}`, rule: origin.rule });
  }
  return say(policies.length === 0 ? 'deniedByAll' : 'deniedByNone', { action });
};

/** Why the filters of a proxy refuse a request; null when they do not. */
export const denialCause = (security: SimulatedSecurity | null): Sentence | null => {
  if (security === null) return null;
  const { tokens, authorization } = security;
  if (tokens?.verdict === 'refused') return say('text', { text: tokens.reason });
  const denial = authorization.find(({ verdict, dryRun }) => verdict === 'denied' && !dryRun);
  return denial === undefined ? null : sayPolicy(denial);
};

/** The same in English; '' when they do not. */
export const denialReason = (security: SimulatedSecurity | null): string =>
  sentenceText(denialCause(security));

/** Providers whose word is asked for: `asks opa`. */
export const askedProviders = (security: SimulatedSecurity | null): readonly string[] =>
  (security?.authorization ?? []).flatMap(({ verdict, provider }) =>
    verdict === 'asks' && provider !== null ? [provider] : [],
  );
