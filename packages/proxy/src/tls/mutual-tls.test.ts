import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import {
  commonTls,
  downstreamTls,
  secretConfig,
  server,
  spiffe,
  testAuthority,
  upstreamTls,
  workload,
} from '../testing/certificates.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  clusterJson,
  http2Protocol,
  httpListenerJson,
  routesJson,
  tcpListenerJson,
} from '../testing/static-bootstrap.ts';
import { tlsGet } from '../testing/tls-client.ts';
import { httpUpstream, namedUpstream, rawUpstream, type Upstream } from '../testing/upstream.ts';

const root = testAuthority('mesh');
const stranger = testAuthority('stranger');
const istioProtocols = [
  'istio-peer-exchange',
  'istio',
  'istio-http/1.0',
  'istio-http/1.1',
  'istio-h2',
];

const manager = (cluster: string): JsonObject => ({
  routeConfig: routesJson([routeTo(cluster)]),
});

/** A PERMISSIVE port as Istio writes it: mutual TLS for its ALPN values, plain text beside it. */
const permissive = (socket: JsonObject, more: JsonObject = {}): JsonObject => {
  const plain = httpListenerJson({ ...manager('app'), ...more });
  const [chain] = plain['filterChains'] as [JsonObject];
  return {
    ...plain,
    listenerFilters: [
      {
        name: 'envoy.filters.listener.tls_inspector',
        typedConfig: {
          '@type':
            'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
        },
      },
    ],
    filterChains: [
      {
        ...chain,
        name: 'mtls',
        filterChainMatch: { transportProtocol: 'tls', applicationProtocols: istioProtocols },
        transportSocket: socket,
      },
      { ...chain, name: 'plain', filterChainMatch: { transportProtocol: 'raw_buffer' } },
    ],
    trafficDirection: 'INBOUND',
  };
};

const serverTls = (more: JsonObject = {}): JsonObject =>
  downstreamTls(
    commonTls(workload(root, 'server'), [root], { alpnProtocols: ['h2', 'http/1.1'], ...more }),
    { requireClientCertificate: true },
  );

const startServer = async (app: Upstream, socket: JsonObject = serverTls()) =>
  runProxy({ clusters: [clusterJson('app', [app.port])], listeners: [permissive(socket)] });

const alpn = ['istio-http/1.1', 'istio', 'http/1.1'];

test('one port takes mutual TLS and plain text, and TLS of others goes nowhere', async () => {
  await using app = await namedUpstream('app');
  await using running = await startServer(app);
  const { port } = running;
  const pair = workload(root, 'client');
  assert.equal(await (await running.fetch('/')).text(), 'app');
  const answer = await tlsGet({ port, authority: root, pair, alpn });
  assert.ok('status' in answer);
  assert.deepEqual([answer.status, answer.body, answer.alpn], [200, 'app', 'http/1.1']);
  assert.ok('error' in (await tlsGet({ port, authority: root, pair, alpn: ['http/1.1'] })));
  const stats = await (await running.admin('/stats?filter=ssl.handshake')).text();
  assert.match(stats, /ssl\.handshake: 1\n/);
});

const refusedClients: readonly (readonly [string, Omit<Parameters<typeof tlsGet>[0], 'port'>])[] = [
  ['no certificate', {}],
  ['a certificate of another root', { pair: workload(stranger, 'client') }],
  ['an expired certificate', { pair: workload(root, 'client', -60_000) }],
  ['TLS 1.1', { pair: workload(root, 'client'), maxVersion: 'TLSv1.1' }],
];
for (const [name, options] of refusedClients) {
  test(`refuses a client with ${name}`, async () => {
    let requests = 0;
    await using app = await httpUpstream((_request, response) => {
      requests++;
      response.end();
    });
    await using running = await startServer(app);
    const answer = await tlsGet({ port: running.port, alpn, authority: root, ...options });
    assert.ok('error' in answer, JSON.stringify(answer));
    assert.equal(requests, 0);
  });
}

test('checks names, pins and bundles of several roots', async () => {
  await using app = await namedUpstream('app');
  const names = {
    matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact: spiffe('client') } }],
  };
  const context = (more: JsonObject): JsonObject => {
    const common = commonTls(workload(root, 'server'), [stranger, root]);
    const validation = common['validationContext'] as JsonObject;
    const merged = { ...common, validationContext: { ...validation, ...more } };
    return downstreamTls(merged, { requireClientCertificate: true });
  };
  await using named = await startServer(app, context(names));
  const ask = async (port: number, account: string, authority = root): Promise<boolean> => {
    const pair = workload(authority, account);
    return 'status' in (await tlsGet({ port, alpn, authority: root, pair }));
  };
  assert.deepEqual(
    [
      await ask(named.port, 'client'),
      await ask(named.port, 'client', stranger),
      await ask(named.port, 'other'),
      await ask(named.port, 'client', testAuthority('third')),
    ],
    [true, true, false, false],
  );
  await using pinned = await startServer(
    app,
    context({ verifyCertificateHash: ['00'.repeat(32)] }),
  );
  assert.equal(await ask(pinned.port, 'client'), false);
});

