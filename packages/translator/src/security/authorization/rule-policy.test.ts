import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filtersView, type RbacView } from '../../testing/policy-filters-view.ts';
import { pushOf } from '../../testing/test-mesh.ts';

const policy = (spec: string): string => `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: x }
spec: ${spec}
`;

/** The one rule of a policy as an expression; undefined where the rule is left out. */
const ruleText = (
  rule: string,
  { action = 'ALLOW', level = 'http' as 'http' | 'tcp', config = {} } = {},
): string | undefined => {
  const push = pushOf(policy(`{ action: ${action}, rules: [${rule}] }`), config);
  assert.deepEqual(
    push.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
    rule,
  );
  const [filter] = filtersView(push, level) as readonly RbacView[];
  return filter?.rules?.['ns[default]-policy[x]-rule[0]'];
};

const source = (fields: string): string => `{ from: [{ source: { ${fields} } }] }`;
const operation = (fields: string): string => `{ to: [{ operation: { ${fields} } }] }`;
const when = (key: string, values: string): string =>
  `{ when: [{ key: "${key}", values: [${values}] }] }`;
const jwt = 'envoy.filters.http.jwt_authn';

test('sources', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['principals: [cluster.local/ns/a/sa/b]', 'peer exact spiffe://cluster.local/ns/a/sa/b'],
    ['principals: ["*"]', 'peer ~.+'],
    ['principals: [cluster.local/ns/a/*]', 'peer prefix spiffe://cluster.local/ns/a/'],
    ['principals: ["*/sa/b.c"]', 'peer ~spiffe://.*/sa/b\\.c'],
    ['principals: [a, b]', '(peer exact spiffe://a | peer exact spiffe://b)'],
    ['notPrincipals: [a]', '!peer exact spiffe://a'],
    ['principals: [a], notPrincipals: [b]', '(peer exact spiffe://a & !peer exact spiffe://b)'],
    ['namespaces: [prod]', 'peer ~.*/ns/prod/.*'],
    ['namespaces: ["prod-*"]', 'peer ~.*/ns/prod-.*/.*'],
    ['notNamespaces: [a, b]', '!(peer ~.*/ns/a/.* | peer ~.*/ns/b/.*)'],
    ['serviceAccounts: [web]', 'peer ~spiffe://.+/ns/default/(.+/|)sa/web(/.+)?'],
    ['serviceAccounts: [prod/web]', 'peer ~spiffe://.+/ns/prod/(.+/|)sa/web(/.+)?'],
    ['trustDomains: [td]', 'peer ~spiffe://td/.*'],
    ['trustDomains: ["*.example"]', 'peer ~spiffe://[^/]*\\.example/.*'],
    ['ipBlocks: [10.0.0.0/8, 1.2.3.4]', '(from 10.0.0.0/8 | from 1.2.3.4/32)'],
    ['notIpBlocks: ["fd00::/8"]', '!from fd00::/8'],
    ['remoteIpBlocks: [10.0.0.0/8]', 'client 10.0.0.0/8'],
    [
      'requestPrincipals: ["https://i/x/me"]',
      `(${jwt}[payload.iss] exact https://i/x & ${jwt}[payload.sub] exact me)`,
    ],
    ['requestPrincipals: ["*"]', `(${jwt}[payload.iss] ~.+ & ${jwt}[payload.sub] ~.+)`],
    ['requestPrincipals: ["iss/*"]', `(${jwt}[payload.iss] exact iss & ${jwt}[payload.sub] ~.+)`],
    [
      'requestPrincipals: ["iss/a*"]',
      `(${jwt}[payload.iss] exact iss & ${jwt}[payload.sub] prefix a)`,
    ],
    ['requestPrincipals: ["*/me"]', `(${jwt}[payload.iss] ~.+ & ${jwt}[payload.sub] exact me)`],
    [
      'requestPrincipals: ["*.com/me"]',
      `(${jwt}[payload.iss] suffix .com & ${jwt}[payload.sub] exact me)`,
    ],
    ['notRequestPrincipals: ["*"]', `!(${jwt}[payload.iss] ~.+ & ${jwt}[payload.sub] ~.+)`],
  ];
  for (const [fields, expected] of rows) {
    assert.equal(ruleText(source(fields)), `${expected} may any`, fields);
  }
});

test('operations', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['hosts: [a.example.com]', ':authority exact a.example.com nocase'],
    ['hosts: ["*.example.com"]', ':authority suffix .example.com nocase'],
    ['hosts: ["*"]', ':authority present'],
    ['notHosts: [a]', '!:authority exact a nocase'],
    ['methods: [GET, HEAD]', '(:method exact GET | :method exact HEAD)'],
    ['methods: ["*"]', ':method present'],
    ['paths: [/a]', 'path exact /a'],
    ['paths: ["/a*"]', 'path prefix /a'],
    ['paths: ["*/b"]', 'path suffix /b'],
    ['paths: ["*"]', 'path ~.+'],
    ['paths: ["/a/{*}/b"]', 'template /a/*/b'],
    ['paths: ["/a/{**}"]', 'template /a/**'],
    ['notPaths: [/healthz]', '!path exact /healthz'],
    ['ports: ["9080"]', 'port 9080'],
    ['notPorts: ["1", "2"]', '!(port 1 | port 2)'],
    ['methods: [GET], paths: [/a], ports: ["80"]', '(:method exact GET & path exact /a & port 80)'],
  ];
  for (const [fields, expected] of rows) {
    assert.equal(ruleText(operation(fields)), `any may ${expected}`, fields);
  }
});

