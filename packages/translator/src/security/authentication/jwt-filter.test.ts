import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type JwtAuthentication,
  JwtAuthenticationSchema,
  type JwtProvider,
  type JwtRequirement,
} from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import { buildPushContext, keySetLocations, type MeshConfig } from '../../index.ts';
import { configOf, filtersView, reviewsSidecar } from '../../testing/policy-filters-view.ts';
import { bookinfo, ingressGateway, inputsOf, objectsOf, pushOf } from '../../testing/test-mesh.ts';
import { policyFilters } from '../policy-filters.ts';

const authentication = (
  rules: string,
  fields = '',
  namespace = 'default',
  name = 'jwt',
): string => `
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${fields} jwtRules: [${rules}] }
`;

const keys = `jwks: '{"keys":[]}'`;

const configured = (
  yaml: string,
  {
    keySets = new Map<string, string>(),
    config = {} as Partial<MeshConfig>,
    proxy = reviewsSidecar,
  } = {},
): JwtAuthentication | undefined => {
  const inputs = { ...inputsOf(objectsOf(bookinfo + yaml), config), keySets };
  const filter = policyFilters(buildPushContext(inputs), proxy).http.find(({ name }) =>
    name.endsWith('jwt_authn'),
  );
  return filter && fromBinary(JwtAuthenticationSchema, configOf(filter));
};

const only = (yaml: string, options = {}): JwtProvider => {
  const provider = configured(yaml, options)?.providers['origins-0'];
  assert.ok(provider);
  return provider;
};

/** `provider`, `missing`, `any(...)`, `all(...)`. */
const requirement = ({ requiresType }: JwtRequirement): string => {
  switch (requiresType.case) {
    case 'requiresAny':
      return `any(${requiresType.value.requirements.map(requirement).join(', ')})`;
    case 'requiresAll':
      return `all(${requiresType.value.requirements.map(requirement).join(', ')})`;
    case 'allowMissing':
      return 'missing';
    default:
      return String(requiresType.value);
  }
};

test('every field of a rule', () => {
  const provider = only(
    authentication(`{ issuer: https://i, audiences: [a, b], ${keys}, fromHeaders: [{ name: x-jwt, prefix: "JWT " }],
      fromParams: [token], fromCookies: [session], outputPayloadToHeader: x-payload,
      outputClaimToHeaders: [{ header: x-sub, claim: sub }], forwardOriginalToken: true, spaceDelimitedClaims: [roles] }`),
  );
  assert.deepEqual(
    [provider.issuer, provider.audiences, provider.forward, provider.forwardPayloadHeader],
    ['https://i', ['a', 'b'], true, 'x-payload'],
  );
  assert.deepEqual(
    provider.fromHeaders.map(({ name, valuePrefix }) => `${name}:${valuePrefix}`),
    ['x-jwt:JWT '],
  );
  assert.deepEqual([provider.fromParams, provider.fromCookies], [['token'], ['session']]);
  assert.deepEqual(
    provider.claimToHeaders.map(({ headerName, claimName }) => `${headerName}=${claimName}`),
    ['x-sub=sub'],
  );
  assert.equal(provider.payloadInMetadata, 'payload');
  assert.deepEqual(provider.normalizePayloadInMetadata?.spaceDelimitedClaims, [
    'permission',
    'roles',
    'scope',
  ]);
  const bare = only(authentication(`{ issuer: i, ${keys} }`));
  assert.deepEqual([bare.forward, bare.fromHeaders, bare.fromParams], [false, [], []]);
});

test('a missing token passes, a bad one does not; of several providers one good token does', () => {
  const ruleOf = (yaml: string): string => {
    const rule = configured(yaml)?.rules[0]?.requirementType;
    return rule?.case === 'requires' ? requirement(rule.value) : '?';
  };
  const one = `{ issuer: b, ${keys} }`;
  assert.equal(ruleOf(authentication(one)), 'any(origins-0, missing)');
  assert.equal(
    ruleOf(authentication(`${one}, { issuer: a, ${keys} }`)),
    'any(origins-0, origins-1, all(any(origins-0, missing), any(origins-1, missing)))',
  );
  assert.equal(configured(authentication(one))?.bypassCorsPreflight, true);
});

