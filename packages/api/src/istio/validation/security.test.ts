import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { validateIstioObject } from './istio-object.ts';

const findingsOf = (kind: string, spec: string): readonly string[] =>
  validateIstioObject({
    apiVersion: kind === 'Gateway' ? 'networking.istio.io/v1' : 'security.istio.io/v1',
    kind,
    metadata: { name: 'x', namespace: 'default' },
    spec: parse(spec),
  } as never).map(
    ({ severity, path, message }) =>
      `${severity === 'warning' ? 'warning ' : ''}${path}: ${message}`,
  );

/** Spec, and the beginning of each finding. */
type Rows = readonly (readonly [string, readonly string[]])[];

const check = (kind: string, rows: Rows): void => {
  for (const [spec, expected] of rows) {
    const found = findingsOf(kind, spec);
    assert.equal(found.length, expected.length, `${spec}\n${found.join('\n')}`);
    for (const [index, start] of expected.entries())
      assert.ok(found[index]?.startsWith(start), `${spec}\n${found[index]}\n${start}`);
  }
};

test('PeerAuthentication', () => {
  check('PeerAuthentication', [
    ['{}', []],
    ['{mtls: {mode: STRICT}}', []],
    ['{selector: {matchLabels: {app: a}}, portLevelMtls: {"80": {mode: DISABLE}}}', []],
    ['{selector: {}, mtls: {mode: STRICT}}', ['warning spec.selector: a selector without labels']],
    ['{selector: {matchLabels: {app: "*"}}}', ['spec.selector.matchLabels.app: wildcards']],
    ['{portLevelMtls: {"80": {mode: STRICT}}}', ['spec.selector: port level mTLS requires']],
    [
      '{selector: {matchLabels: {app: a}}, portLevelMtls: {}}',
      ['spec.portLevelMtls: port level mTLS must name'],
    ],
    [
      '{selector: {matchLabels: {app: a}}, portLevelMtls: {"0": {}, http: {}}}',
      ['spec.portLevelMtls[0]: port number 0', 'spec.portLevelMtls.http: "http" is not'],
    ],
    ['{mtls: {mode: MAYBE}}', ['spec.mtls.mode: ']],
  ]);
});

test('RequestAuthentication', () => {
  const keys = `jwks: '{"keys": []}'`;
  check('RequestAuthentication', [
    ['{}', []],
    ['{jwtRules: [{issuer: https://i}]}', []],
    ['{jwtRules: [{jwksUri: https://i/keys}]}', []],
    [`{jwtRules: [{issuer: i, jwks: '{"kty": "RSA"}'}]}`, []],
    [`{jwtRules: [{${keys}}]}`, ['spec.jwtRules[0].issuer: a rule needs']],
    ['{jwtRules: [{issuer: i, jwks: nonsense}]}', ['spec.jwtRules[0].jwks: must be']],
    ['{jwtRules: [{issuer: i, jwks: "[]"}]}', ['spec.jwtRules[0].jwks: must be']],
    ['{jwtRules: [{issuer: i, jwksUri: "ftp://i"}]}', ['spec.jwtRules[0].jwksUri: ']],
    [`{jwtRules: [{issuer: i, jwksUri: "https://i", ${keys}}]}`, ['spec.jwtRules[0]']],
    ['{jwtRules: [{issuer: i, audiences: [""]}]}', ['spec.jwtRules[0].audiences[0]: ']],
    [
      '{jwtRules: [{issuer: i, fromHeaders: [{name: "a b"}]}]}',
      ['spec.jwtRules[0].fromHeaders[0].name: '],
    ],
    ['{jwtRules: [{issuer: i, fromParams: [""]}]}', ['spec.jwtRules[0].fromParams[0]: ']],
    ['{jwtRules: [{issuer: i, fromCookies: [""]}]}', ['spec.jwtRules[0].fromCookies[0]: ']],
    [
      '{jwtRules: [{issuer: i, outputClaimToHeaders: [{header: "x y", claim: sub}]}]}',
      ['spec.jwtRules[0].outputClaimToHeaders[0].header: '],
    ],
    ['{jwtRules: [{issuer: i, timeout: soon}]}', ['spec.jwtRules[0].timeout: ']],
  ]);
});

