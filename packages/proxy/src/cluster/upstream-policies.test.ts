import assert from 'node:assert/strict';
import type net from 'node:net';
import { test } from 'node:test';
import { seededDice } from '../testing/endpoints.ts';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { assignmentJson, clusterJson, tcpListenerJson } from '../testing/static-bootstrap.ts';
import { fitsShares } from '../testing/statistics.ts';
import { httpUpstream, namedUpstream, rawUpstream } from '../testing/upstream.ts';

const stat = async (running: RunningProxy, name: string): Promise<number> => {
  const text = await (await running.admin('/stats')).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}: `));
  return Number(line?.split(': ')[1] ?? Number.NaN);
};

const text = async (response: Promise<Response>): Promise<string> => (await response).text();

test('weights of a route hold at the upstreams, at a false alarm in a million', async () => {
  await using first = await namedUpstream('first');
  await using second = await namedUpstream('second');
  const weightedClusters = {
    clusters: [
      { name: 'first', weight: 70 },
      { name: 'second', weight: 30 },
    ],
  };
  const route = { name: 'split', match: { prefix: '/' }, route: { weightedClusters } };
  await using running = await runProxy(
    {
      clusters: [clusterJson('first', [first.port]), clusterJson('second', [second.port])],
      routes: [route],
    },
    { dice: seededDice(42) },
  );
  const counts = [0, 0];
  for (let at = 0; at < 600; at++) {
    const index = (await text(running.fetch('/'))) === 'first' ? 0 : 1;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  assert.ok(fitsShares(counts, [70, 30]), `${counts}`);
});

test('a client without the cookie gets one, and stays where it leads', async () => {
  await using a = await namedUpstream('a');
  await using b = await namedUpstream('b');
  await using c = await namedUpstream('c');
  const cookie = {
    name: 'session',
    path: '/shop',
    ttl: '3600s',
    attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }],
  };
  await using running = await runProxy({
    clusters: [clusterJson('up', [a.port, b.port, c.port], { lbPolicy: 'RING_HASH' })],
    routes: [routeTo('up', '/', { hashPolicy: [{ cookie }] })],
  });
  const homes = new Set<string>();
  for (let client = 0; client < 24; client++) {
    const raw = await running.connect();
    raw.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const answer = (await raw.all()).toString();
    const line = /set-cookie: (.*)\r\n/i.exec(answer)?.[1] ?? '';
    const match =
      /^session="([0-9a-f]{16})"; Max-Age=3600; Path=\/shop; SameSite=Lax; Secure; HttpOnly$/.exec(
        line,
      );
    assert.ok(match, answer);
    const home = answer.slice(-1);
    homes.add(home);
    for (let at = 0; at < 3; at++) {
      const headers = { cookie: `other=1; session="${match[1]}"` };
      const response = await running.fetch('/', { headers });
      assert.equal(response.headers.get('set-cookie'), null);
      assert.equal(await response.text(), home);
    }
  }
  // Their cookies are drawn: all in one of three places once in ten thousand million runs.
  assert.ok(homes.size > 1, 'two dozen clients are not all in one place');
});

test('header, query and source address decide where a request goes', async () => {
  const names = ['a', 'b', 'c', 'd'];
  await using stack = new AsyncDisposableStack();
  const ports: number[] = [];
  for (const name of names) ports.push(stack.use(await namedUpstream(name)).port);
  await using running = await runProxy({
    clusters: [clusterJson('up', ports, { lbPolicy: 'MAGLEV' })],
    routes: [
      routeTo('up', '/header', { hashPolicy: [{ header: { headerName: 'x-user' } }] }),
      routeTo('up', '/query', { hashPolicy: [{ queryParameter: { name: 'user' } }] }),
      routeTo('up', '/ip', { hashPolicy: [{ connectionProperties: { sourceIp: true } }] }),
    ],
  });
  const homes = new Map<string, string>();
  for (let at = 0; at < 120; at++) {
    const user = `user-${at % 40}`;
    const byHeader = await text(running.fetch('/header', { headers: { 'x-user': user } }));
    // The same text has the same hash, wherever it stands.
    assert.equal(await text(running.fetch(`/query?user=${user}`)), byHeader);
    assert.equal(homes.get(user) ?? byHeader, byHeader);
    homes.set(user, byHeader);
  }
  // One of the four may have nobody (once in 20,000 choices of ports), two have once in 10^11.
  assert.ok(new Set(homes.values()).size >= names.length - 1);
  const fromHere = new Set<string>();
  for (let at = 0; at < 10; at++) fromHere.add(await text(running.fetch('/ip')));
  assert.equal(fromHere.size, 1);
});

const proxyProtocol = (version: string) => ({
  transportSocket: {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typedConfig: {
      '@type':
        'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
      config: { version },
      transportSocket: {
        name: 'envoy.transport_sockets.raw_buffer',
        typedConfig: {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
        },
      },
    },
  },
});

/** Keeps the first bytes of each connection, and answers every request. */
const recorder = async () => {
  const starts: Buffer[] = [];
  const upstream = await rawUpstream((socket: net.Socket) => {
    socket.once('data', (chunk: Buffer) => starts.push(chunk));
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    socket.on('end', () => socket.end());
  });
  return { upstream, starts };
};

test('PROXY protocol: each client has connections of its own that begin with its addresses', async () => {
  const { upstream, starts } = await recorder();
  await using up = upstream;
  await using running = await runProxy({
    clusters: [
      clusterJson('v1', [up.port], proxyProtocol('V1')),
      clusterJson('v2', [up.port], proxyProtocol('V2')),
    ],
    routes: [routeTo('v2', '/v2'), routeTo('v1')],
  });
  const ask = async (client: RawClient, path: string): Promise<void> => {
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.response()).status, 200);
  };
  const first = await running.connect();
  await ask(first, '/1');
  await ask(first, '/2');
  const second = await running.connect();
  await ask(second, '/3');
  assert.equal(starts.length, 2, 'one connection for each client');
  for (const [at, client] of [first, second].entries()) {
    const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${running.port}\r\nGET /`;
    assert.ok(starts[at]?.toString('latin1').startsWith(line), starts[at]?.toString());
  }
  await ask(first, '/v2');
  const header = starts[2] ?? Buffer.of();
  assert.equal(header.subarray(0, 16).toString('hex'), '0d0a0d0a000d0a515549540a2111000c');
  assert.equal(header.subarray(16, 24).toString('hex'), '7f0000017f000001');
  assert.equal(header.readUInt16BE(24), first.socket.localPort);
  assert.equal(header.readUInt16BE(26), running.port);
  assert.equal(header.subarray(28, 35).toString(), 'GET /v2');
  for (const client of [first, second]) client.socket.destroy();
});

