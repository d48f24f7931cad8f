import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { startAccessLog } from '../testing/access-log-file.ts';
import type { RawClient } from '../testing/raw-client.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream, rawUpstream, type Upstream } from '../testing/upstream.ts';

const counter = async (running: RunningProxy, name: string): Promise<number> => {
  const text = await (await running.admin('/stats')).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}: `));
  return Number(line?.split(': ')[1] ?? Number.NaN);
};

/** Reads requests and never answers, or only begins to. */
const silentUpstream = (begin = ''): Promise<Upstream> =>
  rawUpstream((socket) => {
    socket.once('data', () => socket.write(begin));
    socket.resume();
  });

interface Case {
  readonly what: string;
  readonly manager?: JsonObject;
  readonly route?: JsonObject;
  readonly cluster?: JsonObject;
  /** What the upstream says before it falls silent. */
  readonly begin?: string;
  readonly send: string;
  readonly status: number;
  readonly body?: string;
  readonly log: string;
  readonly stat?: string;
}

/** Where the response begins first: it must be able to on a busy machine. */
const begunTimeout = '1.5s';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const halfPost = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf';
const begun = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';
const options = (name: string, value: JsonObject): JsonObject => ({
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { httpProtocolOptions: {} },
      [name]: value,
    },
  },
});

const cases: readonly Case[] = [
  {
    what: 'a stream that is silent while the upstream works',
    manager: { streamIdleTimeout: '0.4s' },
    send: get,
    status: 504,
    body: 'stream timeout',
    log: '504 SI stream_idle_timeout',
    stat: 'http.test.downstream_rq_idle_timeout',
  },
  {
    what: 'a stream whose client falls silent',
    manager: { streamIdleTimeout: '0.4s' },
    send: halfPost,
    status: 408,
    body: 'stream timeout',
    log: '408 SI stream_idle_timeout',
  },
  {
    what: 'a stream that is silent behind the head of the response',
    manager: { streamIdleTimeout: begunTimeout },
    begin: begun,
    send: get,
    status: 200,
    log: '200 SI stream_idle_timeout',
  },
  {
    what: "the route's idle_timeout over the connection manager's",
    manager: { streamIdleTimeout: '20s' },
    route: { idleTimeout: '0.4s' },
    send: get,
    status: 504,
    log: '504 SI stream_idle_timeout',
  },
  {
    what: 'a request whose body does not end in time',
    manager: { requestTimeout: '0.4s' },
    send: halfPost,
    status: 408,
    body: 'request timeout',
    log: '408 - request_overall_timeout',
    stat: 'http.test.downstream_rq_timeout',
  },
  {
    what: 'a head that does not end in time',
    manager: { requestHeadersTimeout: '0.4s' },
    send: 'GET / HTTP/1.1\r\nHost: ',
    status: 408,
    body: 'request header timeout',
    log: '408 - request_header_timeout',
    stat: 'http.test.downstream_rq_header_timeout',
  },
  {
    what: 'a head that does not end within request_timeout',
    manager: { requestTimeout: '0.4s' },
    send: 'GET / HTTP/1.1\r\nHost: ',
    status: 408,
    body: 'request timeout',
    log: '408 - request_overall_timeout',
  },
  {
    what: 'max_stream_duration of the connection manager',
    manager: { commonHttpProtocolOptions: { maxStreamDuration: '0.4s' } },
    send: get,
    status: 504,
    body: 'downstream duration timeout',
    log: '504 - max_duration_timeout',
    stat: 'http.test.downstream_rq_max_duration_reached',
  },
  {
    what: 'max_stream_duration of the route',
    manager: { commonHttpProtocolOptions: { maxStreamDuration: '20s' } },
    route: { maxStreamDuration: { maxStreamDuration: begunTimeout } },
    begin: begun,
    send: get,
    status: 200,
    log: '200 - max_duration_timeout',
  },
  {
    what: 'max_stream_duration of the cluster',
    cluster: options('commonHttpProtocolOptions', { maxStreamDuration: '0.4s' }),
    send: get,
    status: 504,
    body: 'upstream max stream duration reached',
    log: '504 UMSDR upstream_max_stream_duration_reached',
    stat: 'cluster.up.upstream_rq_max_duration_reached',
  },
  {
    what: "a try's idle time-out",
    route: { retryPolicy: { retryOn: 'reset', perTryIdleTimeout: '0.4s' } },
    send: get,
    status: 504,
    body: 'upstream request timeout',
    log: '504 UT upstream_per_try_idle_timeout',
    stat: 'cluster.up.upstream_rq_per_try_idle_timeout',
  },
  {
    what: "a try's idle time-out behind the head of the response",
    route: { retryPolicy: { retryOn: 'reset', perTryIdleTimeout: begunTimeout } },
    begin: begun,
    send: get,
    status: 200,
    log: '200 UT upstream_per_try_idle_timeout',
  },
];

const answerTo = async (client: RawClient, send: string) => {
  client.send(send);
  const bytes = await client.until((seen) => seen.includes('\r\n\r\n'));
  assert.ok(bytes.includes('\r\n\r\n'), 'there is an answer');
  return client.response({ noBody: true });
};

for (const one of cases) {
  test(`ends ${one.what}`, { timeout: 60_000 }, async () => {
    await using up = await silentUpstream(one.begin);
    await using log = await startAccessLog();
    await using running = await runProxy({
      clusters: [clusterJson('up', [up.port], one.cluster)],
      routes: [routeTo('up', '/', one.route)],
      manager: { ...log.manager, ...one.manager },
    });
    const client = await running.connect();
    const { status } = await answerTo(client, one.send);
    const rest = (await client.until((seen) => seen.includes(one.body ?? ''))).toString();
    assert.equal(status, one.status);
    if (one.body !== undefined) assert.ok(rest.endsWith(one.body), rest);
    assert.equal(await log.next(), one.log);
    if (one.stat !== undefined) assert.equal(await counter(running, one.stat), 1);
    if (status !== 504) await client.all();
    client.close();
  });
}

test('what moves is not idle', { timeout: 60_000 }, async () => {
  await using up = await rawUpstream((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n');
      let left = 12;
      const timer = setInterval(() => {
        socket.write('x');
        if (--left === 0) clearInterval(timer);
      }, 250);
      socket.once('close', () => clearInterval(timer));
    });
  });
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up', '/', { retryPolicy: { retryOn: 'reset', perTryIdleTimeout: '2s' } })],
    manager: { streamIdleTimeout: '2s' },
  });
  assert.equal((await (await running.fetch('/')).text()).length, 12);
});

test('a per-try idle time-out is repeated where the policy says so', {
  timeout: 60_000,
}, async () => {
  let asked = 0;
  await using up = await rawUpstream((socket) => {
    socket.once('data', () => {
      if (++asked > 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const retryPolicy = { retryOn: '5xx', numRetries: 1, perTryIdleTimeout: '1.5s' };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up', '/', { retryPolicy })],
  });
  assert.equal(await (await running.fetch('/')).text(), 'ok');
  assert.equal(asked, 2);
});

const answering = (): Promise<Upstream> =>
  httpUpstream((request, response) => {
    request.resume();
    response.end('ok');
  });

test('connections that are idle or too old end after the drain time', {
  timeout: 60_000,
}, async () => {
  await using up = await answering();
  for (const [name, stat] of [
    ['idleTimeout', 'downstream_cx_idle_timeout'],
    ['maxConnectionDuration', 'downstream_cx_max_duration_reached'],
  ] as const) {
    await using running = await runProxy({
      clusters: [clusterJson('up', [up.port])],
      routes: [routeTo('up')],
      // Long enough for the first request to be answered before.
      manager: { commonHttpProtocolOptions: { [name]: '1.5s' }, drainTimeout: '0.05s' },
    });
    const client = await running.connect();
    client.send(get);
    assert.equal((await client.response()).status, 200);
    const framed = http2.connect(`http://127.0.0.1:${running.port}`);
    await once(framed, 'connect');
    const gone = once(framed, 'close');
    await Promise.all([client.all(), gone]);
    assert.equal(await counter(running, `http.test.${stat}`), 2);
    client.close();
  }
});

