import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, socketAddress } from '../testing/static-bootstrap.ts';
import {
  bodyOf,
  httpUpstream,
  namedUpstream,
  rawUpstream,
  refusedPort,
} from '../testing/upstream.ts';

const stat = async (
  running: { admin(path: string): Promise<Response> },
  name: string,
): Promise<number> => {
  const text = await (await running.admin('/stats')).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}: `));
  return Number(line?.split(': ')[1] ?? Number.NaN);
};

const oneEndpoint = (name: string, port: number, more = {}) => clusterJson(name, [port], more);

test('retries what the policy allows, with the body, on another endpoint', async () => {
  const bodies: string[] = [];
  const attempts: string[] = [];
  await using bad = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push(body.toString());
      response.writeHead(503);
      response.end();
    });
  });
  await using good = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push(body.toString());
      attempts.push(request.headers['x-envoy-attempt-count'] as string);
      response.end('good');
    });
  });
  const retryPolicy = {
    retryOn: '5xx,connect-failure',
    numRetries: 3,
    hostSelectionRetryMaxAttempts: '5',
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typedConfig: {
          '@type':
            'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
        },
      },
    ],
  };
  await using running = await runProxy({
    clusters: [clusterJson('up', [bad.port, good.port, refusedPort])],
    routes: [routeTo('up', '/', { retryPolicy })],
  });
  for (let at = 0; at < 12; at++) {
    const response = await running.fetch('/', { method: 'POST', body: `body ${at}` });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'good');
    assert.ok(bodies.every((body) => body === `body ${at}`));
    bodies.length = 0;
  }
  assert.ok(attempts.some((attempt) => Number(attempt) > 1));
  assert.ok((await stat(running, 'cluster.up.upstream_rq_retry')) > 0);
});

test('a retry leaves the locality of the tries before (previous_priorities)', async () => {
  await using near = await httpUpstream((_request, response) => {
    response.statusCode = 503;
    response.end('near');
  });
  await using far = await httpUpstream((_request, response) => response.end('far'));
  const endpoints = [near, far].map(({ port }, priority) => ({
    priority,
    lbEndpoints: [{ endpoint: { address: socketAddress(port) } }],
  }));
  const cluster = clusterJson('u', [], { loadAssignment: { clusterName: 'u', endpoints } });
  const typedConfig = {
    '@type':
      'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
    updateFrequency: 1,
  };
  const retryPriority = { name: 'envoy.retry_priorities.previous_priorities', typedConfig };
  for (const [policy, status] of [
    [{ retryOn: '5xx', numRetries: 1 }, 503],
    [{ retryOn: '5xx', numRetries: 1, retryPriority }, 200],
  ] as const) {
    await using running = await runProxy({
      clusters: [cluster],
      routes: [routeTo('u', '/', { retryPolicy: policy })],
    });
    assert.equal((await running.fetch('/')).status, status);
  }
});

test('gives up after the configured number of retries', async () => {
  let seen = 0;
  await using bad = await httpUpstream((_request, response) => {
    seen++;
    response.writeHead(503, { 'x-bad': 'yes' });
    response.end('bad');
  });
  await using running = await runProxy({
    clusters: [oneEndpoint('up', bad.port)],
    routes: [routeTo('up', '/', { retryPolicy: { retryOn: '5xx', numRetries: 2 } })],
  });
  const response = await running.fetch('/');
  assert.equal(response.status, 503);
  assert.equal(await response.text(), 'bad');
  assert.equal(seen, 3);
});

test('times out: whole request, single try, and a response that stalls', async () => {
  await using up = await rawUpstream((socket) => {
    socket.on('data', (chunk) => {
      if (chunk.includes('/stall'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
  });
  const perTry = {
    retryPolicy: { retryOn: '5xx', numRetries: 1, perTryTimeout: '0.05s' },
    timeout: '5s',
  };
  await using running = await runProxy({
    clusters: [oneEndpoint('up', up.port)],
    // Long enough for the stalled response to begin on a machine that is busy with other things.
    routes: [
      routeTo('up', '/try', perTry),
      routeTo('up', '/stall', { timeout: '2s' }),
      routeTo('up', '/', { timeout: '0.1s' }),
    ],
  });
  for (const path of ['/whole', '/try']) {
    const response = await running.fetch(path);
    assert.equal(response.status, 504, path);
    assert.equal(await response.text(), 'upstream request timeout');
  }
  assert.equal(await stat(running, 'cluster.up.upstream_rq_per_try_timeout'), 2);
  await assert.rejects(async () => (await running.fetch('/stall')).text());
});

test('injects delays and aborts as Envoy does', async () => {
  await using up = await namedUpstream('up');
  await using slow = await httpUpstream((_request, response) => {
    setTimeout(() => response.end('slow'), 100);
  });
  const fault = (config: object) => ({
    typedPerFilterConfig: {
      'envoy.filters.http.fault': {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
        ...config,
      },
    },
  });
  const all = { numerator: 100, denominator: 'HUNDRED' };
  await using running = await runProxy({
    clusters: [oneEndpoint('up', up.port), oneEndpoint('slow', slow.port)],
    routes: [
      { ...routeTo('up', '/abort'), ...fault({ abort: { httpStatus: 555, percentage: all } }) },
      {
        ...routeTo('slow', '/delay', { timeout: '1.5s' }),
        ...fault({ delay: { fixedDelay: '1.6s', percentage: all } }),
      },
      {
        ...routeTo('up', '/never'),
        ...fault({ abort: { httpStatus: 500, percentage: { numerator: 0 } } }),
      },
      {
        ...routeTo('up', '/jason'),
        ...fault({
          abort: { httpStatus: 500, percentage: all },
          headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }],
        }),
      },
    ],
  });
  const abort = await running.fetch('/abort');
  assert.equal(abort.status, 555);
  assert.equal(await abort.text(), 'fault filter abort');
  const before = performance.now();
  const delayed = await Promise.all([
    running.fetch('/delay'),
    running.fetch('/delay', { method: 'POST', body: 'kept' }),
  ]);
  // The delay does not count against the route's time-out.
  assert.deepEqual(
    delayed.map(({ status }) => status),
    [200, 200],
  );
  assert.ok(performance.now() - before >= 1_595);
  assert.equal((await running.fetch('/never')).status, 200);
  assert.equal((await running.fetch('/jason')).status, 200);
  assert.equal((await running.fetch('/jason', { headers: { 'end-user': 'jason' } })).status, 500);
});

test('a client that leaves during a delay leaves nothing behind', async () => {
  let seen = 0;
  await using up = await httpUpstream((_request, response) => {
    seen++;
    response.end();
  });
  const fault = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    // Long enough to be seen while it lasts.
    delay: { fixedDelay: '2s', percentage: { numerator: 100 } },
  };
  await using running = await runProxy({
    clusters: [oneEndpoint('up', up.port)],
    routes: [{ ...routeTo('up'), typedPerFilterConfig: { 'envoy.filters.http.fault': fault } }],
  });
  const client = await running.connect();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(async () => (await stat(running, 'http.test.downstream_rq_active')) === 1);
  client.close();
  await eventually(async () => (await stat(running, 'http.test.downstream_rq_active')) === 0);
  const delayed = await running.fetch('/');
  assert.equal(delayed.status, 200);
  assert.equal(seen, 1);
  assert.equal(await stat(running, 'http.http.fault.active_faults'), 0);
});

test('breaks the circuit: connections, pending requests, requests', async () => {
  const held: (() => void)[] = [];
  await using up = await httpUpstream((_request, response) => {
    held.push(() => response.end('ok'));
  });
  const thresholds = (limits: object) => ({ circuitBreakers: { thresholds: [limits] } });
  await using running = await runProxy({
    clusters: [
      oneEndpoint('narrow', up.port, thresholds({ maxConnections: 1, maxPendingRequests: 1 })),
      oneEndpoint('few', up.port, thresholds({ maxRequests: 1 })),
    ],
    routes: [routeTo('few', '/few'), routeTo('narrow')],
  });
  const first = running.fetch('/1');
  await eventually(() => held.length === 1);
  const second = running.fetch('/2');
  await eventually(
    async () => (await stat(running, 'cluster.narrow.upstream_rq_pending_active')) === 1,
  );
  const third = await running.fetch('/3');
  assert.equal(third.status, 503);
  assert.match(await third.text(), /reset reason: overflow/);
  held.shift()?.();
  assert.equal((await first).status, 200);
  await eventually(() => held.length === 1);
  held.shift()?.();
  assert.equal((await second).status, 200);
  const busy = running.fetch('/few');
  await eventually(() => held.length === 1);
  assert.equal((await running.fetch('/few')).status, 503);
  held.shift()?.();
  assert.equal((await busy).status, 200);
});

test('ejects an endpoint that fails in a row, and takes it back', async () => {
  let broken = true;
  await using bad = await httpUpstream((_request, response) => {
    response.writeHead(broken ? 500 : 200);
    response.end('bad');
  });
  await using good = await namedUpstream('good');
  const outlierDetection = {
    consecutive5xx: 3,
    baseEjectionTime: '1s',
    interval: '0.1s',
    maxEjectionPercent: 50,
  };
  await using running = await runProxy({
    clusters: [
      clusterJson('up', [bad.port, good.port], {
        outlierDetection,
        commonLbConfig: { healthyPanicThreshold: { value: 0 } },
      }),
    ],
    routes: [routeTo('up')],
  });
  const endpoints = () => running.proxy.configuration.clusters.get('up')?.endpoints.endpoints ?? [];
  const someEjected = (): boolean => endpoints().some(({ isEjected }) => isEjected);
  await eventually(async () => {
    await (await running.fetch('/')).text();
    return someEjected();
  });
  let spared = 0;
  for (; spared < 10; spared++) {
    const answer = await (await running.fetch('/')).text();
    // On a busy machine the ejection may be over before ten requests are.
    if (!someEjected()) break;
    assert.equal(answer, 'good');
  }
  assert.ok(spared > 0);
  broken = false;
  await eventually(() => endpoints().every(({ isEjected }) => !isEjected));
  const seen = new Set<string>();
  for (let at = 0; at < 4; at++) seen.add(await (await running.fetch('/')).text());
  assert.deepEqual([...seen].sort(), ['bad', 'good']);
});

test('what cannot even be tried fails the request and nothing else', async () => {
  await using up = await namedUpstream('up');
  const tlsTo = (extra: object) => ({
    transportSocket: {
      name: 'envoy.transport_sockets.tls',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        commonTlsContext: extra,
      },
    },
  });
  const missing = { validationContext: { trustedCa: { filename: '/nowhere/ca.pem' } } };
  const { loadAssignment: _none, ...original } = clusterJson('original', []);
  await using running = await runProxy({
    clusters: [
      oneEndpoint('no-ca', up.port, tlsTo(missing)),
      oneEndpoint('no-tls', up.port, tlsTo({})),
      oneEndpoint('refused', refusedPort, tlsTo({})),
      { ...original, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' },
    ],
    routes: [
      routeTo('no-ca', '/no-ca'),
      routeTo('no-tls', '/no-tls'),
      routeTo('refused', '/refused'),
      routeTo('original'),
    ],
  });
  for (const path of ['/no-ca', '/no-tls', '/refused']) {
    assert.equal((await running.fetch(path)).status, 503, path);
  }
  const client = await running.connect();
  for (const host of ['127.0.0.1:99999', '127.0.0.1:0', 'no-such-host.invalid']) {
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal((await client.response()).status, 503, host);
  }
  client.send(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${up.port}\r\n\r\n`);
  assert.equal((await client.response()).body.toString(), 'up');
  client.close();
});

