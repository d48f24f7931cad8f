import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import {
  commonTls,
  downstreamTls,
  spiffe,
  testAuthority,
  workload,
} from '../testing/certificates.ts';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  clusterJson,
  httpFilters,
  httpListenerJson,
  routesJson,
  tcpListenerJson,
} from '../testing/static-bootstrap.ts';
import { tlsGet } from '../testing/tls-client.ts';
import { httpUpstream, namedUpstream, rawUpstream, type Upstream } from '../testing/upstream.ts';

const rbac = (rules: JsonObject, more: JsonObject = {}): JsonObject => ({
  name: 'envoy.filters.http.rbac',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
    ...(Object.keys(rules).length > 0 && { rules }),
    ...more,
  },
});

const pathIs = (path: string): JsonObject => ({ urlPath: { path: { exact: path } } });
const anyone: JsonObject[] = [{ any: true }];

/** Denies `/secret`, whoever asks. */
const denySecret: JsonObject = {
  action: 'DENY',
  policies: {
    'ns[default]-policy[secret]-rule[0]': { permissions: [pathIs('/secret')], principals: anyone },
  },
};

const logTo = (path: string, text: string): JsonObject => ({
  name: 'envoy.access_loggers.file',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path,
    logFormat: { textFormatSource: { inlineString: `${text}\n` } },
  },
});

/** A proxy with these filters in front of an upstream that counts. */
const guarded = async (
  filters: readonly JsonObject[],
  more: {
    readonly app: Upstream;
    readonly manager?: JsonObject;
    readonly routes?: readonly JsonObject[];
  },
): Promise<RunningProxy> =>
  runProxy({
    clusters: [clusterJson('app', [more.app.port])],
    routes: more.routes ?? [
      routeTo('app', '/', { upgradeConfigs: [{ upgradeType: 'CONNECT', connectConfig: {} }] }),
    ],
    manager: {
      httpFilters: httpFilters(filters),
      upgradeConfigs: [{ upgradeType: 'websocket' }, { upgradeType: 'CONNECT' }],
      http2ProtocolOptions: { allowConnect: true },
      ...more.manager,
    },
  });

test('a denied request is answered 403 and logged, and the upstream never hears of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-rbac-'));
  const path = join(folder, 'log');
  let requests = 0;
  await using app = await httpUpstream((_request, response) => {
    requests++;
    response.end('app');
  });
  {
    const accessLog = [logTo(path, '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%')];
    await using running = await guarded([rbac(denySecret)], { app, manager: { accessLog } });
    assert.equal(await (await running.fetch('/open')).text(), 'app');
    const refused = await running.fetch('/secret', { method: 'POST', body: 'x'.repeat(10_000) });
    assert.equal(refused.status, 403);
    assert.equal(await refused.text(), 'RBAC: access denied');
    const stats = await (await running.admin('/stats?filter=rbac')).text();
    assert.match(stats, /http\.test\.rbac\.allowed: 1\n/);
    assert.match(stats, /http\.test\.rbac\.denied: 1\n/);
  }
  assert.equal(requests, 1);
  assert.match(
    readFileSync(path, 'utf8'),
    /403 - rbac_access_denied_matched_policy\[ns\[default\]-policy\[secret\]-rule\[0\]\]/,
  );
  rmSync(folder, { recursive: true });
});

test('requests without a route are judged too: 403, not 404', async () => {
  await using app = await namedUpstream('app');
  await using running = await guarded([rbac({ action: 'ALLOW' })], {
    app,
    routes: [routeTo('app', '/known')],
  });
  assert.equal((await running.fetch('/unknown')).status, 403);
});

test('shadow rules are counted and never enforced', async () => {
  await using app = await namedUpstream('app');
  const shadow = rbac(
    {},
    { shadowRules: denySecret, shadowRulesStatPrefix: 'istio_dry_run_deny_' },
  );
  await using running = await guarded([shadow], { app });
  assert.equal((await running.fetch('/secret')).status, 200);
  const stats = await (await running.admin('/stats?filter=shadow')).text();
  assert.match(stats, /istio_dry_run_deny_shadow_denied: 1\n/);
});