test('conditions', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['request.headers[X-Token]', 'admin', 'x-token exact admin may any'],
    ['request.headers[x]', '"*"', 'x present may any'],
    ['source.ip', '10.0.0.0/8', 'from 10.0.0.0/8 may any'],
    ['remote.ip', '10.1.2.3', 'client 10.1.2.3/32 may any'],
    ['source.namespace', 'a', 'peer ~.*/ns/a/.* may any'],
    ['source.principal', 'a', 'peer exact spiffe://a may any'],
    ['source.serviceAccount', 'a/b', 'peer ~spiffe://.+/ns/a/(.+/|)sa/b(/.+)? may any'],
    ['request.auth.audiences', 'a', `${jwt}[payload.aud] (has exact a | exact a) may any`],
    ['request.auth.presenter', 'a', `${jwt}[payload.azp] (has exact a | exact a) may any`],
    [
      'request.auth.claims[groups]',
      'a, "b*"',
      `${jwt}[payload.groups] (has (exact a | prefix b) | (exact a | prefix b)) may any`,
    ],
    [
      'request.auth.claims[realm][roles]',
      'a',
      `${jwt}[payload.realm.roles] (has exact a | exact a) may any`,
    ],
    ['destination.ip', '10.0.0.1', 'any may to 10.0.0.1/32'],
    ['destination.port', '"80"', 'any may port 80'],
    ['connection.sni', '"*.example.com"', 'any may sni suffix .example.com'],
    [
      'experimental.envoy.filters.network.mysql_proxy[db.t]',
      '"[update]"',
      'any may envoy.filters.network.mysql_proxy[db.t] has exact update',
    ],
  ];
  for (const [key, values, expected] of rows) {
    assert.equal(ruleText(when(key, values)), expected, key);
  }
  assert.equal(
    ruleText('{ when: [{ key: source.ip, notValues: [10.0.0.0/8] }] }'),
    '!from 10.0.0.0/8 may any',
  );
});

test('sources and operations are alternatives, conditions hold for all', () => {
  const rule = `{
    from: [{ source: { namespaces: [a] } }, { source: { ipBlocks: [10.0.0.0/8] } }],
    to: [{ operation: { methods: [GET] } }, { operation: { paths: [/b] } }],
    when: [{ key: "request.headers[x]", values: [q] }, { key: destination.port, values: ["80"] }]
  }`;
  assert.equal(
    ruleText(rule),
    '(peer ~.*/ns/a/.* & x exact q), (from 10.0.0.0/8 & x exact q) may (:method exact GET & port 80), (path exact /b & port 80)',
  );
  assert.equal(ruleText('{}'), 'any may any');
});

test('the trust domain and its aliases', () => {
  const config = { trustDomain: 'new', trustDomainAliases: ['old'] };
  const rows: readonly (readonly [string, string])[] = [
    ['new/ns/a/sa/b', '(peer exact spiffe://new/ns/a/sa/b | peer exact spiffe://old/ns/a/sa/b)'],
    ['old/ns/a/sa/b', '(peer exact spiffe://new/ns/a/sa/b | peer exact spiffe://old/ns/a/sa/b)'],
    [
      'cluster.local/ns/a/sa/b',
      '(peer exact spiffe://new/ns/a/sa/b | peer exact spiffe://old/ns/a/sa/b)',
    ],
    ['foreign/ns/a/sa/b', 'peer exact spiffe://foreign/ns/a/sa/b'],
    ['"*/ns/a/sa/b"', 'peer ~spiffe://.*/ns/a/sa/b'],
    ['new/*', 'peer prefix spiffe://new/'],
  ];
  for (const [principal, expected] of rows) {
    assert.equal(ruleText(source(`principals: [${principal}]`), { config }), `${expected} may any`);
  }
  assert.equal(
    ruleText(source('trustDomains: [old]'), { config }),
    '(peer ~spiffe://new/.* | peer ~spiffe://old/.*) may any',
  );
});

test('what only HTTP has, on TCP: ALLOW rules are left out, others err on the safe side', () => {
  const tcp = { level: 'tcp' as const };
  const deny = { ...tcp, action: 'DENY' };
  const mixed =
    '{ from: [{ source: { namespaces: [a] } }], to: [{ operation: { methods: [GET] } }] }';
  assert.equal(ruleText(mixed, tcp), undefined);
  assert.equal(ruleText(mixed, deny), 'peer ~.*/ns/a/.* may any');
  assert.equal(ruleText(operation('paths: [/a], ports: ["80"]'), deny), 'any may port 80');
  assert.equal(ruleText(operation('notPaths: [/a]'), tcp), undefined);
  assert.equal(ruleText(operation('hosts: [a]'), deny), 'any may any');
  assert.equal(ruleText(source('requestPrincipals: [a/b]'), tcp), undefined);
  assert.equal(ruleText(when('request.headers[x]', 'q'), deny), 'any may any');
  assert.equal(ruleText(when('request.auth.claims[x]', 'q'), tcp), undefined);
  const plain =
    '{ from: [{ source: { principals: [a] } }], to: [{ operation: { ports: ["80"] } }] }';
  assert.equal(ruleText(plain, tcp), 'peer exact spiffe://a may port 80');
});
