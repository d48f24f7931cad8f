import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExtensionProviders } from '@lateen/translator';
import type { Caller } from './caller.ts';
import type { SimulatedClient } from './client.ts';
import { meshInputs } from './mesh-objects.ts';
import { completeCluster } from './offline-cluster.ts';
import { parseRequest } from './request.ts';
import { simulate } from './simulate.ts';
import type { SimulatedArrival, Simulation } from './simulation.ts';
import { objectsOf } from './testing/objects-of.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: tcp, port: 90 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec: { template: { metadata: { labels: { app: shop } }, spec: { serviceAccountName: shop } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: page }
spec: { template: { metadata: { labels: { app: page } }, spec: { serviceAccountName: page } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: curl }
spec: { template: { metadata: { labels: { app: curl, sidecar.istio.io/inject: 'false' } } } }
---
`;

const policy = (kind: string, spec: string, name = 'p', namespace = 'default'): string => `
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
---
`;

interface Question {
  readonly url?: string;
  readonly caller?: Caller;
  readonly client?: SimulatedClient;
  readonly headers?: readonly string[];
}

const page: Caller = { kind: 'outbound', workload: 'page' };
const curl: Caller = { kind: 'outbound', workload: 'curl' };

const ask = (
  yaml: string,
  { url = 'http://shop/', caller = page, client = {}, headers = [] }: Question = {},
): Simulation => {
  const request = parseRequest({ method: 'GET', url, headers }).value;
  assert.ok(request);
  const inputs = meshInputs(completeCluster(objectsOf(mesh + yaml)));
  const { value, diagnostics } = simulate({ inputs, caller, request, client });
  assert.ok(value, JSON.stringify(diagnostics));
  return value;
};

const arrivalOf = (simulation: Simulation): SimulatedArrival => {
  const arrival = simulation.destinations[0]?.arrivals[0];
  assert.ok(arrival);
  return arrival;
};

const strict = policy('PeerAuthentication', '{ mtls: { mode: STRICT } }', 'strict');
const identity = 'spiffe://cluster.local/ns/default/sa/page';

test('mutual TLS without a line of configuration', () => {
  const { transport, mode, outcome, security } = arrivalOf(ask(''));
  assert.deepEqual([transport, mode, outcome], ['mutual', 'PERMISSIVE', 'delivered']);
  assert.equal(security?.principal, identity);
  assert.equal(arrivalOf(ask(strict)).mode, 'STRICT');
  assert.equal(arrivalOf(ask('', { url: 'tcp://shop:90' })).transport, 'mutual');
});

const ruleOff = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shop }
spec: { host: shop, trafficPolicy: { tls: { mode: DISABLE } } }
---
`;

test('a DestinationRule that turns it off: plaintext where it is taken, a reset where it is not', () => {
  const open = arrivalOf(ask(ruleOff));
  assert.deepEqual([open.transport, open.outcome], ['plaintext', 'delivered']);
  const closed = ask(ruleOff + strict);
  assert.equal(arrivalOf(closed).outcome, 'refused');
  assert.match(closed.clientSees, /^503: a connection reset: .*mutual TLS only/);
});

test('a client without a proxy', () => {
  const open = ask('', { caller: curl });
  assert.equal(open.proxy, '');
  assert.equal(open.diagnostics[0]?.code, 'ProxyMissing');
  assert.equal(open.clientSees, 'the answer of default/shop-0');
  assert.match(ask(strict, { caller: curl }).clientSees, /^a connection reset/);
  const outside = ask('', { caller: curl, url: 'http://example.com/' });
  assert.equal(outside.clientSees, 'what the server says: it is outside of the mesh');
  const nothing = ask('', { caller: curl, url: 'http://shop:81/' });
  assert.match(nothing.clientSees, /^connection refused/);
});

test('without interception what is no plain HTTP goes around the proxy, in plaintext', () => {
  const request = parseRequest({ method: 'GET', url: 'tcp://shop:90', headers: [] }).value;
  assert.ok(request);
  const inputs = meshInputs(completeCluster(objectsOf(mesh + strict)));
  const { value } = simulate({ inputs, caller: page, request, interceptionMode: 'NONE' });
  assert.match(value?.clientSees ?? '', /^a connection reset: the port takes mutual TLS only/);
  assert.ok(value?.diagnostics.some(({ code }) => code === 'ProxyBypassed'));
});

const byPrincipal = policy(
  'AuthorizationPolicy',
  '{ selector: { matchLabels: { app: shop } }, rules: [{ from: [{ source: { principals: ["*/sa/page"] } }] }] }',
);

test('policies at the destination: which rule, or what was missing', () => {
  const [allowed] = arrivalOf(ask(byPrincipal)).security?.authorization ?? [];
  assert.deepEqual([allowed?.action, allowed?.verdict], ['ALLOW', 'allowed']);
  assert.equal(allowed?.policy?.origin?.rule, 0);
  const bare = arrivalOf(ask(byPrincipal, { caller: curl }));
  assert.deepEqual([bare.outcome, bare.status], ['answered', 403]);
  const [denied] = bare.security?.authorization ?? [];
  assert.deepEqual(denied?.policies[0]?.failed?.actual, 'none (plaintext)');
});

test('at a TCP port a denial closes the connection', () => {
  const simulation = ask(byPrincipal, { caller: curl, url: 'tcp://shop:90' });
  assert.equal(arrivalOf(simulation).outcome, 'refused');
  assert.match(simulation.clientSees, /^RBAC: access denied/);
});

test('dry runs are told and decide nothing', () => {
  const dry = byPrincipal
    .replace('"*/sa/page"', '"nobody"')
    .replace('name: p,', 'name: p, annotations: { istio.io/dry-run: "true" },');
  const { outcome, security } = arrivalOf(ask(dry));
  assert.equal(outcome, 'delivered');
  const [decision] = security?.authorization ?? [];
  assert.deepEqual([decision?.dryRun, decision?.verdict], [true, 'denied']);
});

test('CUSTOM policies ask a provider; what it says is not known here', () => {
  const custom = policy(
    'AuthorizationPolicy',
    '{ action: CUSTOM, provider: { name: opa }, rules: [{ to: [{ operation: { paths: [/ask] } }] }] }',
  );
  const request = parseRequest({ method: 'GET', url: 'http://shop/ask', headers: [] }).value;
  assert.ok(request);
  const checker = { service: 'shop.default.svc.cluster.local', port: 80 };
  const provider = { name: 'opa', envoyExtAuthzGrpc: checker };
  const extensionProviders = readExtensionProviders([provider]);
  assert.ok(extensionProviders);
  const inputs = meshInputs(completeCluster(objectsOf(mesh + custom)), {
    extensionProviders,
  });
  const { value } = simulate({ inputs, caller: page, request });
  assert.ok(value);
  const [decision] = arrivalOf(value).security?.authorization ?? [];
  assert.deepEqual([decision?.verdict, decision?.provider], ['asks', 'opa']);
  assert.equal(value.clientSees, 'what opa decides; if allowed, the answer of default/shop-0');
});

const edge = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec: { hosts: ['*'], gateways: [edge], http: [{ route: [{ destination: { host: shop, port: { number: 80 } } }] }] }
---
`;

const atGateway = (forward: boolean): string =>
  policy(
    'RequestAuthentication',
    `{ selector: { matchLabels: { istio: ingressgateway } }, jwtRules: [{ issuer: a.example, jwks: '{"keys":[]}', forwardOriginalToken: ${forward} }] }`,
    'edge',
    'istio-system',
  );

const atShop = policy(
  'RequestAuthentication',
  `{ selector: { matchLabels: { app: shop } }, jwtRules: [{ issuer: a.example, jwks: '{"keys":[]}' }] }`,
  'shop',
);

test('claims go on to the workload only where the gateway forwards the token', () => {
  const question: Question = {
    caller: { kind: 'gateway', gateway: 'edge' },
    client: { claims: { sub: 'me' } },
  };
  for (const forward of [true, false]) {
    const simulation = ask(edge + atGateway(forward) + atShop, question);
    assert.equal(simulation.security?.tokens?.verdict, 'accepted');
    assert.deepEqual(simulation.security.tokens.claims, { iss: 'a.example', sub: 'me' });
    const arrived = arrivalOf(simulation).security?.tokens?.verdict;
    assert.equal(arrived, forward ? 'accepted' : 'none');
  }
});

test('a token whose signature nobody can check is taken, and that is said', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256' })}.${part({ iss: 'a.example', sub: 'me' })}.AAAA`;
  const headers = [`authorization: Bearer ${token}`];
  const { security } = arrivalOf(ask(atShop, { headers }));
  assert.equal(security?.tokens?.signatureChecked, false);
  assert.equal(security.tokens.verdict, 'accepted');
  const refused = arrivalOf(ask(atShop, { headers, client: { verify: () => false } }));
  assert.equal(refused.status, 401);
});