/** A sidecar's cluster: mutual TLS for endpoints that say so, plain text for the others. */
const meshCluster = (
  port: number,
  more: JsonObject = {},
  settings: JsonObject = {},
): JsonObject => {
  const cluster = clusterJson('app', [port]);
  const [locality] = (cluster['loadAssignment'] as { endpoints: { lbEndpoints: JsonObject[] }[] })
    .endpoints;
  const endpoints = (locality?.lbEndpoints ?? []).map((endpoint) => ({
    ...endpoint,
    metadata: { filterMetadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } },
  }));
  return {
    ...cluster,
    loadAssignment: { clusterName: 'app', endpoints: [{ lbEndpoints: endpoints }] },
    transportSocketMatches: [
      {
        name: 'tlsMode-istio',
        match: { tlsMode: 'istio' },
        transportSocket: upstreamTls(
          commonTls(workload(root, 'client'), [root], {
            alpnProtocols: ['istio-peer-exchange', 'istio'],
            tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
            ...settings,
          }),
          { sni: 'outbound_.80_._.app.default.svc.cluster.local' },
        ),
      },
      { name: 'tlsMode-disabled', match: {}, transportSocket: { name: 'raw_buffer' } },
    ],
    ...more,
  };
};

const sanOf = (account: string): JsonObject => ({
  validationContext: {
    trustedCa: { inlineString: root.certificate },
    matchSubjectAltNames: [{ exact: spiffe(account) }],
  },
});

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  test(`proxy to proxy over mutual TLS and ${protocol}, with the principals in metrics`, async () => {
    await using app = await namedUpstream('app');
    const stats = {
      httpFilters: [
        { name: 'istio.stats' },
        {
          name: 'envoy.filters.http.router',
          typedConfig: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
          },
        },
      ],
    };
    await using inbound = await runProxy({
      clusters: [clusterJson('app', [app.port])],
      listeners: [permissive(serverTls(), stats)],
    });
    const more = protocol === 'HTTP/2' ? http2Protocol : {};
    const settings = {
      ...sanOf('server'),
      alpnProtocols: protocol === 'HTTP/2' ? ['istio-h2', 'istio', 'h2'] : alpn,
    };
    await using outbound = await runProxy({
      clusters: [meshCluster(inbound.port, more, settings)],
      listeners: [
        httpListenerJson({ ...manager('app'), ...stats }, { trafficDirection: 'OUTBOUND' }),
      ],
    });
    for (let at = 0; at < 3; at++) {
      assert.equal(await (await outbound.fetch('/')).text(), 'app');
    }
    const source = await (await outbound.admin('/stats/prometheus')).text();
    const destination = await (await inbound.admin('/stats/prometheus')).text();
    for (const text of [source, destination]) {
      const line = text.split('\n').find((one) => one.startsWith('istio_requests_total{')) ?? '';
      assert.match(line, /source_principal="spiffe:\/\/cluster\.local\/ns\/default\/sa\/client"/);
      assert.match(
        line,
        /destination_principal="spiffe:\/\/cluster.local\/ns\/default\/sa\/server"/,
      );
    }
    assert.match(destination, /connection_security_policy="mutual_tls"/);
    assert.match(source, /connection_security_policy="unknown"/);
  });
}

const refusedServers: readonly (readonly [string, JsonObject, RegExp])[] = [
  ['a certificate of another root', {}, /CERTIFICATE_VERIFY_FAILED/],
  ['another name', sanOf('somebody'), /CERTIFICATE_VERIFY_FAILED.*SAN/],
];
for (const [name, settings, reason] of refusedServers) {
  test(`sends nothing to a server with ${name}`, async () => {
    const isSan = 'validationContext' in settings;
    const pair = workload(isSan ? root : stranger, 'server');
    const secureContext = tls.createSecureContext({ cert: pair.certificate, key: pair.key });
    let bytes = 0;
    await using upstream = await rawUpstream((socket) => {
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
      secure.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      secure.on('error', () => undefined);
    });
    await using outbound = await runProxy({
      clusters: [meshCluster(upstream.port, {}, settings)],
      routes: [routeTo('app')],
    });
    const response = await outbound.fetch('/', { method: 'POST', body: 'secret' });
    assert.equal(response.status, 503);
    assert.match(await response.text(), reason);
    assert.equal(bytes, 0);
    const counter = isSan ? 'fail_verify_san' : 'fail_verify_error';
    const stats = await (await outbound.admin(`/stats?filter=cluster.app.ssl`)).text();
    assert.match(stats, new RegExp(`ssl.${counter}: 1\\n`));
  });
}

