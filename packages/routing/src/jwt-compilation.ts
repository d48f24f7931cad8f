import type { RouteMatch } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type {
  JwtAuthentication,
  JwtProvider,
  JwtRequirement as JwtRequirementMessage,
  PerRouteConfig,
  RemoteJwks,
  RequirementRule,
} from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import { dataSource } from './data-source.ts';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import type {
  JwksSource,
  JwtAuthnSettings,
  JwtLocation,
  JwtProviderSettings,
  JwtRequirement,
  JwtRouteSettings,
} from './jwt-settings.ts';
import type { RequestHead } from './request-head.ts';
import { compileRouteMatch, pathMatches } from './route-match.ts';
import { compileStringMatch } from './string-match.ts';

/** Envoy's defaults. */
const defaultFetchMs = 1_000;
const defaultCacheMs = 600_000;
const defaultFailedRefetchMs = 1_000;
const defaultClockSkewSeconds = 60;
const defaultCacheSize = 100;

/** Envoy compares audiences without scheme and without a slash at the end. */
export const sanitizeAudience = (audience: string): string =>
  audience.replace(/^https?:\/\//, '').replace(/\/$/, '');

const audienceSet = (audiences: readonly string[]): ReadonlySet<string> =>
  new Set(audiences.map(sanitizeAudience));

const compileRemote = (remote: RemoteJwks, findings: Findings, path: string): JwksSource => {
  const uri = remote.httpUri;
  if (uri === undefined) findings.error(`${path}.http_uri`, 'FieldRequired', 'is required');
  return {
    kind: 'remote',
    uri: uri?.uri ?? '',
    cluster: uri?.httpUpstreamType.value ?? '',
    timeoutMs: durationMsOr(uri?.timeout, defaultFetchMs),
    cacheMs: durationMsOr(remote.cacheDuration, defaultCacheMs),
    asyncFetch: remote.asyncFetch !== undefined,
    failedRefetchMs: durationMsOr(remote.asyncFetch?.failedRefetchDuration, defaultFailedRefetchMs),
    retries: remote.retryPolicy === undefined ? 0 : (remote.retryPolicy.numRetries ?? 1),
  };
};

const compileJwks = (
  provider: JwtProvider,
  findings: Findings,
  path: string,
): JwksSource | undefined => {
  const { jwksSourceSpecifier: source } = provider;
  if (source.case === 'remoteJwks') {
    return compileRemote(source.value, findings, `${path}.remote_jwks`);
  }
  const data = source.case === 'localJwks' ? dataSource(source.value) : undefined;
  if (data !== undefined) return { kind: 'local', data };
  findings.error(path, 'FieldRequired', 'remote_jwks or local_jwks is required');
  return undefined;
};

const defaultLocations: readonly JwtLocation[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'query', name: 'access_token' },
];

/** Envoy keeps locations in maps, ordered by name. */
const byKey = (left: JwtLocation, right: JwtLocation): number => {
  const key = (one: JwtLocation): string =>
    one.kind === 'header' ? one.name + one.prefix : one.name;
  return key(left) < key(right) ? -1 : Number(key(left) > key(right));
};

const compileLocations = (provider: JwtProvider): readonly JwtLocation[] => {
  const headers = provider.fromHeaders.map(({ name, valuePrefix }) => ({
    kind: 'header' as const,
    name: name.toLowerCase(),
    prefix: valuePrefix,
  }));
  const queries = provider.fromParams.map((name) => ({ kind: 'query' as const, name }));
  const cookies = provider.fromCookies.map((name) => ({ kind: 'cookie' as const, name }));
  const all = [headers.toSorted(byKey), queries.toSorted(byKey), cookies.toSorted(byKey)].flat();
  return all.length === 0 ? defaultLocations : all;
};

const compileMetadataKeys = (provider: JwtProvider) => ({
  payloadMetadata: provider.payloadInMetadata,
  headerMetadata: provider.headerInMetadata,
  failedStatusMetadata: provider.failedStatusInMetadata,
  spaceDelimitedClaims: new Set(provider.normalizePayloadInMetadata?.spaceDelimitedClaims ?? []),
});

const compileProvider = (
  name: string,
  provider: JwtProvider,
  findings: Findings,
  path: string,
): JwtProviderSettings => {
  const { subjects, maxLifetime, jwtCacheConfig } = provider;
  const lifetimeMs = durationMsOr(maxLifetime, 0);
  return {
    name,
    issuer: provider.issuer,
    audiences: audienceSet(provider.audiences),
    subjects: subjects && compileStringMatch(subjects, findings, `${path}.subjects`),
    requireExpiration: provider.requireExpiration,
    maxLifetimeSeconds: maxLifetime === undefined ? undefined : lifetimeMs / 1000,
    jwks: compileJwks(provider, findings, path),
    forward: provider.forward,
    locations: compileLocations(provider),
    payloadHeader: provider.forwardPayloadHeader.toLowerCase(),
    padPayloadHeader: provider.padForwardPayloadHeader,
    ...compileMetadataKeys(provider),
    clockSkewSeconds: provider.clockSkewSeconds || defaultClockSkewSeconds,
    claimHeaders: provider.claimToHeaders.map(({ headerName, claimName }) => ({
      header: headerName.toLowerCase(),
      claim: claimName,
    })),
    clearRouteCache: provider.clearRouteCache,
    cacheSize: jwtCacheConfig === undefined ? 0 : jwtCacheConfig.jwtCacheSize || defaultCacheSize,
  };
};

interface Scope {
  readonly providers: ReadonlyMap<string, JwtProviderSettings>;
  readonly findings: Findings;
}

