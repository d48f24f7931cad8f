import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import { DataSourceSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  JwtAuthenticationSchema,
  type JwtProvider,
  JwtProviderSchema,
  type JwtRequirement,
  JwtRequirementSchema,
  RemoteJwksSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { duration } from '../../envoy/duration.ts';
import type { JwtRule } from '../../input/request-authentication.ts';
import { outboundCluster } from '../../naming/cluster-name.ts';
import type { PushContext } from '../../push-context/push-context.ts';
import { routeMatch } from '../../route/route-match.ts';
import { jwtFilter, jwtPayload } from '../authorization/claim-test.ts';
import { type PolicySubject, policiesFor } from '../policy-selection.ts';
import { defaultFetchTimeoutMs, keySetLocation } from './key-set.ts';

/** Claims that hold several values in one text. */
const spaceDelimited = ['permission', 'scope'];

/** Keys that the proxy fetched itself are taken for this long. */
const remoteCacheMs = 300_000;

/** Until its keys are known every token of an issuer is invalid. */
const noKeys = '{"keys":[]}';

type KeySource = JwtProvider['jwksSourceSpecifier'];

const inline = (jwks: string): KeySource => ({
  case: 'localJwks',
  value: create(DataSourceSchema, { specifier: { case: 'inlineString', value: jwks } }),
});

/** Scheme, host and port of a URL. */
const urlParts = /^(https?):\/\/([^/:?#]+)(?::(\d+))?/i;

interface UrlTarget {
  readonly hostname: string;
  readonly number: number;
}

const urlTarget = (url: string): UrlTarget => {
  const [, scheme = '', hostname = '', port] = urlParts.exec(url) ?? [];
  const preset = scheme.toLowerCase() === 'https' ? 443 : 80;
  return { hostname, number: port === undefined ? preset : Number(port) };
};

/** The cluster there would be, if somebody made a ServiceEntry for the host. */
const unservedCluster = (url: string): string => {
  const { hostname, number } = urlTarget(url);
  return outboundCluster(number, '', hostname);
};

/** Cluster towards the host of a URL; undefined: no service of the mesh has its name and port. */
const clusterOf = (push: PushContext, url: string): string | undefined => {
  const { hostname, number } = urlTarget(url);
  const known = push.services.byHostname.get(hostname) ?? [];
  const isServed = known.some(({ ports }) => ports.some((one) => one.number === number));
  return isServed ? outboundCluster(number, '', hostname) : undefined;
};

/**
 * Keys in the rule, or fetched by the control plane, or, where the mesh says so and a service of the
 * mesh has them, by the proxy.
 */
const keySource = (push: PushContext, rule: JwtRule): KeySource => {
  const location = keySetLocation(rule);
  if (location === undefined) return inline(rule.jwks || noKeys);
  const { jwksFetchMode } = push.meshConfig;
  if (jwksFetchMode !== 'istiod' && location.kind === 'key-set') {
    const cluster = clusterOf(push, location.url);
    if (cluster !== undefined || jwksFetchMode === 'envoy') {
      return remote(location.url, cluster ?? unservedCluster(location.url), rule);
    }
  }
  return inline(push.keySets.get(location.url) ?? noKeys);
};

const remote = (uri: string, cluster: string, { timeout }: JwtRule): KeySource => {
  const value = create(RemoteJwksSchema, {
    httpUri: {
      uri,
      httpUpstreamType: { case: 'cluster', value: cluster },
      timeout: duration(timeout ?? defaultFetchTimeoutMs),
    },
    cacheDuration: duration(remoteCacheMs),
  });
  return { case: 'remoteJwks', value };
};

const providerOf = (push: PushContext, rule: JwtRule, clearRouteCache: boolean): JwtProvider =>
  create(JwtProviderSchema, {
    issuer: rule.issuer ?? '',
    audiences: [...rule.audiences],
    forward: rule.forwardOriginalToken ?? false,
    forwardPayloadHeader: rule.outputPayloadToHeader ?? '',
    payloadInMetadata: jwtPayload,
    normalizePayloadInMetadata: {
      spaceDelimitedClaims: [...new Set([...spaceDelimited, ...rule.spaceDelimitedClaims])].sort(),
    },
    claimToHeaders: rule.outputClaimToHeaders.map(({ header = '', claim = '' }) => ({
      headerName: header,
      claimName: claim,
    })),
    fromHeaders: rule.fromHeaders.map(({ name = '', prefix = '' }) => ({
      name,
      valuePrefix: prefix,
    })),
    fromParams: [...rule.fromParams],
    fromCookies: [...rule.fromCookies],
    clearRouteCache,
    jwksSourceSpecifier: keySource(push, rule),
  });

const by = (providerName: string): JwtRequirement =>
  create(JwtRequirementSchema, { requiresType: { case: 'providerName', value: providerName } });

const some = (requirements: JwtRequirement[]): JwtRequirement =>
  create(JwtRequirementSchema, {
    requiresType: { case: 'requiresAny', value: { requirements } },
  });

/** A token of the provider, if there is one, is good. */
const goodIfAny = (providerName: string): JwtRequirement =>
  some([
    by(providerName),
    create(JwtRequirementSchema, { requiresType: { case: 'allowMissing', value: {} } }),
  ]);

/**
 * A request without token passes, one with a bad token does not. Of several providers one good token
 * is enough, since they may look in the same place, where one's token is the other's bad one.
 */
const requirementOf = (names: readonly string[]): JwtRequirement => {
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return goodIfAny(only);
  return some([
    ...names.map(by),
    create(JwtRequirementSchema, {
      requiresType: { case: 'requiresAll', value: { requirements: names.map(goodIfAny) } },
    }),
  ]);
};

const compareIssuers = ({ issuer: left = '' }: JwtRule, { issuer: right = '' }: JwtRule): number =>
  left === right ? 0 : left < right ? -1 : 1;

/** All rules for a workload, its namespace's before the root's, in the order of their issuers. */
const rulesFor = (push: PushContext, subject: PolicySubject): readonly JwtRule[] =>
  policiesFor(push.requestAuthentications, subject, [
    subject.namespace,
    push.meshConfig.rootNamespace,
  ])
    .flatMap(({ spec }) => spec.jwtRules)
    .sort(compareIssuers);

/**
 * `envoy.filters.http.jwt_authn` of all RequestAuthentications for a workload; undefined without any.
 * `clearRouteCache`: routes may depend on claims, and are chosen again once these are known.
 */
export const jwtAuthentication = (
  push: PushContext,
  subject: PolicySubject,
  clearRouteCache: boolean,
): HttpFilter | undefined => {
  const rules = rulesFor(push, subject);
  if (rules.length === 0) return undefined;
  const providers = Object.fromEntries(
    rules.map((rule, index) => [`origins-${index}`, providerOf(push, rule, clearRouteCache)]),
  );
  const config = create(JwtAuthenticationSchema, {
    providers,
    rules: [
      {
        match: routeMatch(undefined),
        requirementType: { case: 'requires', value: requirementOf(Object.keys(providers)) },
      },
    ],
    bypassCorsPreflight: true,
  });
  return create(HttpFilterSchema, {
    name: jwtFilter,
    configType: { case: 'typedConfig', value: packAny(JwtAuthenticationSchema, config) },
  });
};