test('PROXY protocol goes before the bytes of a TCP session', async () => {
  const { upstream, starts } = await recorder();
  await using up = upstream;
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], proxyProtocol('V1'))],
    listeners: [tcpListenerJson({ cluster: 'up' })],
  });
  const client = await RawClient.connect(running.port);
  client.socket.write('hello');
  await eventually(() => starts.length === 1);
  const { localPort } = client.socket;
  await eventually(() => Buffer.concat(starts).length > 0);
  const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${running.port}\r\n`;
  assert.ok(starts[0]?.toString().startsWith(line));
  client.socket.destroy();
});

test('drops what the control plane wants dropped', async () => {
  await using up = await namedUpstream('up');
  const loadAssignment = {
    ...assignmentJson('up', [up.port]),
    policy: { dropOverloads: [{ category: 'all', dropPercentage: { numerator: 100 } }] },
  };
  await using running = await runProxy({
    clusters: [clusterJson('up', [], { loadAssignment })],
    routes: [routeTo('up')],
  });
  const response = await running.fetch('/');
  assert.equal(response.status, 503);
  assert.equal(await response.text(), 'drop overload');
  assert.equal(await stat(running, 'cluster.up.upstream_rq_drop_overload'), 1);
  assert.equal(await stat(running, 'cluster.up.upstream_cx_total'), 0);
});

test('an open breaker answers 503 with x-envoy-overloaded, and says so in gauges', async () => {
  const held: (() => void)[] = [];
  await using up = await httpUpstream((_request, response) => {
    held.push(() => response.end('ok'));
  });
  const circuitBreakers = { thresholds: [{ maxRequests: 1 }] };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], { circuitBreakers })],
    routes: [routeTo('up')],
  });
  const open = () => stat(running, 'cluster.up.circuit_breakers.default.rq_open');
  assert.equal(await open(), 0);
  const first = running.fetch('/');
  await eventually(() => held.length === 1);
  assert.equal(await open(), 1);
  const refused = await running.fetch('/');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('x-envoy-overloaded'), 'true');
  assert.equal(await stat(running, 'cluster.up.upstream_rq_pending_overflow'), 1);
  held.shift()?.();
  assert.equal((await first).status, 200);
  await eventually(async () => (await open()) === 0);
});

test('connections beyond their age serve no further request', async () => {
  let connections = 0;
  await using up = await namedUpstream('up');
  up.server.on('connection', () => connections++);
  const maxAgeMs = 300;
  const options = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    commonHttpProtocolOptions: { maxConnectionDuration: `${maxAgeMs / 1000}s` },
    explicitHttpConfig: { httpProtocolOptions: {} },
  };
  const typedExtensionProtocolOptions = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options,
  };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], { typedExtensionProtocolOptions })],
    routes: [routeTo('up')],
  });
  const startMs = performance.now();
  await text(running.fetch('/'));
  await text(running.fetch('/'));
  // On a busy machine two requests may take longer than a connection may live.
  assert.ok(connections === 1 || performance.now() - startMs >= maxAgeMs);
  await eventually(async () => {
    await text(running.fetch('/'));
    return connections >= 3;
  });
  assert.ok((await stat(running, 'cluster.up.upstream_cx_max_duration_reached')) >= 2);
});

test('retries come in the number and after the pauses of the policy', async () => {
  const atMs: number[] = [];
  await using up = await httpUpstream((_request, response) => {
    atMs.push(performance.now());
    response.writeHead(503);
    response.end();
  });
  const retryPolicy = {
    retryOn: '5xx',
    numRetries: 4,
    retryBackOff: { baseInterval: '0.04s', maxInterval: '0.08s' },
  };
  // The largest number the dice have: the longest pause of each step.
  await using running = await runProxy(
    { clusters: [clusterJson('up', [up.port])], routes: [routeTo('up', '/', { retryPolicy })] },
    { dice: (limit) => limit - 1 },
  );
  assert.equal((await running.fetch('/')).status, 503);
  assert.equal(atMs.length, 5);
  const pauses = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
  [39, 79, 79, 79].forEach((least, index) => {
    const pause = pauses[index] ?? 0;
    assert.ok(pause >= least - 2, `pause ${index}: ${pause}`);
  });
  assert.equal(await stat(running, 'cluster.up.upstream_rq_retry'), 4);
});

test('a retry budget allows its part of the requests under way, and its minimum', async () => {
  let seen = 0;
  const held: (() => void)[] = [];
  await using up = await httpUpstream((request, response) => {
    if (request.url === '/held') {
      held.push(() => response.end('ok'));
      return;
    }
    seen++;
    response.writeHead(503);
    response.end();
  });
  const retryBudget = { budgetPercent: { value: 25 }, minRetryConcurrency: 0 };
  const circuitBreakers = { thresholds: [{ retryBudget }] };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], { circuitBreakers })],
    routes: [routeTo('up', '/', { retryPolicy: { retryOn: '5xx', numRetries: 1 } })],
  });
  // A quarter of the one request under way is none.
  assert.equal((await running.fetch('/')).status, 503);
  assert.equal(seen, 1);
  assert.equal(await stat(running, 'cluster.up.upstream_rq_retry_overflow'), 1);
  const waiting = Array.from({ length: 4 }, () => text(running.fetch('/held')));
  await eventually(() => held.length === 4);
  assert.equal((await running.fetch('/')).status, 503);
  assert.equal(seen, 3);
  for (const release of held) release();
  await Promise.all(waiting);
});

test('a dynamic forward proxy cluster resolves the host the request names', async () => {
  await using up = await namedUpstream('up');
  const clusterType = {
    name: 'envoy.clusters.dynamic_forward_proxy',
    typedConfig: {
      '@type':
        'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
      dnsCacheConfig: { name: 'cache', dnsLookupFamily: 'V4_ONLY' },
    },
  };
  await using running = await runProxy({
    clusters: [{ name: 'any', connectTimeout: '1s', lbPolicy: 'CLUSTER_PROVIDED', clusterType }],
    routes: [routeTo('any')],
  });
  const ask = async (host: string): Promise<string> => {
    const client = await running.connect();
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return (await client.all()).toString();
  };
  assert.match(await ask(`localhost:${up.port}`), /^HTTP\/1\.1 200 .*up$/s);
  assert.match(await ask(`nowhere.invalid:${up.port}`), /^HTTP\/1\.1 503 /);
});