const providerRequirement = (
  name: string,
  audiences: readonly string[],
  { providers, findings }: Scope,
  path: string,
): JwtRequirement => {
  const provider = providers.get(name);
  if (provider === undefined) {
    findings.error(path, 'ProviderUnknown', `required provider '${name}' is not configured`);
    return { kind: 'any', requirements: [] };
  }
  const own = audiences.length === 0 ? undefined : audienceSet(audiences);
  return { kind: 'provider', provider, audiences: own };
};

/** Only the laxest of the bypasses counts, and it looks where the providers beside it look. */
const compileAny = (
  messages: readonly JwtRequirementMessage[],
  scope: Scope,
  path: string,
): JwtRequirement => {
  const requirements = messages.flatMap((message, index) => {
    const kind = message.requiresType.case;
    if (kind === 'allowMissing' || kind === 'allowMissingOrFailed') return [];
    return [compileRequirement(message, scope, `${path}.requirements[${index}]`)];
  });
  const cases = new Set(messages.map(({ requiresType }) => requiresType.case));
  const lax = cases.has('allowMissingOrFailed');
  if (!lax && !cases.has('allowMissing')) return { kind: 'any', requirements };
  const providers = requirements.flatMap((one) => (one.kind === 'provider' ? [one.provider] : []));
  const bypass: JwtRequirement = {
    kind: lax ? 'allow-missing-or-failed' : 'allow-missing',
    providers,
  };
  return { kind: 'any', requirements: [...requirements, bypass] };
};

function compileRequirement(
  message: JwtRequirementMessage,
  scope: Scope,
  path: string,
): JwtRequirement {
  const { requiresType: type } = message;
  switch (type.case) {
    case 'providerName':
      return providerRequirement(type.value, [], scope, `${path}.provider_name`);
    case 'providerAndAudiences':
      return providerRequirement(
        type.value.providerName,
        type.value.audiences,
        scope,
        `${path}.provider_and_audiences.provider_name`,
      );
    case 'requiresAny':
      return compileAny(type.value.requirements, scope, `${path}.requires_any`);
    case 'requiresAll':
      return {
        kind: 'all',
        requirements: type.value.requirements.map((one, index) =>
          compileRequirement(one, scope, `${path}.requires_all.requirements[${index}]`),
        ),
      };
    case 'allowMissing':
      return { kind: 'allow-missing', providers: [] };
    case 'allowMissingOrFailed':
      return { kind: 'allow-missing-or-failed', providers: [] };
    default:
      return { kind: 'nothing' };
  }
}

interface CompiledRule {
  readonly requirement: JwtRequirement;
  matches(head: RequestHead): boolean;
}

const compileRuleMatch = (
  match: RouteMatch | undefined,
  findings: Findings,
  path: string,
): CompiledRule['matches'] => {
  if (match === undefined) {
    findings.error(path, 'FieldRequired', 'a match is required');
    return () => true;
  }
  const compiled = compileRouteMatch(match, findings, path);
  if (compiled.path.kind === 'prefix' && compiled.path.text === '/' && match.headers.length === 0) {
    return () => true;
  }
  return (head) =>
    pathMatches(compiled.path, head) && compiled.conditions.every((one) => one.holds(head));
};

const compileRule = (
  rule: RequirementRule,
  requirements: ReadonlyMap<string, JwtRequirement>,
  scope: Scope,
  path: string,
): CompiledRule => {
  const matches = compileRuleMatch(rule.match, scope.findings, `${path}.match`);
  const { requirementType: type } = rule;
  if (type.case === 'requires') {
    const requirement = compileRequirement(type.value, scope, `${path}.requires`);
    return { matches, requirement };
  }
  if (type.case === undefined) return { matches, requirement: { kind: 'nothing' } };
  const requirement = requirements.get(type.value);
  if (requirement === undefined) {
    const message = `there is no requirement '${type.value}'`;
    scope.findings.error(`${path}.requirement_name`, 'RequirementUnknown', message);
  }
  return { matches, requirement: requirement ?? { kind: 'any', requirements: [] } };
};

/** Compiles the filter's settings. */
export const compileJwtAuthn = (
  message: JwtAuthentication,
  findings: Findings,
  path: string,
): JwtAuthnSettings => {
  const providers = new Map(
    Object.entries(message.providers).map(([name, provider]) => [
      name,
      compileProvider(name, provider, findings, `${path}.providers[${name}]`),
    ]),
  );
  if (message.filterStateRules !== undefined) {
    const text = 'rules by filter state are not known';
    findings.error(`${path}.filter_state_rules`, 'FieldUnsupported', text);
  }
  const scope = { providers, findings };
  const requirements = new Map(
    Object.entries(message.requirementMap).map(([name, requirement]) => [
      name,
      compileRequirement(requirement, scope, `${path}.requirement_map[${name}]`),
    ]),
  );
  const rules = message.rules.map((rule, index) =>
    compileRule(rule, requirements, scope, `${path}.rules[${index}]`),
  );
  return {
    kind: 'jwt-authn',
    providers,
    requirements,
    bypassCorsPreflight: message.bypassCorsPreflight,
    stripFailureResponse: message.stripFailureResponse,
    select: (head) => rules.find((rule) => rule.matches(head))?.requirement,
  };
};

/** Compiles a route's settings. */
export const compileJwtRoute = (message: PerRouteConfig): JwtRouteSettings => {
  const { requirementSpecifier: specifier } = message;
  return {
    kind: 'jwt-authn-route',
    disabled: specifier.case === 'disabled' && specifier.value,
    requirement: specifier.case === 'requirementName' ? specifier.value : undefined,
  };
};
