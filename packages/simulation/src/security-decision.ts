import {
  type FilterConfig,
  type HttpFilterSettings,
  type JwtAuthnSettings,
  type NetworkFilter,
  type RequestHead,
  rbacDeniedBody,
} from '@lateen/routing';
import { decideExternal, decideRbac, type PolicyNames } from './authorization-decision.ts';
import type { SimulatedClient } from './client.ts';
import type { RequestState } from './policy-subject.ts';
import type { SimulatedAuthorization, SimulatedSecurity, SimulatedTokens } from './simulation.ts';
import { decideTokens } from './token-decision.ts';

/** What the security filters of a chain made of a request or connection. */
export interface SecurityDecision {
  readonly security: SimulatedSecurity | null;
  /** Null: it passes. */
  readonly denial: { readonly status: number; readonly body: string } | null;
  /** Changed by the filters; undefined: bytes. */
  readonly head: RequestHead | undefined;
  /** The route is to be selected again. */
  readonly reselect: boolean;
  /** The claims that were given are there for the next proxy too. */
  readonly forwardsClaims: boolean;
}

/** What decisions about policies stand on. */
export interface SecurityContext extends PolicyNames {
  readonly client: SimulatedClient;
}

interface Collected {
  tokens: SimulatedTokens | null;
  readonly authorization: SimulatedAuthorization[];
  denial: SecurityDecision['denial'];
  reselect: boolean;
  forwardsClaims: boolean;
}

const collected = (): Collected => ({
  ...{ tokens: null, authorization: [], denial: null, reselect: false, forwardsClaims: true },
});

const forbidden = { status: 403, body: rbacDeniedBody } as const;

const denies = ({ verdict, dryRun }: SimulatedAuthorization): boolean =>
  verdict === 'denied' && !dryRun;

const addAuthorization = (found: Collected, decisions: readonly SimulatedAuthorization[]): void => {
  found.authorization.push(...decisions);
  if (decisions.some(denies)) found.denial = forbidden;
};

const requirementOf = (
  settings: JwtAuthnSettings,
  override: FilterConfig | undefined,
  state: RequestState,
) => {
  const named = override?.kind === 'jwt-authn-route' ? override.requirement : undefined;
  if (named !== undefined) {
    return settings.requirements.get(named) ?? { kind: 'any' as const, requirements: [] };
  }
  return state.head && settings.select(state.head);
};

const passTokens = (
  settings: JwtAuthnSettings,
  override: FilterConfig | undefined,
  state: RequestState,
  { client }: SecurityContext,
): Partial<Collected> => {
  const requirement = requirementOf(settings, override, state);
  const decision = requirement && decideTokens(settings, requirement, state, client);
  return decision ?? {};
};

const isOff = (override: FilterConfig | undefined): boolean =>
  override?.kind === 'disabled' ||
  ((override?.kind === 'jwt-authn-route' || override?.kind === 'ext-authz-route') &&
    override.disabled);

const passFilter = (
  filter: HttpFilterSettings,
  override: FilterConfig | undefined,
  state: RequestState,
  { found, context }: { readonly found: Collected; readonly context: SecurityContext },
): void => {
  const config = override?.kind === filter.config.kind ? override : filter.config;
  if (config.kind === 'jwt-authn') {
    Object.assign(found, passTokens(config, override, state, context));
  } else if (config.kind === 'rbac') addAuthorization(found, decideRbac(config, state, context));
  else if (config.kind === 'ext-authz') {
    const asked = decideExternal(config, state, context);
    if (asked !== undefined) found.authorization.push(asked);
  }
};

const securityOf = (
  { tokens, authorization }: Collected,
  { connection, remoteAddress }: RequestState,
): SimulatedSecurity | null => {
  const { peer } = connection;
  if (tokens === null && authorization.length === 0 && peer === undefined) return null;
  const principal = peer?.uriSans[0] ?? peer?.dnsSans[0] ?? null;
  const encrypted = principal === null ? 'tls' : 'mutual';
  const transport = peer === undefined ? 'plaintext' : encrypted;
  return { transport, principal, remoteAddress, tokens, authorization };
};

const decisionOf = (found: Collected, state: RequestState): SecurityDecision => ({
  security: securityOf(found, state),
  denial: found.denial,
  head: state.head,
  reselect: found.reselect,
  forwardsClaims: found.forwardsClaims,
});

/** Lets a request through the HTTP filters that may refuse it; `overrides` are those of its route. */
export const decideHttpSecurity = (
  filters: readonly HttpFilterSettings[],
  overrides: (filter: string) => FilterConfig | undefined,
  state: RequestState,
  context: SecurityContext,
): SecurityDecision => {
  const found = collected();
  for (const filter of filters) {
    const override = overrides(filter.name);
    if (isOff(override) || (filter.disabled && override === undefined)) continue;
    passFilter(filter, override, state, { found, context });
    if (found.denial !== null) break;
  }
  return decisionOf(found, state);
};

/** Lets a connection through the network filters that may refuse it. */
export const decideNetworkSecurity = (
  filters: readonly NetworkFilter[],
  state: RequestState,
  context: SecurityContext,
): SecurityDecision => {
  const found = collected();
  for (const { settings } of filters) {
    if (settings.kind === 'network-rbac') {
      addAuthorization(found, decideRbac(settings, state, context));
    } else if (settings.kind === 'network-ext-authz') {
      const asked = decideExternal(settings, state, context);
      if (asked !== undefined) found.authorization.push(asked);
    }
    if (found.denial !== null) break;
  }
  return decisionOf(found, state);
};