test('keys at a URL are not fetched: the signature is taken to be good, and that is said', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const remote = atShop.replace(`jwks: '{"keys":[]}'`, 'jwksUri: https://a.example/keys');
  const question = (claims: object): Question => ({
    headers: [`authorization: Bearer ${part({ alg: 'ES256' })}.${part(claims)}.AAAA`],
    client: { verify: () => false, nowSeconds: 100 },
  });
  const taken = arrivalOf(ask(remote, question({ iss: 'a.example' }))).security?.tokens;
  assert.deepEqual([taken?.verdict, taken?.signatureChecked], ['accepted', false]);
  const expired = arrivalOf(ask(remote, question({ iss: 'a.example', exp: 1 })));
  assert.equal(expired.security?.tokens?.reason, 'Jwt is expired');
});

test('who the client is can be said: at a workload, and its trust domain counts', () => {
  const inbound: Caller = { kind: 'inbound', workload: 'shop' };
  const question = (principal: string): Question => ({ caller: inbound, client: { principal } });
  assert.equal(ask(strict + byPrincipal, question(identity)).security?.transport, 'mutual');
  const foreign = ask(strict, question('spiffe://other/ns/default/sa/page'));
  assert.match(foreign.clientSees, /^a failed TLS handshake: certificates of spiffe:\/\/other/);
  assert.equal(ask(byPrincipal, { caller: inbound }).status, 403);
});