/** Ways to ask for something, each giving the status. */
const ways: Readonly<Record<string, (port: number, path: string) => Promise<string>>> = {
  'HTTP/1.1': async (port, path) => {
    const client = await RawClient.connect(port);
    client.send(`GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`);
    const { status } = await client.response();
    client.close();
    return String(status);
  },
  WebSocket: async (port, path) => {
    const client = await RawClient.connect(port);
    client.send(
      `GET ${path} HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const text = (await client.untilText('\r\n\r\n')).slice(9, 12);
    client.close();
    return text;
  },
  'HTTP/2': async (port, path) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': path });
    const status = await new Promise<string>((resolve, reject) => {
      stream.on('response', (headers) => resolve(String(headers[':status'])));
      stream.on('error', reject);
    });
    session.destroy();
    return status;
  },
  gRPC: async (port, path) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':path': path,
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    const answer = await new Promise<string>((resolve, reject) => {
      stream.on('response', (headers) => {
        const grpc = headers['grpc-status'];
        resolve(grpc === '7' ? '403' : String(headers[':status']));
      });
      stream.on('error', reject);
    });
    session.destroy();
    return answer;
  },
};

for (const [name, ask] of Object.entries(ways)) {
  test(`${name}: the same verdict`, async () => {
    const seen: string[] = [];
    await using app = await httpUpstream((request, response) => {
      seen.push(request.url ?? '');
      response.end('app');
    });
    app.server.on('upgrade', (request, socket) => {
      seen.push(String(request.url));
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      );
    });
    await using running = await guarded([rbac(denySecret)], { app });
    assert.equal(await ask(running.port, '/secret'), '403');
    assert.deepEqual(seen, []);
    const open = await ask(running.port, '/open');
    assert.equal(open, name === 'WebSocket' ? '101' : '200');
    assert.deepEqual(seen, ['/open']);
  });
}

test('CONNECT is judged before anything is connected', async () => {
  let connections = 0;
  await using app = await rawUpstream((socket) => {
    connections++;
    socket.end();
  });
  const rules = {
    action: 'DENY',
    policies: {
      p: {
        permissions: [{ header: { name: ':method', stringMatch: { exact: 'CONNECT' } } }],
        principals: anyone,
      },
    },
  };
  await using running = await guarded([rbac(rules)], {
    app,
    routes: [
      {
        match: { connectMatcher: {} },
        route: { cluster: 'app', upgradeConfigs: [{ upgradeType: 'CONNECT', connectConfig: {} }] },
      },
    ],
  });
  const client = await running.connect();
  client.send('CONNECT secret.test:443 HTTP/1.1\r\nhost: secret.test:443\r\n\r\n');
  assert.equal((await client.response()).status, 403);
  client.close();
  assert.equal(connections, 0);
});

test('principals of certificates', async () => {
  const root = testAuthority();
  await using app = await namedUpstream('app');
  const rules = {
    action: 'ALLOW',
    policies: {
      p: {
        permissions: [{ any: true }],
        principals: [{ authenticated: { principalName: { exact: spiffe('friend') } } }],
      },
    },
  };
  const base = httpListenerJson({
    routeConfig: routesJson([routeTo('app')]),
    httpFilters: httpFilters([rbac(rules)]),
  });
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls(commonTls(workload(root, 'app'), [root]));
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  const ask = async (account?: string): Promise<number> => {
    const pair = account === undefined ? undefined : workload(root, account);
    const answer = await tlsGet({ port: running.port, authority: root, pair });
    return 'status' in answer ? answer.status : 0;
  };
  assert.deepEqual([await ask('friend'), await ask('foe'), await ask()], [200, 403, 403]);
});

const networkRbac = (rules: JsonObject): JsonObject => ({
  name: 'envoy.filters.network.rbac',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC',
    statPrefix: 'tcp.',
    rules,
  },
});

for (const action of ['ALLOW', 'DENY'] as const) {
  test(`connections: a rule that ${action === 'ALLOW' ? 'fits nobody' : 'fits all'} closes them before anything is connected`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-rbac-'));
    const path = join(folder, 'log');
    let connections = 0;
    await using app = await rawUpstream((socket) => {
      connections++;
      socket.end();
    });
    {
      const accessLog = [logTo(path, '%CONNECTION_TERMINATION_DETAILS%')];
      const base = tcpListenerJson({ cluster: 'app', accessLog });
      const [chain] = base['filterChains'] as [{ filters: JsonObject[] }];
      const port = action === 'ALLOW' ? 1 : undefined;
      const permission = port === undefined ? { any: true } : { destinationPort: port };
      const rules = { action, policies: { p: { permissions: [permission], principals: anyone } } };
      const filters = [networkRbac(rules), ...chain.filters];
      await using running = await runProxy({
        clusters: [clusterJson('app', [app.port])],
        listeners: [{ ...base, filterChains: [{ ...chain, filters }] }],
      });
      const client = await running.connect();
      client.send('hello');
      await client.all();
      client.close();
      const stats = await (await running.admin('/stats?filter=tcp.rbac')).text();
      assert.match(stats, /tcp\.rbac\.denied: 1\n/);
    }
    assert.equal(connections, 0);
    const name = action === 'ALLOW' ? 'none' : 'p';
    await eventually(() => readFileSync(path, 'utf8').includes(`matched_policy[${name}]`));
    rmSync(folder, { recursive: true });
  });
}