test('a connection that drains answers the request that comes, and says it closes', {
  timeout: 60_000,
}, async () => {
  await using up = await answering();
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up')],
    manager: { commonHttpProtocolOptions: { idleTimeout: '0.05s' }, drainTimeout: '20s' },
  });
  const client = await running.connect();
  await eventually(async () => {
    return (await counter(running, 'http.test.downstream_cx_idle_timeout')) === 1;
  });
  client.send(get);
  const answer = await client.response();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('connection'), 'close');
  await client.all();
  client.close();
});

test('requests of one connection are counted on both sides', { timeout: 60_000 }, async () => {
  const ports: (number | undefined)[] = [];
  await using up = await httpUpstream((request, response) => {
    ports.push(request.socket.remotePort);
    response.end('ok');
  });
  const common = { maxRequestsPerConnection: 2 };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], options('commonHttpProtocolOptions', common))],
    routes: [routeTo('up')],
    manager: { commonHttpProtocolOptions: common },
  });
  const client = await running.connect();
  for (const connection of [undefined, 'close']) {
    client.send(get);
    assert.equal((await client.response()).headers.get('connection'), connection);
  }
  await client.all();
  client.close();
  assert.equal(await (await running.fetch('/')).text(), 'ok');
  assert.equal(ports[0], ports[1]);
  assert.notEqual(ports[1], ports[2]);
  assert.equal(await counter(running, 'http.test.downstream_cx_max_requests_reached'), 1);
  assert.equal(await counter(running, 'cluster.up.upstream_cx_max_requests'), 1);
});