const rule = (text: string, action = 'ALLOW'): string => `{action: ${action}, rules: [${text}]}`;
const at = 'spec.rules[0]';

describe('AuthorizationPolicy', () => {
  test('targets', () => {
    const reference = (text: string): string => `{targetRefs: [${text}]}`;
    check('AuthorizationPolicy', [
      [reference('{group: gateway.networking.k8s.io, kind: Gateway, name: a}'), []],
      [reference('{group: networking.istio.io, kind: Gateway, name: a}'), []],
      [reference('{group: "", kind: Service, name: a}'), []],
      [reference('{kind: Pod, name: a}'), ['spec.targetRefs[0].kind: "/Pod" cannot']],
      [reference('{kind: toString, name: a}'), ['spec.targetRefs[0].kind: "/toString" cannot']],
      [
        reference('{group: networking.istio.io, kind: ServiceEntry, name: a, namespace: b}'),
        ['spec.targetRefs[0].namespace: references across'],
      ],
      ['{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}', ['spec']],
    ]);
  });

  test('actions', () => {
    check('AuthorizationPolicy', [
      ['{}', []],
      ['{action: ALLOW}', []],
      ['{action: AUDIT, rules: [{}]}', []],
      ['{action: DENY, rules: [{}]}', []],
      ['{action: DENY}', ['spec.rules: DENY without rules is never triggered']],
      ['{action: CUSTOM, provider: {name: p}, rules: [{}]}', []],
      ['{action: CUSTOM, provider: {name: p}}', ['spec.rules: CUSTOM without rules']],
      ['{action: CUSTOM, rules: [{}]}', ['spec.provider.name: CUSTOM needs']],
      ['{provider: {name: p}}', ['spec.provider: only action CUSTOM']],
      [
        '{action: CUSTOM, provider: {name: p}, rules: [{from: [{source: {principals: [a]}}], when: [{key: "request.auth.claims[a]", values: [b]}]}]}',
        [`${at}.from[0].source.principals: is not supported`, `${at}.when[0].key: "request.auth`],
      ],
      [
        rule('{to: [{operation: {methods: [GET]}}]}', 'DENY'),
        [`warning ${at}: denies all connections to TCP ports`],
      ],
      [rule('{to: [{operation: {methods: [GET], ports: ["80"]}}]}', 'DENY'), []],
      [rule('{from: [{source: {requestPrincipals: ["*"]}}]}', 'DENY'), [`warning ${at}: denies`]],
      [rule('{from: [{source: {namespaces: [a]}}]}', 'DENY'), []],
    ]);
  });

  test('sources and operations', () => {
    const source = (text: string): string => rule(`{from: [{source: {${text}}}]}`);
    const operation = (text: string): string => rule(`{to: [{operation: {${text}}}]}`);
    check('AuthorizationPolicy', [
      [rule('{}'), []],
      [rule('{from: []}'), [`${at}.from: must not be an empty list`]],
      [rule('{to: []}'), [`${at}.to: must not be an empty list`]],
      [rule('{from: [{}]}'), [`${at}.from[0].source: must be set`]],
      [source(''), [`${at}.from[0].source: must have at least one`]],
      [source('principals: []'), [`${at}.from[0].source: must have at least one`]],
      [source('principals: [], namespaces: [a]'), []],
      [source('principals: [""]'), [`${at}.from[0].source.principals: must not contain`]],
      [source('ipBlocks: [10.0.0.1/8, "::1"]'), []],
      [source('remoteIpBlocks: [10.0.0]'), [`${at}.from[0].source.remoteIpBlocks[0]: `]],
      [source('serviceAccounts: [a, b/c]'), []],
      [source('serviceAccounts: ["*"]'), [`${at}.from[0].source.serviceAccounts[0]: `]],
      [source('serviceAccounts: [a], principals: [b]'), [`${at}.from[0].source: serviceAccounts`]],
      [operation('ports: ["0", "65536"]'), [`${at}.to[0].operation.ports[1]: "65536"`]],
      [operation('paths: [/a, "/a*", "*a", "*"]'), []],
      [operation('paths: ["/a/{*}/b/{**}"]'), []],
      [operation('paths: ["/{**}/a"]'), []],
      [
        operation('paths: ["/{**}/{*}"]'),
        [`${at}.to[0].operation.paths[0]: {**} must be the last`],
      ],
      [operation('paths: ["/a{*}"]'), [`${at}.to[0].operation.paths[0]: braces`]],
      [operation('notPaths: ["/{name}"]'), [`${at}.to[0].operation.notPaths[0]: braces`]],
      [operation('paths: ["/{*}/a*"]'), [`${at}.to[0].operation.paths[0]: "a*"`]],
    ]);
  });

  test('conditions', () => {
    const when = (key: string, values = 'values: [a]'): string =>
      rule(`{when: [{key: "${key}", ${values}}]}`);
    check('AuthorizationPolicy', [
      [when('request.headers[x]'), []],
      [when('request.auth.claims[a][b]'), []],
      [when('experimental.envoy.filters.a.b[c]'), []],
      [when('source.serviceAccount'), []],
      [when('source.ip', 'notValues: [10.0.0.0/8]'), []],
      [when('source.ip'), [`${at}.when[0].values[0]: "a" is not an IP`]],
      [when('destination.port'), [`${at}.when[0].values[0]: "a" is not a port`]],
      [when('request.headers'), [`${at}.when[0].key: "request.headers" should have the form`]],
      [when('request.headers[]'), [`${at}.when[0].key: "request.headers[]" should have`]],
      [when('request.headers[a b]'), [`${at}.when[0].key: "a b" is not a valid header`]],
      [when('request.headers[:method]'), []],
      [when('request.size'), [`${at}.when[0].key: unknown attribute`]],
      [when('constructor'), [`${at}.when[0].key: unknown attribute`]],
      [when('destination.labels[a]'), [`${at}.when[0].key: attribute "destination.labels[a]"`]],
      [when('source.ip', 'values: []'), [`${at}.when[0].values: a condition must have`]],
      [when('request.headers[x]', 'values: [""]'), [`${at}.when[0].values[0]: must not be empty`]],
    ]);
  });
});

