import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { type Cleanup, startServer } from '../http-app/started-server.ts';
import { OutboundHttp } from './outbound-http.ts';
import { bypassesProxy, proxyFromEnv } from './proxy-choice.ts';

function client(test: Cleanup, env: NodeJS.ProcessEnv): OutboundHttp {
  const outbound = new OutboundHttp(env);
  test.after(() => outbound.close());
  return outbound;
}

test('with a proxy, the target is absolute, Host is the service and the connection is kept', async (t) => {
  const seen: IncomingMessage[] = [];
  let connections = 0;
  const proxy = createServer((request, response) => {
    seen.push(request);
    response.end('answer');
  });
  proxy.on('connection', () => connections++);
  const outbound = client(t, { HTTP_PROXY: await startServer(t, proxy) });
  const call = { headers: { 'x-request-id': 'r1' }, timeoutMs: 60_000 };
  for (const path of ['/reviews/0', '/reviews/1?x=y']) {
    const result = await outbound.get(`http://reviews:9080${path}`, call);
    assert.deepEqual(result, { kind: 'answer', status: 200, body: 'answer' });
  }
  assert.deepEqual(
    seen.map(({ url, headers }) => [url, headers.host, headers['x-request-id']]),
    [
      ['http://reviews:9080/reviews/0', 'reviews:9080', 'r1'],
      ['http://reviews:9080/reviews/1?x=y', 'reviews:9080', 'r1'],
    ],
  );
  assert.equal(connections, 1);
});

test('a host in NO_PROXY is asked directly', async (t) => {
  const service = createServer((request, response) => response.end(request.url));
  const url = await startServer(t, service);
  const outbound = client(t, { http_proxy: 'http://127.0.0.1:9', NO_PROXY: 'localhost,127.0.0.1' });
  const result = await outbound.get(`${url}/x`, { timeoutMs: 60_000 });
  assert.deepEqual(result, { kind: 'answer', status: 200, body: '/x' });
});

test('the time-out covers an answer that never begins and one that never ends', async (t) => {
  const silent = createServer((request, response) => {
    if (request.url === '/begun') response.write('begun');
  });
  const url = await startServer(t, silent);
  const outbound = client(t, {});
  for (const path of ['/silent', '/begun']) {
    const result = await outbound.get(url + path, { timeoutMs: 30 });
    assert.equal(result.kind === 'failure' && result.reason, 'timeout', path);
  }
});

test('a refused connection is a failure, not a rejection', async (t) => {
  const closed = createServer();
  const url = await startServer(t, closed);
  await new Promise((resolve) => closed.close(resolve));
  const result = await client(t, {}).get(url, { timeoutMs: 60_000 });
  assert.equal(result.kind === 'failure' && result.reason, 'connection');
});

test('a kept connection that was closed meanwhile does not fail the call', async (t) => {
  let calls = 0;
  const service = createServer((request, response) => {
    calls++;
    // The second call arrives on the kept connection, and finds it closing.
    if (calls === 2) request.socket.resetAndDestroy();
    else response.end(String(calls));
  });
  const url = await startServer(t, service);
  const outbound = client(t, {});
  const bodies: unknown[] = [];
  for (let round = 0; round < 2; round++)
    bodies.push(await outbound.get(url, { timeoutMs: 60_000 }));
  assert.deepEqual(bodies, [
    { kind: 'answer', status: 200, body: '1' },
    { kind: 'answer', status: 200, body: '3' },
  ]);
});

const bypassCases: readonly [string, string, boolean][] = [
  ['http://localhost/', 'localhost', true],
  ['http://a.example/', 'example', true],
  ['http://a.example/', '.example', true],
  ['http://a.example/', '*.example', true],
  ['http://anexample/', 'example', false],
  ['http://example:81/', 'example:81', true],
  ['http://example/', 'example:81', false],
  ['http://example/', 'example:80', true],
  ['http://reviews:9080/', '*', true],
  ['http://reviews:9080/', 'localhost,127.0.0.1', false],
];

for (const [url, entries, expected] of bypassCases) {
  test(`${url} ${expected ? 'bypasses' : 'uses'} the proxy with NO_PROXY=${entries}`, () => {
    assert.equal(bypassesProxy(new URL(url), entries.split(',')), expected);
  });
}

test('the proxy is read with or without a scheme; another scheme is no proxy', () => {
  const found = { host: '127.1.0.5', port: 15002 };
  assert.deepEqual(proxyFromEnv({ http_proxy: 'http://127.1.0.5:15002' }), found);
  assert.deepEqual(proxyFromEnv({ HTTP_PROXY: '127.1.0.5:15002' }), found);
  assert.equal(proxyFromEnv({ http_proxy: 'socks5://127.1.0.5:15002' }), undefined);
  assert.equal(proxyFromEnv({ http_proxy: '' }), undefined);
});
