import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, find } from '../testing/find.ts';

const web = `
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: app, image: x }, { name: istio-proxy, image: x }] }
---`;

const policy = (spec: string, kind = 'AuthorizationPolicy', name = 'p', more = ''): string => `
kind: ${kind}
metadata: { name: ${name}${more} }
spec: ${spec}
---`;

const peer = (name: string, spec: string, more = ''): string =>
  policy(spec, 'PeerAuthentication', name, more);

const denying = (operation: string): string =>
  policy(`{ action: DENY, rules: [{ to: [{ operation: { ${operation} } }] }] }`);

const at = 'DenyRuleGap AuthorizationPolicy/default/p spec.rules[0].to[0].operation';
const advice = 'An ALLOW policy that lists what is wanted has no such gaps.';

const gapCases: readonly Case[] = [
  {
    name: 'an exact path',
    yaml: web + denying('paths: [/admin]'),
    found: [
      `${at}.paths[0]: The rule refuses path /admin but lets through /admin/ (a slash at the end), /Admin (another case), //admin (a doubled slash; pathNormalization MERGE_SLASHES closes it). ${advice}`,
    ],
  },
  {
    name: 'a path below another, with the slash at the end covered',
    yaml: web + denying('paths: [/a/b, /a/b/]'),
    found: [
      `${at}.paths[0]: The rule refuses path /a/b but lets through /A/b (another case), //a/b (a doubled slash; pathNormalization MERGE_SLASHES closes it), /a%2Fb (an encoded slash; pathNormalization DECODE_AND_MERGE_SLASHES closes it). ${advice}`,
      `${at}.paths[1]: The rule refuses path /a/b/ but lets through /A/b/ (another case), //a/b/ (a doubled slash; pathNormalization MERGE_SLASHES closes it), /a%2Fb/ (an encoded slash; pathNormalization DECODE_AND_MERGE_SLASHES closes it). ${advice}`,
    ],
  },
  {
    name: 'everything below a path, but not the path',
    yaml: web + denying('paths: [/1/*]'),
    found: [
      `${at}.paths[0]: The rule refuses path /1/* but lets through /1 (no slash at the end), //1/x (a doubled slash; pathNormalization MERGE_SLASHES closes it), /1%2Fx (an encoded slash; pathNormalization DECODE_AND_MERGE_SLASHES closes it). ${advice}`,
    ],
  },
  { name: 'every path, and templates', yaml: web + denying("paths: ['*', '/a/{*}']"), found: [] },
  {
    name: 'a host without its ports',
    yaml: web + denying("hosts: [a.example, b.example, 'b.example:*']"),
    found: [
      `${at}.hosts[0]: The rule refuses host a.example but lets through a.example:80 (a port in the Host header; "a.example:*" closes it). ${advice}`,
    ],
  },
  {
    name: 'what an ALLOW rule leaves out',
    yaml: web + policy('{ rules: [{ to: [{ operation: { notPaths: [/1] } }] }] }'),
    found: [
      `${at}.notPaths[0]: The rule refuses path /1 but lets through /1/ (a slash at the end), //1 (a doubled slash; pathNormalization MERGE_SLASHES closes it). ${advice}`,
    ],
  },
  {
    name: 'what an ALLOW rule names',
    yaml: web + policy('{ rules: [{ to: [{ operation: { paths: [/1] } }] }] }'),
    found: [],
  },
];
for (const { name, yaml, found } of gapCases)
  test(`gaps of what is refused: ${name}`, () => {
    assert.deepEqual(find(yaml, ['DenyRuleGap']), found);
  });