test('splits by weight, mirrors, rewrites and mutates', async () => {
  const mirrored: string[] = [];
  await using shadow = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      mirrored.push(`${request.headers.host} ${request.url} ${body.toString()}`);
      response.end();
    });
  });
  await using up = await httpUpstream((request, response) => {
    request.resume();
    response.setHeader('x-old', 'gone');
    response.end(`${request.headers.host} ${request.url} ${request.headers['x-added'] ?? ''}`);
  });
  await using other = await namedUpstream('other');
  await using running = await runProxy(
    {
      clusters: [
        oneEndpoint('up', up.port),
        oneEndpoint('other', other.port),
        oneEndpoint('shadow', shadow.port),
      ],
      routes: [
        {
          match: { prefix: '/split' },
          route: {
            weightedClusters: {
              clusters: [
                { name: 'up', weight: 25 },
                { name: 'other', weight: 75 },
              ],
            },
          },
        },
        {
          match: { prefix: '/api/' },
          route: {
            cluster: 'up',
            prefixRewrite: '/',
            hostRewriteLiteral: 'inner.example',
            requestMirrorPolicies: [{ cluster: 'shadow', disableShadowHostSuffixAppend: true }],
          },
          requestHeadersToAdd: [{ header: { key: 'x-added', value: 'from %REQ(:METHOD)%' } }],
          responseHeadersToAdd: [{ header: { key: 'x-new', value: 'here' } }],
          responseHeadersToRemove: ['x-old'],
        },
      ],
    },
    { dice: seeded() },
  );
  const response = await running.fetch('/api/v1?x', { method: 'POST', body: 'payload' });
  assert.equal(await response.text(), 'inner.example /v1?x from POST');
  assert.equal(response.headers.get('x-new'), 'here');
  assert.equal(response.headers.get('x-old'), null);
  await eventually(() => mirrored.length === 1);
  assert.match(mirrored[0] ?? '', /\/v1\?x payload$/);
  let others = 0;
  for (let at = 0; at < 400; at++) {
    if ((await (await running.fetch('/split')).text()) === 'other') others++;
  }
  assert.ok(others > 260 && others < 340, `${others} of 400`);
});

