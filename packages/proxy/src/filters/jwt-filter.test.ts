import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, httpFilters } from '../testing/static-bootstrap.ts';
import { TokenIssuer } from '../testing/tokens.ts';
import { httpUpstream, type Upstream } from '../testing/upstream.ts';

const issuer = new TokenIssuer();

const jwt = (provider: JsonObject, requires: JsonObject = { providerName: 'p' }): JsonObject => ({
  name: 'envoy.filters.http.jwt_authn',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    providers: {
      p: { issuer: 'issuer.test', localJwks: { inlineString: issuer.jwks }, ...provider },
    },
    rules: [{ match: { prefix: '/' }, requires }],
  },
});

/** An upstream that tells what it got. */
const echo = (): Promise<Upstream> =>
  httpUpstream((request, response) => {
    request.resume();
    response.end(JSON.stringify({ path: request.url, headers: request.headers }));
  });

const start = (app: Upstream, filters: readonly JsonObject[], routes?: readonly JsonObject[]) =>
  runProxy({
    clusters: [clusterJson('app', [app.port])],
    routes: routes ?? [routeTo('app')],
    manager: { httpFilters: httpFilters(filters) },
  });

const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

test('answers as Envoy does: bodies, www-authenticate, status', async () => {
  let requests = 0;
  await using app = await httpUpstream((_request, response) => {
    requests++;
    response.end();
  });
  await using running = await start(app, [jwt({ audiences: ['api'] })]);
  const past = Math.floor(Date.now() / 1000) - 3600;
  const tampered = issuer
    .token({ aud: 'api' })
    .replace(/\.[^.]+$/, (part) => `.${part.slice(1).split('').reverse().join('')}`);
  const rows: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 401, 'Jwt is missing'],
    [
      'nonsense',
      401,
      'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
    ],
    [issuer.token({ aud: 'api', exp: past }), 401, 'Jwt is expired'],
    [issuer.token({ aud: 'other' }), 403, 'Audiences in Jwt are not allowed'],
    [issuer.token({ aud: 'api', iss: 'stranger' }), 401, 'Jwt issuer is not configured'],
    [issuer.token({ aud: 'api' }, { alg: 'none' }), 401, 'Jwt header [alg] is not supported'],
    [new TokenIssuer('one').token({ aud: 'api' }), 401, 'Jwt verification fails'],
    [tampered, 401, 'Jwt verification fails'],
  ];
  for (const [token, status, body] of rows) {
    const response = await running.fetch('/x', token === undefined ? {} : bearer(token));
    assert.deepEqual([response.status, await response.text()], [status, body]);
    const challenge = `Bearer realm="http://127.0.0.1:${running.port}/x"`;
    const error = token === undefined ? '' : ', error="invalid_token"';
    assert.equal(response.headers.get('www-authenticate'), `${challenge}${error}`);
  }
  assert.equal(requests, 0);
  assert.equal((await running.fetch('/', bearer(issuer.token({ aud: 'api' })))).status, 200);
});

test('takes the token away, hands payload and claims on, and lets nobody forge them', async () => {
  await using app = await echo();
  const provider = {
    forwardPayloadHeader: 'x-payload',
    claimToHeaders: [{ headerName: 'x-user', claimName: 'sub' }],
    fromHeaders: [{ name: 'authorization', valuePrefix: 'Bearer ' }],
    fromParams: ['access_token'],
  };
  await using running = await start(app, [jwt(provider)]);
  const token = issuer.token();
  const seen = async (path: string, init?: RequestInit) =>
    (await (await running.fetch(path, init)).json()) as {
      path: string;
      headers: Record<string, string>;
    };
  const headers = { authorization: `Bearer ${token}`, 'x-user': 'root', 'x-payload': 'forged' };
  const byHeader = await seen('/', { headers });
  assert.equal(byHeader.headers['authorization'], undefined);
  assert.equal(byHeader.headers['x-user'], 'user');
  assert.equal(byHeader.headers['x-payload'], token.split('.')[1]);
  const byParameter = await seen(`/?a=1&access_token=${token}&b=2`);
  assert.equal(byParameter.path, '/?a=1&b=2');
});

