import { sanitizeAudience } from './jwt-compilation.ts';
import { JwtEffectsRecorder } from './jwt-effects.ts';
import { extractJwts, type FoundJwt } from './jwt-extraction.ts';
import type { JwtAuthnSettings, JwtProviderSettings, JwtRequirement } from './jwt-settings.ts';
import { type JwtStatus, jwtStatusTexts } from './jwt-status.ts';
import { type JwtToken, jwtAlgorithms, parseJwt } from './jwt-token.ts';
import type { JwtVerdict, JwtWorld } from './jwt-verdict.ts';
import type { RequestHead } from './request-head.ts';
import { pathOnly } from './request-path.ts';

/** `keys-wanted` stops everything: the whole is done again when the keys are there. */
type Outcome = 'ok' | 'keys-wanted' | JwtStatus;

interface Run {
  readonly settings: JwtAuthnSettings;
  readonly head: RequestHead;
  readonly world: JwtWorld;
  readonly recorder: JwtEffectsRecorder;
  readonly wanted: Set<JwtProviderSettings>;
}

const checkSignature = (token: JwtToken, provider: JwtProviderSettings, run: Run): Outcome => {
  const jwks = run.world.keys(provider);
  if (jwks === 'failed')
    return provider.jwks?.kind === 'remote' ? 'jwks-fetch-failed' : 'no-valid-keys';
  if (jwks === undefined) {
    run.wanted.add(provider);
    return 'keys-wanted';
  }
  if (jwks.keys.length === 0) return 'no-valid-keys';
  const { algorithm, keyId } = token;
  const named = jwks.keys.filter(
    (key) =>
      (key.id === '' || keyId === '' || key.id === keyId) &&
      (key.algorithm === '' || key.algorithm === algorithm),
  );
  if (named.length === 0) return 'no-matching-key';
  // The type of the key, not the token, says what it can do: no RSA key is taken for a HMAC secret.
  const wanted = jwtAlgorithms.get(algorithm);
  const usable = named.filter((key) => key.type === wanted?.type && key.curve === wanted.curve);
  if (usable.length === 0) return 'verification-failed';
  return run.world.verify(algorithm, usable, token.signed, token.signature)
    ? 'ok'
    : 'verification-failed';
};

const checkTimes = (
  { notBefore, expires }: JwtToken,
  { clockSkewSeconds, requireExpiration, maxLifetimeSeconds }: JwtProviderSettings,
  nowSeconds: number,
): JwtStatus | undefined => {
  if (notBefore !== undefined && nowSeconds + clockSkewSeconds < notBefore) return 'not-yet-valid';
  if (expires === undefined) {
    return requireExpiration || maxLifetimeSeconds !== undefined
      ? 'verification-failed'
      : undefined;
  }
  if (nowSeconds > expires + clockSkewSeconds) return 'expired';
  const isTooLong = maxLifetimeSeconds !== undefined && expires - nowSeconds > maxLifetimeSeconds;
  return isTooLong ? 'verification-failed' : undefined;
};

const isAudienceAllowed = (token: JwtToken, wanted: ReadonlySet<string>): boolean =>
  wanted.size === 0 || token.audiences.some((audience) => wanted.has(sanitizeAudience(audience)));

const checkClaims = (
  token: JwtToken,
  provider: JwtProviderSettings,
  audiences: ReadonlySet<string> | undefined,
  nowSeconds: number,
): JwtStatus | undefined => {
  const { subjects } = provider;
  if (subjects !== undefined && !subjects.matches(token.subject)) return 'verification-failed';
  const badTime = checkTimes(token, provider, nowSeconds);
  if (badTime !== undefined) return badTime;
  return isAudienceAllowed(token, audiences ?? provider.audiences)
    ? undefined
    : 'audience-not-allowed';
};

/** The provider a token names itself, for requirements that name none. */
const providerOf = (token: JwtToken, { settings }: Run): JwtProviderSettings | undefined => {
  const all = [...settings.providers.values()];
  const own = all.find(({ issuer }) => issuer !== '' && issuer === token.issuer);
  return own ?? all.find(({ issuer }) => issuer === '');
};

interface Check {
  /** Undefined: by the issuer the token names. */
  readonly provider: JwtProviderSettings | undefined;
  readonly audiences: ReadonlySet<string> | undefined;
}

