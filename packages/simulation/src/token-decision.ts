import {
  type HypotheticalJwt,
  hasMaterial,
  hypotheticalJwks,
  hypotheticalJwt,
  hypotheticalKey,
  inlineJwks,
  type Jwks,
  type JwtAuthnSettings,
  type JwtEffects,
  type JwtProviderSettings,
  type JwtRequirement,
  type JwtVerdict,
  type JwtWorld,
  jwtMetadata,
  type RequestHead,
  verifyJwts,
  withoutParameters,
} from '@lateen/routing';
import type { SimulatedClient } from './client.ts';
import { fieldOf } from './field-access.ts';
import type { RequestState } from './policy-subject.ts';
import type { SimulatedTokens } from './simulation.ts';
import { isUnfetched } from './unfetched-keys.ts';

/** What a JWT filter made of a request. */
export interface TokenDecision {
  readonly tokens: SimulatedTokens;
  /** Null: it may pass. */
  readonly denial: { readonly status: number; readonly body: string } | null;
  /** The route is selected again, now that claims are known. */
  readonly reselect: boolean;
  /** The token that was made up goes on to the next proxy. */
  readonly forwardsClaims: boolean;
}

/** A head with the token where the provider looks first. */
const withToken = (
  head: RequestHead,
  { locations }: JwtProviderSettings,
  { text }: HypotheticalJwt,
): RequestHead => {
  const [location] = locations;
  if (location === undefined) return head;
  if (location.kind === 'query') {
    const joint = head.path.includes('?') ? '&' : '?';
    return { ...head, path: `${head.path}${joint}${location.name}=${text}` };
  }
  const name = location.kind === 'cookie' ? 'cookie' : location.name;
  const value = location.kind === 'cookie' ? `${location.name}=${text}` : location.prefix + text;
  return { ...head, header: (one) => head.header(one) ?? (one === name ? value : undefined) };
};

/** The provider that would take a token of these claims. */
const believer = (
  settings: JwtAuthnSettings,
  claims: SimulatedClient['claims'],
): JwtProviderSettings | undefined => {
  const all = [...settings.providers.values()];
  const issuer = claims?.['iss'];
  if (issuer === undefined) return all[0];
  return all.find((one) => one.issuer === issuer) ?? all.find((one) => one.issuer === '') ?? all[0];
};

const madeUp = (
  { issuer }: JwtProviderSettings,
  claims: NonNullable<SimulatedClient['claims']>,
): HypotheticalJwt => hypotheticalJwt({ ...(issuer !== '' && { iss: issuer }), ...claims });

class HypotheticalWorld implements JwtWorld {
  readonly nowSeconds: number;
  /** False as soon as a signature was taken to be good. */
  signatureChecked = true;
  readonly #client: SimulatedClient;
  readonly #believed: HypotheticalJwt | undefined;

  constructor(client: SimulatedClient, believed: HypotheticalJwt | undefined) {
    this.nowSeconds = client.nowSeconds ?? 0;
    this.#client = client;
    this.#believed = believed;
  }

  keys(provider: JwtProviderSettings): Jwks {
    const canCheck = this.#client.verify !== undefined && !isUnfetched(provider);
    const own = canCheck ? inlineJwks(provider) : undefined;
    return { keys: [...(own ?? hypotheticalJwks).keys, hypotheticalKey] };
  }

  verify(...[algorithm, keys, signed, signature]: Parameters<JwtWorld['verify']>): boolean {
    if (signed === this.#believed?.signed) return true;
    const { verify } = this.#client;
    const atHand = keys.filter((key) => key !== hypotheticalKey);
    if (verify !== undefined && atHand.every(hasMaterial)) {
      return verify(algorithm, atHand, signed, signature);
    }
    this.signatureChecked = false;
    return true;
  }
}

const applyEffects = (state: RequestState, effects: JwtEffects): void => {
  const { head, headers } = state;
  for (const name of effects.removeHeaders) headers.delete(name);
  for (const [name, value] of effects.addHeaders) {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  if (head !== undefined && effects.removeParameters.length > 0) {
    state.head = { ...head, path: withoutParameters(head.path, effects.removeParameters) };
  }
  state.write(jwtMetadata, effects.metadata);
};

const claimsIn = (settings: JwtAuthnSettings, { metadata }: JwtEffects): unknown => {
  for (const { payloadMetadata } of settings.providers.values()) {
    const payload = payloadMetadata === '' ? undefined : fieldOf(metadata, payloadMetadata);
    if (payload !== undefined) return payload;
  }
  return undefined;
};

const removes = (
  { removeHeaders, removeParameters }: JwtEffects,
  provider: JwtProviderSettings,
) => {
  const [location] = provider.locations;
  if (location?.kind === 'query') return removeParameters.includes(location.name);
  return location?.kind === 'header' && removeHeaders.includes(location.name);
};

const tokensOf = (
  verdict: JwtVerdict,
  settings: JwtAuthnSettings,
  signatureChecked: boolean,
): SimulatedTokens => {
  const issuers = [...settings.providers.values()].map(({ issuer }) => issuer);
  const common = { issuers, claims: null, signatureChecked };
  if (verdict.kind === 'denied') return { ...common, verdict: 'refused', reason: verdict.body };
  const claims = verdict.kind === 'allowed' ? claimsIn(settings, verdict.effects) : undefined;
  if (claims === undefined) return { ...common, verdict: 'none', reason: '' };
  return { ...common, verdict: 'accepted', reason: '', claims: claims as Record<string, unknown> };
};

/** Judges the tokens of a request, and writes what follows into its state. */
export const decideTokens = (
  settings: JwtAuthnSettings,
  requirement: JwtRequirement,
  state: RequestState,
  client: SimulatedClient,
): TokenDecision | undefined => {
  const { head } = state;
  if (head === undefined) return undefined;
  const provider = client.claims && believer(settings, client.claims);
  const token = provider && client.claims && madeUp(provider, client.claims);
  const asked = provider && token ? withToken(head, provider, token) : head;
  const world = new HypotheticalWorld(client, token);
  const verdict = verifyJwts(settings, requirement, asked, world);
  const tokens = tokensOf(verdict, settings, world.signatureChecked);
  if (verdict.kind !== 'allowed') {
    const status = verdict.kind === 'denied' ? verdict.statusCode : 401;
    return {
      ...{ tokens, reselect: false, forwardsClaims: false },
      denial: { status, body: tokens.reason },
    };
  }
  applyEffects(state, verdict.effects);
  const forwardsClaims = provider === undefined || !removes(verdict.effects, provider);
  return { tokens, denial: null, reselect: verdict.effects.clearRouteCache, forwardsClaims };
};