test('idle connections to an endpoint close in time', { timeout: 60_000 }, async () => {
  await using up = await answering();
  const common = { idleTimeout: '0.05s' };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], options('commonHttpProtocolOptions', common))],
    routes: [routeTo('up')],
  });
  assert.equal(await (await running.fetch('/')).text(), 'ok');
  await eventually(async () => (await counter(running, 'cluster.up.upstream_cx_active')) === 0);
  assert.equal(await counter(running, 'cluster.up.upstream_cx_idle_timeout'), 1);
});

test('numbers and sizes of headers are bounded on both sides', { timeout: 60_000 }, async () => {
  const lines = 'a: b\r\n'.repeat(20);
  await using up = await rawUpstream((socket) => {
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`));
  });
  await using log = await startAccessLog();
  const few = options('commonHttpProtocolOptions', { maxHeadersCount: 10 });
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port], few), clusterJson('many', [up.port])],
    routes: [routeTo('many', '/many'), routeTo('up')],
    manager: {
      ...log.manager,
      maxRequestHeadersKb: 2,
      commonHttpProtocolOptions: { maxHeadersCount: 12 },
    },
  });
  for (const [path, more, log_] of [
    ['/', '', '502 UPE upstream_reset_before_response_started{protocol_error}'],
    ['/many', '', '200 - via_upstream'],
    ['/many', 'a: b\r\n'.repeat(12), '431 DPE http1.too_many_headers'],
    ['/many', `a: ${'b'.repeat(2048)}\r\n`, '431 DPE http1.headers_too_large'],
    [`/${'b'.repeat(2048)}`, '', '431 DPE http1.headers_too_large'],
  ] as const) {
    const client = await running.connect();
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`);
    await client.response();
    assert.equal(await log.next(), log_);
    client.close();
  }
});

test('a slow reader gets the whole last response, however long it takes', {
  timeout: 60_000,
}, async () => {
  // So large that reading it takes longer than the time-out, which counts from the last progress.
  const body = Buffer.alloc(40_000_000, 'x');
  await using up = await httpUpstream((request, response) => {
    request.resume();
    response.end(body);
  });
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up')],
    manager: { delayedCloseTimeout: '2s' },
  });
  const client = await running.connect();
  client.socket.pause();
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let taken = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    client.socket.pause();
    setTimeout(() => client.socket.resume(), 10);
  });
  client.socket.resume();
  await once(client.socket, 'end');
  client.close();
  assert.ok(taken > body.length, `${taken} bytes came`);
});
