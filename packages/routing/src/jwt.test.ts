import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { JwtAuthenticationSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import fc from 'fast-check';
import { Findings } from './findings.ts';
import { type Jwks, parseJwks } from './jwks.ts';
import { compileJwtAuthn } from './jwt-compilation.ts';
import { extractJwts, withoutParameters } from './jwt-extraction.ts';
import type { JwtAuthnSettings } from './jwt-settings.ts';
import { parseJwt } from './jwt-token.ts';
import type { JwtEffects, JwtVerdict, JwtWorld } from './jwt-verdict.ts';
import { verifyJwts } from './jwt-verification.ts';
import type { RequestHead } from './request-head.ts';

fc.configureGlobal({ seed: 20_261_121 });

const now = 1_700_000_000;
const issuer = 'https://issuer.example';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const jwkOf = (key: KeyObject, kid: string): JsonObject => ({
  ...(key.export({ format: 'jwk' }) as JsonObject),
  kid,
});

const jwks = parseJwks(
  JSON.stringify({ keys: [jwkOf(ec.publicKey, 'ec'), jwkOf(rsa.publicKey, 'rsa')] }),
) as Jwks;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const claims = { iss: issuer, sub: 'me', exp: now + 100, aud: 'https://api.example/' };

/** A token signed with ES256, unless a test says otherwise. */
const token = (
  payload: JsonObject = claims,
  header: JsonObject = { alg: 'ES256', kid: 'ec' },
  key: KeyObject = ec.privateKey,
): string => {
  const signed = `${encode(header)}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
};

const world: JwtWorld = {
  nowSeconds: now,
  keys: () => jwks,
  verify: (_, keys, signed, signature) =>
    keys.some(({ jwk }) =>
      verify(
        'sha256',
        Buffer.from(signed),
        { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
        signature,
      ),
    ),
};

const local = { localJwks: { inlineString: '{"keys":[]}' } };

const compile = (json: JsonObject): JwtAuthnSettings => {
  const findings = new Findings();
  const settings = compileJwtAuthn(fromJson(JwtAuthenticationSchema, json), findings, 'jwt');
  assert.deepEqual(findings.checked(true).diagnostics, []);
  return settings;
};

/** As Istio writes a RequestAuthentication with one rule. */
const optional = (provider: JsonObject = {}): JwtAuthnSettings =>
  compile({
    providers: { p: { issuer, ...local, payloadInMetadata: 'payload', ...provider } },
    rules: [
      {
        match: { prefix: '/' },
        requires: { requiresAny: { requirements: [{ providerName: 'p' }, { allowMissing: {} }] } },
      },
    ],
  });

const head = (headers: Readonly<Record<string, string>>, path = '/a?b=c'): RequestHead => ({
  method: 'GET',
  scheme: 'http',
  authority: 'a.example',
  path,
  header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
});

const bearer = (text: string): RequestHead => head({ authorization: `Bearer ${text}` });

const judge = (settings: JwtAuthnSettings, request: RequestHead): JwtVerdict => {
  const requirement = settings.select(request);
  assert.ok(requirement !== undefined);
  return verifyJwts(settings, requirement, request, world);
};

/** `ok`, or status and body. */
const said = (verdict: JwtVerdict): string =>
  verdict.kind === 'denied' ? `${verdict.statusCode} ${verdict.body}` : verdict.kind;

const effectsOf = (verdict: JwtVerdict): JwtEffects => {
  assert.equal(verdict.kind, 'allowed', said(verdict));
  return verdict.kind === 'allowed' ? verdict.effects : assert.fail();
};

const good = token();

test('a good token: payload in metadata, token taken out', () => {
  const effects = effectsOf(judge(optional(), bearer(good)));
  assert.deepEqual(effects.metadata, { payload: claims });
  assert.deepEqual(effects.removeHeaders, ['authorization']);
  const forwarded = effectsOf(judge(optional({ forward: true }), bearer(good)));
  assert.deepEqual(forwarded.removeHeaders, []);
});

const none = `${encode({ alg: 'none' })}.${encode(claims)}.`;
const hmac = `${encode({ alg: 'HS256', kid: 'rsa' })}.${encode(claims)}.${encode('x')}`;
const [, payloadPart, signaturePart] = good.split('.');

const refused: Readonly<Record<string, readonly [string, string]>> = {
  'no signature at all': [
    none,
    '401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  ],
  'algorithm none': [`${none}AA`, '401 Jwt header [alg] is not supported'],
  'algorithm None': [
    `${encode({ alg: 'None' })}.${payloadPart}.${signaturePart}`,
    '401 Jwt header [alg] is not supported',
  ],
  'a public RSA key as HMAC secret': [hmac, '401 Jwt verification fails'],
  'a signature of somebody else': [
    token(claims, { alg: 'ES256' }, stranger.privateKey),
    '401 Jwt verification fails',
  ],
  'another payload under the signature': [
    `${good.split('.')[0]}.${encode({ ...claims, sub: 'root' })}.${signaturePart}`,
    '401 Jwt verification fails',
  ],
  'a key nobody has': [
    token(claims, { alg: 'ES256', kid: 'other' }),
    "401 Jwks doesn't have key to match kid or alg from Jwt",
  ],
  'an algorithm of another key': [
    token(claims, { alg: 'RS256', kid: 'ec' }),
    '401 Jwt verification fails',
  ],
  'a critical extension': [
    token(claims, { alg: 'ES256', kid: 'ec', crit: ['x'] }),
    '401 Jwt header [crit] is not supported',
  ],
  'a token that has expired': [token({ ...claims, exp: now - 61 }), '401 Jwt is expired'],
  'an expiry at the epoch': [token({ ...claims, exp: 0 }), '401 Jwt is expired'],
  'a token of the future': [token({ ...claims, nbf: now + 61 }), '401 Jwt not yet valid'],
  'an expiry that is no number': [
    token({ ...claims, exp: '9999999999' }),
    '401 Jwt payload [exp] field is not an integer',
  ],
  'another issuer': [
    token({ ...claims, iss: 'https://evil.example' }),
    '401 Jwt issuer is not configured',
  ],
  'an issuer that is a list': [
    token({ ...claims, iss: [issuer] as unknown as string }),
    '401 Jwt payload [iss] field is not a string',
  ],
  padding: [`${good}=`, '401 Jwt signature is an invalid Base64'],
  'a fourth part': [
    `${good}.x`,
    '401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  ],
  'two tokens in one': [
    `${good},${good}`,
    '401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  ],
  nonsense: [
    'xx',
    '401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  ],
  'a header that is no JSON': [
    `${Buffer.from('{').toString('base64url')}.${payloadPart}.${signaturePart}`,
    '401 Jwt header is an invalid JSON',
  ],
};

for (const [name, [text, wanted]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => assert.equal(said(judge(optional(), bearer(text))), wanted));
}

test('clocks may differ by 60 seconds, or as configured', () => {
  const late = bearer(token({ ...claims, exp: now - 59 }));
  assert.equal(said(judge(optional(), late)), 'allowed');
  assert.equal(said(judge(optional({ clockSkewSeconds: 10 }), late)), '401 Jwt is expired');
});

test('audiences: any of them, without scheme and slash; others are 403', () => {
  assert.equal(said(judge(optional({ audiences: ['api.example'] }), bearer(good))), 'allowed');
  const list = token({ ...claims, aud: ['x', 'api.example'] });
  assert.equal(said(judge(optional({ audiences: ['api.example'] }), bearer(list))), 'allowed');
  const wanted = '403 Audiences in Jwt are not allowed';
  assert.equal(said(judge(optional({ audiences: ['other'] }), bearer(good))), wanted);
  assert.equal(
    said(judge(optional({ audiences: ['other'] }), bearer(token({ iss: issuer })))),
    wanted,
  );
});

test('no token: passes when missing is allowed, otherwise 401 with a challenge', () => {
  assert.deepEqual(effectsOf(judge(optional(), head({}))).metadata, {});
  assert.equal(said(judge(optional(), head({ authorization: 'Basic x' }))), 'allowed');
  const settings = compile({
    providers: { p: { issuer, ...local } },
    rules: [{ match: { prefix: '/' }, requires: { providerName: 'p' } }],
  });
  const missing = judge(settings, head({}));
  assert.equal(said(missing), '401 Jwt is missing');
  assert.ok(missing.kind === 'denied');
  assert.equal(missing.challenge, 'Bearer realm="http://a.example/a"');
  assert.equal(missing.details, 'jwt_authn_access_denied{Jwt_is_missing}');
  const bad = judge(settings, bearer('x'));
  assert.ok(bad.kind === 'denied');
  assert.equal(bad.challenge, 'Bearer realm="http://a.example/a", error="invalid_token"');
});

test('tokens are found in headers, parameters and cookies, and taken out', () => {
  const settings = optional({
    fromHeaders: [{ name: 'X-Token', valuePrefix: 'jwt ' }, { name: 'x-bare' }],
    fromParams: ['t'],
    fromCookies: ['session'],
  });
  const requests: readonly RequestHead[] = [
    head({ 'x-token': `jwt ${good}` }),
    head({ 'x-bare': good }),
    head({}, `/a?t=${good}&u=1`),
    head({}, `/a?%74=${good}`),
    head({ cookie: `a=b; session="${good}"; c=d` }),
  ];
  for (const request of requests) {
    assert.deepEqual(effectsOf(judge(settings, request)).metadata, { payload: claims });
  }
  // Other places are not looked at any more.
  assert.deepEqual(effectsOf(judge(settings, bearer(good))).metadata, {});
  const effects = effectsOf(judge(optional(), head({}, `/a?access_token=${good}&u=1`)));
  assert.deepEqual(effects.removeParameters, ['access_token']);
  assert.equal(withoutParameters('/a?access_token=x&u=1#f', ['access_token']), '/a?u=1#f');
  assert.equal(withoutParameters('/a?access_token=x', ['access_token']), '/a');
});

test('a bad token beside a good one: in the first place it decides', () => {
  const both = head({ authorization: 'Bearer x.y.z' }, `/?access_token=${good}`);
  assert.equal(said(judge(optional(), both)), '401 Jwt header is an invalid Base64url encoded');
});

test('claims and payload go into headers that nobody else can set', () => {
  const settings = optional({
    forwardPayloadHeader: 'X-Payload',
    claimToHeaders: [
      { headerName: 'X-Sub', claimName: 'sub' },
      { headerName: 'x-level', claimName: 'a.level' },
      { headerName: 'x-groups', claimName: 'groups' },
      { headerName: 'x-evil', claimName: 'evil' },
    ],
  });
  const payload = { ...claims, a: { level: 7 }, groups: ['x'], evil: 'a\r\nb: c' };
  const effects = effectsOf(judge(settings, bearer(token(payload))));
  assert.deepEqual(effects.addHeaders, [
    ['x-payload', encode(payload)],
    ['x-sub', 'me'],
    ['x-level', '7'],
    ['x-groups', Buffer.from('["x"]').toString('base64')],
  ]);
  const forged = effectsOf(judge(settings, head({ 'x-sub': 'root' })));
  assert.deepEqual(forged.removeHeaders, ['x-payload', 'x-sub', 'x-level', 'x-groups', 'x-evil']);
});

test('claims with blanks become lists where that is asked for', () => {
  const settings = optional({ normalizePayloadInMetadata: { spaceDelimitedClaims: ['scope'] } });
  const effects = effectsOf(judge(settings, bearer(token({ ...claims, scope: 'a  b' }))));
  assert.deepEqual(effects.metadata['payload'], { ...claims, scope: ['a', 'b'] });
});

test('several issuers: each token by its own provider, and both when both come', () => {
  const other = 'https://other.example';
  const any = (name: string): JsonObject => ({
    requiresAny: { requirements: [{ providerName: name }, { allowMissing: {} }] },
  });
  const settings = compile({
    providers: {
      a: { issuer, ...local, payloadInMetadata: 'a' },
      b: { issuer: other, ...local, payloadInMetadata: 'b', fromHeaders: [{ name: 'x-b' }] },
    },
    rules: [
      {
        match: { prefix: '/' },
        requires: {
          requiresAny: {
            requirements: [
              { providerName: 'a' },
              { providerName: 'b' },
              { requiresAll: { requirements: [any('a'), any('b')] } },
            ],
          },
        },
      },
    ],
  });
  const forB = token({ ...claims, iss: other });
  assert.deepEqual(Object.keys(effectsOf(judge(settings, bearer(good))).metadata), ['a']);
  assert.deepEqual(Object.keys(effectsOf(judge(settings, head({ 'x-b': forB }))).metadata), ['b']);
  assert.equal(said(judge(settings, head({}))), 'allowed');
  assert.equal(said(judge(settings, bearer(forB))), '401 Jwt issuer is not configured');
  const expired = token({ ...claims, iss: other, exp: 1 });
  assert.equal(said(judge(settings, head({ 'x-b': expired }))), '401 Jwt is expired');
});

test('keys that are not there yet are asked for; keys that cannot be had refuse', () => {
  const settings = optional();
  const requirement = settings.select(head({}));
  assert.ok(requirement !== undefined);
  const request = bearer(good);
  const waiting = verifyJwts(settings, requirement, request, { ...world, keys: () => undefined });
  assert.ok(waiting.kind === 'keys-wanted');
  assert.deepEqual(
    waiting.providers.map(({ name }) => name),
    ['p'],
  );
  const failed = verifyJwts(settings, requirement, request, { ...world, keys: () => 'failed' });
  assert.equal(said(failed), "401 Jwks doesn't have any valid public key");
});

test('rules: the first that matches; none: the request is not looked at', () => {
  const settings = compile({
    providers: { p: { issuer, ...local } },
    rules: [{ match: { prefix: '/health' } }, { match: { prefix: '/api' }, requirementName: 'r' }],
    requirementMap: { r: { providerName: 'p' } },
  });
  assert.equal(said(judge(settings, head({}, '/health'))), 'allowed');
  assert.equal(said(judge(settings, head({}, '/api'))), '401 Jwt is missing');
  assert.equal(settings.select(head({}, '/other')), undefined);
});

test('what is wrong with settings is said with its field', () => {
  const findings = new Findings();
  compileJwtAuthn(
    fromJson(JwtAuthenticationSchema, {
      providers: { p: { issuer } },
      rules: [{ match: { prefix: '/' }, requires: { providerName: 'q' } }],
    }),
    findings,
    'jwt',
  );
  assert.deepEqual(
    findings.checked(true).diagnostics.map(({ path }) => path),
    ['jwt.providers[p]', 'jwt.rules[0].requires.provider_name'],
  );
});

test('key sets: what cannot be used is left out, private parts are dropped', () => {
  const keys = [
    { ...jwkOf(rsa.privateKey, 'r'), alg: 'RS256' },
    { kty: 'RSA', n: 'x' },
    { kty: 'EC', crv: 'secp256k1', x: 'x', y: 'y' },
    { kty: 'oct', k: 'AA', use: 'enc' },
    null,
    7,
  ];
  const set = parseJwks(JSON.stringify({ keys }));
  assert.deepEqual(
    set?.keys.map(({ id, type, jwk }) => [id, type, Object.keys(jwk)]),
    [['r', 'RSA', ['kty', 'n', 'e']]],
  );
  assert.equal(parseJwks('{'), undefined);
  assert.equal(parseJwks('{"keys":{}}'), undefined);
});

const part = fc.oneof(
  fc.string(),
  fc.base64String(),
  fc.json().map((text) => Buffer.from(text).toString('base64url')),
  fc.constantFrom(...good.split('.'), encode({ alg: 'ES256' }), encode({ __proto__: 1 })),
);

test('properties: no text makes the parser throw, and only three parts are a token', () => {
  const property = fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
    const text = parts.join('.');
    const parsed = parseJwt(text);
    if ('value' in parsed) {
      assert.equal(text.split('.').length, 3);
      assert.equal(parsed.value.signed, text.slice(0, text.lastIndexOf('.')));
    }
  });
  fc.assert(property, { numRuns: 3_000 });
});

test('properties: no request passes with a token that was not signed', () => {
  const settings = optional({ fromHeaders: [{ name: 'h', valuePrefix: 'p' }], fromParams: ['q'] });
  const [provider] = settings.providers.values();
  assert.ok(provider !== undefined);
  const property = fc.property(fc.string(), part, part, (prefix, first, second) => {
    const request = head({ h: `p${prefix}${first}.${second}.AA` }, `/?q=${prefix}`);
    const found = extractJwts([provider], request);
    const verdict = judge(settings, request);
    if (verdict.kind === 'allowed') assert.equal(found.length, 0);
  });
  fc.assert(property, { numRuns: 2_000 });
});