test('claims decide: policies by metadata, and routes chosen again', async () => {
  await using app = await echo();
  await using admin = await httpUpstream((_request, response) => response.end('admin'));
  const authn = jwt({ payloadInMetadata: 'payload', forward: true, clearRouteCache: true });
  const claimIs = (claim: string, value: string): JsonObject => ({
    filter: 'envoy.filters.http.jwt_authn',
    path: [{ key: 'payload' }, { key: claim }],
    value: { stringMatch: { exact: value } },
  });
  const policy = {
    name: 'envoy.filters.http.rbac',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: {
        action: 'DENY',
        policies: {
          banned: {
            permissions: [{ any: true }],
            principals: [{ metadata: claimIs('group', 'banned') }],
          },
        },
      },
    },
  };
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port]), clusterJson('admin', [admin.port])],
    routes: [
      {
        match: { prefix: '/', dynamicMetadata: [claimIs('group', 'admin')] },
        route: { cluster: 'admin' },
      },
      routeTo('app'),
    ],
    manager: { httpFilters: httpFilters([authn, policy]) },
  });
  const ask = (group: string) => running.fetch('/', bearer(issuer.token({ group })));
  assert.equal(await (await ask('admin')).text(), 'admin');
  assert.match(await (await ask('user')).text(), /"path":"\/"/);
  assert.equal((await ask('banned')).status, 403);
});

test('keys of a provider come through a cluster, once, and requests wait for them', async () => {
  await using app = await echo();
  let fetches = 0;
  let keys = issuer.jwks;
  await using identity = await httpUpstream((request, response) => {
    fetches++;
    response.statusCode = request.url === '/keys' ? 200 : 404;
    response.end(keys);
  });
  const remote = (uri: string, more: JsonObject = {}): JsonObject => ({
    localJwks: undefined as never,
    remoteJwks: { httpUri: { uri, cluster: 'identity', timeout: '30s' }, ...more },
  });
  const provider = (uri: string, more?: JsonObject): JsonObject => {
    const { localJwks: _, ...rest } = remote(uri, more);
    return rest;
  };
  const filterFor = (settings: JsonObject): JsonObject => {
    const filter = jwt(settings);
    const config = filter['typedConfig'] as { providers: { p: JsonObject } };
    delete config.providers.p['localJwks'];
    return filter;
  };
  const run = (filter: JsonObject) =>
    runProxy({
      clusters: [clusterJson('app', [app.port]), clusterJson('identity', [identity.port])],
      routes: [routeTo('app')],
      manager: { httpFilters: httpFilters([filter]) },
    });
  await using running = await run(filterFor(provider('https://identity.test/keys')));
  const statuses = await Promise.all(
    [1, 2, 3].map(
      async () =>
        (await running.fetch('/', { method: 'POST', body: 'x', ...bearer(issuer.token()) })).status,
    ),
  );
  assert.deepEqual(statuses, [200, 200, 200]);
  assert.equal(fetches, 1);
  keys = '{"keys":[]}';
  assert.equal((await running.fetch('/', bearer(issuer.token()))).status, 200);
  await using short = await run(
    filterFor(provider('https://identity.test/keys', { cacheDuration: '0.001s' })),
  );
  const emptied = await short.fetch('/', bearer(issuer.token()));
  assert.deepEqual(
    [emptied.status, await emptied.text()],
    [401, "Jwks doesn't have any valid public key"],
  );
  await using wrong = await run(filterFor(provider('https://identity.test/none')));
  const failed = await wrong.fetch('/', bearer(issuer.token()));
  assert.deepEqual([failed.status, await failed.text()], [401, 'Jwks remote fetch is failed']);
});