test('says what is wrong when the server speaks no TLS', async () => {
  await using app = await namedUpstream('app');
  await using outbound = await runProxy({
    clusters: [meshCluster(app.port)],
    routes: [routeTo('app')],
  });
  const response = await outbound.fetch('/');
  assert.equal(response.status, 503);
  assert.match(await response.text(), /WRONG_VERSION_NUMBER/);
});

test('SNI chooses the chain of a gateway and its certificate; other names go nowhere', async () => {
  await using app = await namedUpstream('app');
  const [one, two] = [server(root, 'one.test'), server(root, 'two.test')];
  const base = httpListenerJson(manager('app'));
  const [chain] = base['filterChains'] as [JsonObject];
  const chainFor = (host: string, pair: typeof one): JsonObject => ({
    ...chain,
    name: host,
    filterChainMatch: { serverNames: [host] },
    transportSocket: downstreamTls(commonTls(pair, [], { alpnProtocols: ['h2', 'http/1.1'] })),
  });
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [chainFor('one.test', one), chainFor('two.test', two)] }],
  });
  const { port } = running;
  const serials = await Promise.all(
    ['one.test', 'two.test', 'one.test'].map(async (serverName) => {
      const answer = await tlsGet({ port, authority: root, serverName });
      return 'serial' in answer ? answer.serial : answer.error;
    }),
  );
  assert.equal(serials[0], serials[2]);
  assert.notEqual(serials[0], serials[1]);
  assert.ok('error' in (await tlsGet({ port, authority: root, serverName: 'three.test' })));
});

test('resumes sessions with the same server', async () => {
  await using app = await namedUpstream('app');
  await using inbound = await startServer(app);
  await using outbound = await runProxy({
    clusters: [meshCluster(inbound.port, {}, { alpnProtocols: alpn, ...sanOf('server') })],
    routes: [routeTo('app')],
    manager: {},
  });
  const reused = async (): Promise<number> => {
    const text = await (await inbound.admin('/stats?filter=ssl.session_reused')).text();
    return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
  };
  for (let at = 0; at < 3; at++) {
    await (await outbound.fetch('/')).text();
    // The pool's connection goes, the session stays.
    const cluster = outbound.proxy.configuration.clusters.get('app');
    for (const { idle } of cluster?.endpoints.endpoints ?? []) {
      for (const connection of [...idle]) connection.destroy();
    }
  }
  assert.equal(await reused(), 2);
});

test('large distinct bodies pass both ways over mutual TLS unchanged, slow readers included', async () => {
  await using app = await httpUpstream((request, response) => {
    request.pipe(response);
  });
  await using inbound = await startServer(app);
  await using outbound = await runProxy({
    clusters: [meshCluster(inbound.port, {}, { alpnProtocols: alpn, ...sanOf('server') })],
    routes: [routeTo('app')],
  });
  await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      const body = Buffer.alloc(700_000 + at, `${at} distinct `);
      const client = await outbound.connect();
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
      if (at % 3 === 0) client.socket.pause();
      client.send(body);
      if (at % 3 === 0) setTimeout(() => client.socket.resume(), 20 + at * 5);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.ok(response.body.equals(body), `body ${at}`);
      client.close();
    }),
  );
});

const logTo = (path: string, text: string): JsonObject => ({
  name: 'envoy.access_loggers.file',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path,
    logFormat: { textFormatSource: { inlineString: `${text}\n` } },
  },
});

test('a STRICT port takes mutual TLS only; what it refuses is in its log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-strict-'));
  const path = join(folder, 'log');
  await using app = await namedUpstream('app');
  const both = permissive(serverTls());
  const [chain] = both['filterChains'] as [JsonObject];
  const accessLog = [
    logTo(path, '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %REQUESTED_SERVER_NAME%'),
  ];
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...both, filterChains: [chain], accessLog }],
  });
  const plain = await running.connect();
  plain.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal((await plain.all()).length, 0);
  plain.close();
  const pair = workload(root, 'client');
  const { port } = running;
  const stranger = await tlsGet({
    port,
    authority: root,
    pair,
    alpn: ['h2'],
    serverName: 'a.test',
  });
  assert.ok('error' in stranger);
  assert.ok('status' in (await tlsGet({ port, authority: root, pair, alpn })));
  const refused = (): string[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('NR'));
  await eventually(() => refused().length === 2);
  assert.deepEqual(refused(), ['NR filter_chain_not_found -', 'NR filter_chain_not_found a.test']);
  rmSync(folder, { recursive: true });
});