test('several policies add up in the order of issuers; others do not count', () => {
  const rule = (issuer: string) => `{ issuer: ${issuer}, ${keys} }`;
  const yaml =
    authentication(rule('c'), '', 'istio-system', 'root') +
    authentication(rule('b'), 'selector: { matchLabels: { app: reviews } },', 'default', 'own') +
    authentication(rule('a'), '', 'default', 'all') +
    authentication(rule('x'), 'selector: { matchLabels: { app: ratings } },', 'default', 'not') +
    authentication(rule('y'), '', 'other', 'elsewhere');
  const { providers = {} } = configured(yaml) ?? {};
  assert.deepEqual(
    Object.entries(providers).map(([name, { issuer }]) => `${name} ${issuer}`),
    ['origins-0 a', 'origins-1 b', 'origins-2 c'],
  );
  assert.equal(configured(authentication('')), undefined);
});

test('keys: inline, fetched by the control plane, or not there yet', () => {
  const keySets = new Map([
    ['https://i/keys', 'by URI'],
    ['https://i/.well-known/openid-configuration', 'by discovery'],
  ]);
  const rows: readonly (readonly [string, string])[] = [
    [`{ issuer: i, jwks: '{"keys":[1]}' }`, '{"keys":[1]}'],
    ['{ issuer: i, jwksUri: "https://i/keys" }', 'by URI'],
    ['{ issuer: i, jwks_uri: "https://i/keys" }', 'by URI'],
    ['{ issuer: "https://i" }', 'by discovery'],
    ['{ issuer: "https://i/" }', 'by discovery'],
    ['{ issuer: "https://other" }', '{"keys":[]}'],
    ['{ issuer: nobody }', '{"keys":[]}'],
  ];
  for (const [rule, expected] of rows) {
    const source = only(authentication(rule), { keySets }).jwksSourceSpecifier;
    assert.equal(source.case, 'localJwks', rule);
    assert.equal(source.case === 'localJwks' && source.value.specifier.value, expected, rule);
  }
});

test('what has to be fetched, each once', () => {
  const push = pushOf(
    authentication(
      `{ issuer: a, ${keys} }, { issuer: b, jwksUri: "https://b/k", timeout: 2s }, { issuer: c, jwksUri: "https://b/k" }, { issuer: "https://d/" }, { issuer: e }`,
    ),
  );
  assert.deepEqual(keySetLocations(push), [
    { url: 'https://b/k', kind: 'key-set', timeoutMs: 2_000 },
    { url: 'https://d/.well-known/openid-configuration', kind: 'discovery', timeoutMs: 5_000 },
  ]);
});

test('the proxy fetches itself where the mesh says so', () => {
  const inMesh = '{ issuer: i, jwksUri: "http://ratings.default.svc.cluster.local:9080/keys" }';
  const outside = '{ issuer: i, jwksUri: "https://outside.example.com/keys" }';
  const sourceOf = (rule: string, jwksFetchMode: MeshConfig['jwksFetchMode']) => {
    const source = only(authentication(rule), { config: { jwksFetchMode } }).jwksSourceSpecifier;
    return source.case === 'remoteJwks'
      ? source.value.httpUri?.httpUpstreamType.value
      : source.case;
  };
  const cluster = 'outbound|9080||ratings.default.svc.cluster.local';
  assert.equal(sourceOf(inMesh, 'istiod'), 'localJwks');
  assert.equal(sourceOf(inMesh, 'hybrid'), cluster);
  assert.equal(sourceOf(outside, 'hybrid'), 'localJwks');
  assert.equal(sourceOf(outside, 'envoy'), 'outbound|443||outside.example.com');
});

test('gateways choose the route again once claims are known', () => {
  const yaml = authentication(`{ issuer: i, ${keys} }`, '', 'istio-system');
  assert.equal(only(yaml).clearRouteCache, false);
  assert.equal(only(yaml, { proxy: ingressGateway() }).clearRouteCache, true);
});

test('authentication comes between CUSTOM and the other actions', () => {
  const yaml = `${authentication(`{ issuer: i, ${keys} }`)}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask }
spec: { action: CUSTOM, provider: { name: x }, rules: [{}] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: allow }
spec: { rules: [{}] }
`;
  const names = filtersView(pushOf(yaml)).map((filter) =>
    typeof filter === 'string' ? filter : filter.action,
  );
  assert.deepEqual(names, ['DENY', 'envoy.filters.http.jwt_authn', 'ALLOW']);
});

test('of an invalid policy the rules without errors count', () => {
  const yaml = authentication(`{ issuer: a, ${keys}, fromParams: [""] }, { issuer: b, ${keys} }`);
  const { providers = {} } = configured(yaml) ?? {};
  assert.deepEqual(
    Object.values(providers).map(({ issuer }) => issuer),
    ['b'],
  );
});