/** A fixed sequence: the split is the same in every run. */
const seeded = () => {
  let state = 12_345;
  return (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x8000_0000) * limit);
  };
};

test('answers preflights and marks responses for allowed origins', async () => {
  await using up = await namedUpstream('up');
  const cors = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    allowOriginStringMatch: [{ exact: 'https://a.example' }],
    allowMethods: 'GET,POST',
    maxAge: '60',
  };
  await using running = await runProxy({
    clusters: [oneEndpoint('up', up.port)],
    routes: [{ ...routeTo('up'), typedPerFilterConfig: { 'envoy.filters.http.cors': cors } }],
  });
  const headers = { 'access-control-request-method': 'POST', origin: 'https://a.example' };
  const client = await running.connect();
  client.send(
    `OPTIONS / HTTP/1.1\r\nHost: a\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  );
  const preflight = await client.response();
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://a.example');
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET,POST');
  assert.equal(preflight.headers.get('access-control-max-age'), '60');
  client.send('GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n');
  assert.equal(
    (await client.response()).headers.get('access-control-allow-origin'),
    'https://a.example',
  );
  client.send('GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://b.example\r\n\r\n');
  assert.equal((await client.response()).headers.get('access-control-allow-origin'), undefined);
  client.close();
});

test('passes WebSockets through, and refuses them where they are not allowed', async () => {
  await using up = await httpUpstream((_request, response) => response.end('plain'));
  const sockets = new WebSocketServer({ server: up.server as never });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await using running = await runProxy({
    clusters: [oneEndpoint('up', up.port)],
    routes: [routeTo('up', '/', { timeout: '1s' })],
    manager: { upgradeConfigs: [{ upgradeType: 'websocket' }] },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/chat`);
  await new Promise((resolve) => socket.once('open', resolve));
  for (const message of ['hello', 'x'.repeat(200_000), 'bye']) {
    socket.send(message);
    const [echo] = (await new Promise<[Buffer]>((resolve) =>
      socket.once('message', (data: Buffer) => resolve([data])),
    )) as [Buffer];
    assert.equal(echo.toString(), message);
  }
  socket.close();
  await new Promise((resolve) => socket.once('close', resolve));
  sockets.close();
  await using closed = await runProxy({
    clusters: [oneEndpoint('up', up.port)],
    routes: [routeTo('up')],
  });
  const refused = new WebSocket(`ws://127.0.0.1:${closed.port}/chat`);
  const error = await new Promise<Error>((resolve) => refused.once('error', resolve));
  assert.match(error.message, /403/);
});