test('protocols that nobody shares leave the handshake without one, as in Envoy', async () => {
  await using app = await namedUpstream('app');
  const base = httpListenerJson(manager('app'));
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls(
    commonTls(server(root, 'a.test'), [], { alpnProtocols: ['h2', 'http/1.1'] }),
  );
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  const answer = await tlsGet({ port: running.port, authority: root, alpn: ['acme/9'] });
  assert.deepEqual('status' in answer ? [answer.status, answer.alpn] : answer, [200, '']);
});

const forwarded = async (
  mode: string,
  options: { readonly pair?: ReturnType<typeof workload>; readonly sent?: string },
): Promise<string> => {
  await using app = await httpUpstream((request, response) => {
    response.end(String(request.headers['x-forwarded-client-cert'] ?? 'none'));
  });
  const base = httpListenerJson({
    ...manager('app'),
    forwardClientCertDetails: mode,
    setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
  });
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls(commonTls(workload(root, 'server'), [root]));
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  const { sent, pair } = options;
  const headers = sent === undefined ? {} : { 'x-forwarded-client-cert': sent };
  const answer = await tlsGet({ port: running.port, authority: root, pair, headers });
  return 'status' in answer ? answer.body : answer.error;
};

test('client certificates are forwarded as configured, and what others claim is not believed', async () => {
  const pair = workload(root, 'client');
  const hash = new X509Certificate(pair.certificate).fingerprint256
    .replaceAll(':', '')
    .toLowerCase();
  const own = `By=${spiffe('server')};Hash=${hash};Subject="";URI=${spiffe('client')}`;
  const claim = 'By=x;URI=spiffe://cluster.local/ns/default/sa/admin';
  assert.equal(await forwarded('SANITIZE', { pair, sent: claim }), 'none');
  assert.equal(await forwarded('SANITIZE_SET', { pair, sent: claim }), own);
  assert.equal(await forwarded('APPEND_FORWARD', { pair, sent: claim }), `${claim},${own}`);
  assert.equal(await forwarded('FORWARD_ONLY', { pair, sent: claim }), claim);
  for (const mode of ['SANITIZE', 'SANITIZE_SET', 'APPEND_FORWARD', 'FORWARD_ONLY']) {
    assert.equal(await forwarded(mode, { sent: claim }), 'none');
  }
  assert.equal(await forwarded('ALWAYS_FORWARD_ONLY', { sent: claim }), claim);
});

test('TCP over mutual TLS: bytes both ways, each direction closed for itself, principals in the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-tcp-'));
  const path = join(folder, 'log');
  await using app = await rawUpstream((socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('end', () => socket.end(`got ${text}`));
  });
  {
    const accessLog = [logTo(path, '%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_LOCAL_URI_SAN%')];
    const base = tcpListenerJson({ cluster: 'app', accessLog });
    const [chain] = base['filterChains'] as [JsonObject];
    const transportSocket = downstreamTls(
      commonTls(workload(root, 'server'), [root], { alpnProtocols: ['istio'] }),
      { requireClientCertificate: true },
    );
    await using inbound = await runProxy({
      clusters: [clusterJson('app', [app.port])],
      listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
    });
    await using outbound = await runProxy({
      clusters: [meshCluster(inbound.port, {}, sanOf('server'))],
      listeners: [tcpListenerJson({ cluster: 'app' })],
    });
    const client = await outbound.connect();
    client.send('hello');
    client.socket.end();
    assert.equal((await client.all()).toString(), 'got hello');
    client.close();
    await eventually(() => readFileSync(path, 'utf8') !== '');
  }
  assert.equal(readFileSync(path, 'utf8'), `${spiffe('client')} ${spiffe('server')}\n`);
  rmSync(folder, { recursive: true });
});

test('without its secret nothing is sent, and the answer says so', async () => {
  let connections = 0;
  await using app = await rawUpstream(() => {
    connections++;
  });
  const transportSocket = upstreamTls({
    tlsCertificateSdsSecretConfigs: [secretConfig('kubernetes://nowhere')],
  });
  await using outbound = await runProxy({
    clusters: [clusterJson('app', [app.port], { transportSocket })],
    routes: [routeTo('app')],
  });
  const response = await outbound.fetch('/');
  assert.equal(response.status, 503);
  assert.match(await response.text(), /Secret_is_not_supplied_by_SDS/);
  assert.equal(connections, 0);
  const stats = await (await outbound.admin('/stats?filter=secrets_not_ready')).text();
  assert.match(stats, /upstream_context_secrets_not_ready: 1\n/);
});