const verifyToken = (found: FoundJwt, check: Check, run: Run): Outcome => {
  const parsed = parseJwt(found.text);
  if ('status' in parsed) return parsed.status;
  const token = parsed.value;
  if (!found.isIssuerAllowed(token.issuer)) return 'unknown-issuer';
  const provider = check.provider ?? providerOf(token, run);
  if (provider === undefined) return 'unknown-issuer';
  const problem = checkClaims(token, provider, check.audiences, run.world.nowSeconds);
  const outcome = problem ?? checkSignature(token, provider, run);
  if (outcome === 'ok') run.recorder.good(provider, token, found);
  else if (outcome !== 'keys-wanted') run.recorder.failed(provider, outcome);
  return outcome;
};

/** Every token must be good: a bad one beside it could be what the application reads. */
const verifyProvider = (
  requirement: Extract<JwtRequirement, { kind: 'provider' }>,
  run: Run,
): Outcome => {
  const { provider, audiences } = requirement;
  run.recorder.sanitize(provider);
  const tokens = extractJwts([provider], run.head);
  if (tokens.length === 0) return 'missing';
  // From the last location to the first, as Envoy does: of several problems this one is named.
  for (const found of tokens.toReversed()) {
    const outcome = verifyToken(found, { provider, audiences }, run);
    if (outcome !== 'ok') return outcome;
  }
  return 'ok';
};

/**
 * Without a provider: tokens of several issuers may be there, so all are tried and the last one
 * decides, which is the one of the first location.
 */
const verifyLoosely = (
  requirement: Extract<JwtRequirement, { kind: 'allow-missing' | 'allow-missing-or-failed' }>,
  run: Run,
): Outcome => {
  const { kind, providers: own } = requirement;
  const providers = own.length > 0 ? own : [...run.settings.providers.values()];
  for (const provider of providers) run.recorder.sanitize(provider);
  let outcome: Outcome = 'ok';
  for (const found of extractJwts(providers, run.head).toReversed()) {
    outcome = verifyToken(found, { provider: undefined, audiences: undefined }, run);
    if (outcome === 'keys-wanted') return outcome;
  }
  return kind === 'allow-missing-or-failed' ? 'ok' : outcome;
};

/** Problems that say less than any other. */
const vague: ReadonlySet<Outcome> = new Set(['missing', 'unknown-issuer']);

const verifyAny = (requirements: readonly JwtRequirement[], run: Run): Outcome => {
  let worst: Outcome = 'missing';
  for (const requirement of requirements) {
    const outcome = verifyRequirement(requirement, run);
    if (outcome === 'ok' || outcome === 'keys-wanted') return outcome;
    if (vague.has(worst)) worst = outcome;
  }
  return worst;
};

const verifyAll = (requirements: readonly JwtRequirement[], run: Run): Outcome => {
  for (const requirement of requirements) {
    const outcome = verifyRequirement(requirement, run);
    if (outcome !== 'ok') return outcome;
  }
  return 'ok';
};

function verifyRequirement(requirement: JwtRequirement, run: Run): Outcome {
  switch (requirement.kind) {
    case 'provider':
      return verifyProvider(requirement, run);
    case 'any':
      return verifyAny(requirement.requirements, run);
    case 'all':
      return verifyAll(requirement.requirements, run);
    case 'nothing':
      return 'ok';
    default:
      return verifyLoosely(requirement, run);
  }
}

const forbidden: JwtStatus = 'audience-not-allowed';

const denial = (status: JwtStatus, { settings, head }: Run): JwtVerdict => {
  const text = jwtStatusTexts[status];
  const error = status === 'missing' ? '' : ', error="invalid_token"';
  const realm = `${head.scheme}://${head.authority}${pathOnly(head.path)}`.replace(/["\\]/g, '');
  const strip = settings.stripFailureResponse;
  return {
    kind: 'denied',
    status,
    statusCode: status === forbidden ? 403 : 401,
    body: strip ? '' : text,
    challenge: strip ? undefined : `Bearer realm="${realm}"${error}`,
    details: `jwt_authn_access_denied{${text.replaceAll(' ', '_')}}`,
  };
};

/**
 * Judges the tokens of a request by a requirement (`JwtAuthnSettings.select`, or the route's). Pure:
 * keys, clock and signature check are passed in; when keys are missing they are named and the
 * caller asks again with them.
 */
export const verifyJwts = (
  settings: JwtAuthnSettings,
  requirement: JwtRequirement,
  head: RequestHead,
  world: JwtWorld,
): JwtVerdict => {
  const recorder = new JwtEffectsRecorder();
  const run: Run = { settings, head, world, recorder, wanted: new Set() };
  const outcome = verifyRequirement(requirement, run);
  if (outcome === 'keys-wanted') return { kind: 'keys-wanted', providers: [...run.wanted] };
  if (outcome === 'ok') return { kind: 'allowed', effects: recorder.effects() };
  return denial(outcome, run);
};