test('writes access logs with flags and details', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-proxy-'));
  const path = join(folder, 'access.log');
  try {
    await using up = await rawUpstream((socket) => {
      socket.on('data', (chunk) => {
        if (chunk.includes('/reset')) socket.destroy();
        else if (chunk.includes('/garbage'))
          socket.write('SSH-2.0-nonsense-of-enough-length\r\n\r\n');
        else if (!chunk.includes('/slow'))
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const format =
      '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %ROUTE_NAME%\n';
    const accessLog = [
      {
        name: 'envoy.access_loggers.file',
        typedConfig: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
          path,
          logFormat: { textFormatSource: { inlineString: format } },
        },
      },
    ];
    {
      await using running = await runProxy({
        clusters: [
          oneEndpoint('up', up.port),
          clusterJson('none', []),
          oneEndpoint('dead', refusedPort),
        ],
        routes: [
          routeTo('none', '/none'),
          routeTo('dead', '/dead'),
          routeTo('missing', '/missing'),
          routeTo('up', '/u/slow', { timeout: '0.1s' }),
          routeTo('up', '/u'),
        ],
        manager: { accessLog },
      });
      for (const one of [
        '/u/ok',
        '/none',
        '/dead',
        '/missing',
        '/nowhere',
        '/u/slow',
        '/u/reset',
        '/u/garbage',
      ]) {
        await (await running.fetch(one)).text();
      }
      const client = await running.connect();
      client.send('GET /u/left/slow HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually(async () => (await stat(running, 'http.test.downstream_rq_active')) === 1);
      client.close();
      await eventually(async () => (await stat(running, 'http.test.downstream_rq_active')) === 0);
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const expected = [
      /^GET \/u\/ok 200 - via_upstream 0 2 up up$/,
      /^GET \/none 503 UH no_healthy_upstream 0 19 none none$/,
      /^GET \/dead 503 UF upstream_reset_before_response_started\{remote_connection_failure\S* 0 \d+ dead dead$/,
      /^GET \/missing 503 NC cluster_not_found 0 0 - missing$/,
      /^GET \/nowhere 404 NR route_not_found 0 0 - -$/,
      /^GET \/u\/slow 504 UT response_timeout 0 24 up up$/,
      /^GET \/u\/reset 503 UC upstream_reset_before_response_started\{connection_termination\} 0 \d+ up up$/,
      /^GET \/u\/garbage 502 UPE upstream_reset_before_response_started\{protocol_error\} 0 \d+ up up$/,
      /^GET \/u\/left\/slow 0 DC downstream_remote_disconnect 0 0 up up$/,
    ];
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [at, pattern] of expected.entries()) assert.match(lines[at] ?? '', pattern);
  } finally {
    await rm(folder, { recursive: true });
  }
});