test('TLS of gateways', () => {
  const tls = (text: string): string =>
    `{selector: {a: b}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["a.example.com"], tls: {${text}}}]}`;
  const path = 'spec.servers[0].tls';
  const pair = 'serverCertificate: /c, privateKey: /k';
  check('Gateway', [
    [tls('mode: SIMPLE, credentialName: a'), []],
    [tls('mode: SIMPLE, credentialNames: [a, b]'), []],
    [tls(`mode: SIMPLE, ${pair}`), []],
    [tls('mode: SIMPLE'), [`${path}.serverCertificate: `, `${path}.privateKey: `]],
    [tls('mode: SIMPLE, credentialName: a, credentialNames: [b]'), [`${path}: only one of`]],
    [tls(`mode: SIMPLE, credentialName: a, ${pair}`), [`${path}: only one of`]],
    [
      tls('mode: SIMPLE, tlsCertificates: [{serverCertificate: /c}]'),
      [`${path}.tlsCertificates[0].privateKey: `],
    ],
    [tls(`mode: MUTUAL, ${pair}`), [`${path}.caCertificates: MUTUAL TLS requires`]],
    [tls(`mode: MUTUAL, tlsCertificates: [{${pair}}]`), [`${path}.caCertificates: MUTUAL`]],
    [tls('mode: ISTIO_MUTUAL'), []],
    [tls('mode: ISTIO_MUTUAL, credentialNames: [a]'), [`${path}.credentialNames: ISTIO_MUTUAL`]],
    [
      tls('mode: SIMPLE, credentialName: a, caCrl: /crl'),
      [`${path}.caCrl: has to`, `${path}.caCrl: SIMPLE`],
    ],
    [
      tls('mode: SIMPLE, credentialName: a, cipherSuites: [AES128-SHA, NOPE, AES128-SHA]'),
      [
        `warning ${path}.cipherSuites[1]: "NOPE"`,
        `warning ${path}.cipherSuites[2]: "AES128-SHA" is there twice`,
      ],
    ],
    [
      tls('mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_1'),
      [`warning ${path}.minProtocolVersion: versions below`],
    ],
    [
      tls(
        'mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2',
      ),
      [`${path}.minProtocolVersion: must not be above`],
    ],
  ]);
});