test('gaps of what is refused: normalisation closes them', () => {
  const yaml = web + denying('paths: ["/1/2*"]');
  assert.deepEqual(
    (['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const).map(
      (pathNormalization) => find(yaml, ['DenyRuleGap'], { pathNormalization }).length,
    ),
    [1, 1, 1, 0],
  );
  assert.match(
    find(web + denying('paths: [/a]'), ['DenyRuleGap'], { pathNormalization: 'NONE' })[0] ?? '',
    /\/%61 \(an encoded letter; pathNormalization BASE closes it\)/,
  );
});

const byName = policy('{ action: DENY, rules: [{ from: [{ source: { namespaces: [evil] } }] }] }');
const strict = (name: string, more = ''): string => peer(name, '{ mtls: { mode: STRICT } }', more);

test('gaps of what is refused: identities, where plaintext is taken', () => {
  const count = (yaml: string): number => find(yaml, ['DenyRuleGap']).length;
  assert.match(
    find(web + byName, ['DenyRuleGap'])[0] ?? '',
    /from\[0\]\.source\.namespaces: .* lets through a client in plaintext, .* default\/web takes/,
  );
  assert.equal(count(web + byName + strict('s')), 0);
  assert.equal(count(web + byName + strict('s', ', namespace: istio-system')), 0);
  assert.equal(count(web + byName + strict('s', ', namespace: other')), 1);
  const forWeb = '{ selector: { matchLabels: { app: web } }, mtls: { mode: PERMISSIVE } }';
  assert.equal(count(web + byName + strict('s') + peer('w', forWeb)), 1);
  const port = forWeb.replace(
    'mode: PERMISSIVE }',
    'mode: STRICT }, portLevelMtls: { 80: { mode: DISABLE } }',
  );
  assert.equal(count(web + byName + peer('w', port)), 1);
  assert.equal(count(byName), 0, 'nothing runs');
});

const forWeb = '{ selector: { matchLabels: { app: web } } }';

const peerCases: readonly Case[] = [
  { name: 'one for each thing', yaml: web + strict('a') + peer('b', forWeb), found: [] },
  {
    name: 'for no workload',
    yaml: peer('a', forWeb) + policy(forWeb, 'RequestAuthentication', 'r'),
    found: [
      'IST0127 PeerAuthentication/default/a spec.selector: No matching workloads for this resource with the following labels: app=web',
      'IST0127 RequestAuthentication/default/r spec.selector: No matching workloads for this resource with the following labels: app=web',
    ],
  },
  {
    name: 'two for a namespace',
    yaml:
      strict('new', ', creationTimestamp: "2026-01-02T00:00:00Z"') +
      strict('old', ', creationTimestamp: "2026-01-01T00:00:00Z"'),
    found: [
      'ConflictingPeerAuthentications PeerAuthentication/default/new metadata.name: The PeerAuthentications [new old] are all for namespace default: only the oldest, old, is in force.',
    ],
  },
  {
    name: 'two for a workload',
    yaml: web + peer('a', forWeb) + peer('b', forWeb),
    found: [
      'ConflictingPeerAuthentications PeerAuthentication/default/b metadata.name: The PeerAuthentications [a b] are all for workload default/web: only the oldest, a, is in force.',
    ],
  },
];
for (const { name, yaml, found } of peerCases)
  test(`PeerAuthentication: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0127', 'ConflictingPeerAuthentications']), found);
  });

test('rules about tokens need a RequestAuthentication', () => {
  const code = 'PolicyWithoutRequestAuthentication';
  const byToken = policy(
    '{ rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }, { when: [{ key: "request.auth.claims[a]", values: [b] }] }] }',
  );
  const reader = policy('{ jwtRules: [{ issuer: a.example }] }', 'RequestAuthentication', 'r');
  assert.deepEqual(
    find(web + byToken, [code]).map((line) => line.split(':')[0]),
    [
      `${code} AuthorizationPolicy/default/p spec.rules[0].from[0].source.requestPrincipals`,
      `${code} AuthorizationPolicy/default/p spec.rules[1].when[0].key`,
    ],
  );
  assert.deepEqual(find(web + byToken + reader, [code]), []);
  const unwanted = policy(
    '{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }] }',
  );
  assert.deepEqual(find(web + unwanted, [code]), []);
});

const shop = (tls: string, host = 'web'): string => `
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
kind: DestinationRule
metadata: { name: r }
spec: { host: '${host}', ${tls} }
---`;

const mismatchAt = 'MutualTlsMismatch DestinationRule/default/r spec';
const plainToStrict =
  'TLS mode DISABLE is for clients of default/web, which takes mutual TLS of the mesh only (PeerAuthentication STRICT): their requests end in 503.';

const tlsOf = (mode: string): string => `trafficPolicy: { tls: { mode: ${mode} } }`;
const off = peer('open', '{ mtls: { mode: DISABLE } }');

const mismatchCases: readonly Case[] = [
  { name: 'mutual to strict', yaml: web + strict('s') + shop(tlsOf('ISTIO_MUTUAL')), found: [] },
  { name: 'plaintext to permissive', yaml: web + shop(tlsOf('DISABLE')), found: [] },
  {
    name: 'plaintext to strict',
    yaml: web + strict('s') + shop(tlsOf('DISABLE')),
    found: [`${mismatchAt}.trafficPolicy.tls.mode: ${plainToStrict}`],
  },
  {
    name: 'plaintext to strict, by wildcard and subset',
    yaml: web + strict('s') + shop(`subsets: [{ name: v1, ${tlsOf('DISABLE')} }]`, '*.local'),
    found: [`${mismatchAt}.subsets[0].trafficPolicy.tls.mode: ${plainToStrict}`],
  },
  {
    name: 'mutual to plaintext',
    yaml: web + off + shop(tlsOf('ISTIO_MUTUAL')),
    found: [
      `${mismatchAt}.trafficPolicy.tls.mode: TLS mode ISTIO_MUTUAL is for clients of default/web, which takes plaintext only (PeerAuthentication DISABLE): their requests end in 503.`,
    ],
  },
  {
    name: 'another host',
    yaml: web + strict('s') + shop(tlsOf('DISABLE'), 'example.com'),
    found: [],
  },
];
for (const { name, yaml, found } of mismatchCases)
  test(`TLS of clients and workloads: ${name}`, () => {
    assert.deepEqual(find(yaml, ['MutualTlsMismatch']), found);
  });
