import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  boolean,
  extend,
  mapOf,
  nonEmptyString,
  object,
  oneOfStrings,
  string,
  strings,
} from '../../schema/combinators.ts';
import type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationPolicySpec,
  AuthorizationRule,
  AuthorizationSource,
} from '../authorization-policy.ts';
import type { MutualTls, PeerAuthenticationSpec } from '../peer-authentication.ts';
import type { JwtRule, RequestAuthenticationSpec } from '../request-authentication.ts';
import { durationSchema, policySelectorSchema, policyTargetProperties } from './part.ts';

const mutualTls = object<MutualTls>({
  mode: oneOfStrings('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'),
});

/** `spec` of security.istio.io PeerAuthentication. */
export const peerAuthenticationSpecSchema: JsonSchema = object<PeerAuthenticationSpec>({
  selector: policySelectorSchema,
  mtls: mutualTls,
  portLevelMtls: mapOf(mutualTls),
});

const jwtRule = extend(
  object<JwtRule>({
    issuer: string,
    audiences: strings,
    jwksUri: string,
    jwks_uri: string,
    jwks: string,
    fromHeaders: array(
      object<{ name: string; prefix: string }>({ name: nonEmptyString, prefix: string }, ['name']),
    ),
    fromParams: strings,
    fromCookies: strings,
    outputPayloadToHeader: string,
    outputClaimToHeaders: array(
      object<{ header: string; claim: string }>({ header: nonEmptyString, claim: nonEmptyString }, [
        'header',
        'claim',
      ]),
    ),
    forwardOriginalToken: boolean,
    timeout: durationSchema,
    spaceDelimitedClaims: strings,
  }),
  atMostOneOf('jwksUri', 'jwks_uri', 'jwks'),
);

const oneTarget = atMostOneOf('selector', 'targetRefs', 'targetRef');

/** `spec` of security.istio.io RequestAuthentication. */
export const requestAuthenticationSpecSchema: JsonSchema = extend(
  object<RequestAuthenticationSpec>({
    ...policyTargetProperties,
    jwtRules: array(jwtRule, { maxItems: 4096 }),
  }),
  oneTarget,
);

const source = object<AuthorizationSource>({
  principals: strings,
  notPrincipals: strings,
  requestPrincipals: strings,
  notRequestPrincipals: strings,
  namespaces: strings,
  notNamespaces: strings,
  serviceAccounts: strings,
  notServiceAccounts: strings,
  ipBlocks: strings,
  notIpBlocks: strings,
  remoteIpBlocks: strings,
  notRemoteIpBlocks: strings,
  trustDomains: strings,
  notTrustDomains: strings,
});

const operation = object<AuthorizationOperation>({
  hosts: strings,
  notHosts: strings,
  ports: strings,
  notPorts: strings,
  methods: strings,
  notMethods: strings,
  paths: strings,
  notPaths: strings,
});

const condition = object<AuthorizationCondition>(
  { key: string, values: strings, notValues: strings },
  ['key'],
);

const rule = object<AuthorizationRule>({
  from: array(object<{ source: unknown }>({ source }), { maxItems: 512 }),
  to: array(object<{ operation: unknown }>({ operation })),
  when: array(condition),
});

/** `spec` of security.istio.io AuthorizationPolicy. */
export const authorizationPolicySpecSchema: JsonSchema = extend(
  object<AuthorizationPolicySpec>({
    ...policyTargetProperties,
    action: oneOfStrings('ALLOW', 'DENY', 'AUDIT', 'CUSTOM'),
    rules: array(rule, { maxItems: 512 }),
    provider: object<{ name: string }>({ name: string }),
  }),
  oneTarget,
);
