import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cleanup, startServer } from '../http-app/started-server.ts';
import { createHttpbin } from './app.ts';

function start(t: Cleanup): Promise<string> {
  return startServer(t, createHttpbin({}));
}

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
  assert.equal(response.headers.get('content-type'), 'application/json');
  return (await response.json()) as Record<string, unknown>;
}

const statuses: readonly [string, number][] = [
  ['/status/200', 200],
  ['/status/418', 418],
  ['/status/503', 503],
  ['/status/200:0,500:1', 500],
  ['/status/100', 400],
  ['/status/many', 400],
  ['/bytes/-1', 400],
  ['/delay/soon', 400],
  ['/redirect/0', 400],
];

for (const [path, status] of statuses) {
  test(`${path} gives ${status}`, async (t) => {
    assert.equal((await fetch((await start(t)) + path)).status, status);
  });
}

test('/headers prints the names as httpbin does', async (t) => {
  const url = await start(t);
  const { headers } = await json(`${url}/headers`, { headers: { 'x-b3-traceid': 'a' } });
  assert.equal((headers as Record<string, string>)['X-B3-Traceid'], 'a');
  assert.equal((headers as Record<string, string>)['Host'], new URL(url).host);
});

test('/get tells arguments, origin and address', async (t) => {
  const url = await start(t);
  const answer = await json(`${url}/get?a=1&b=2&b=3`, {
    headers: { 'x-forwarded-for': '10.0.0.9' },
  });
  assert.deepEqual(answer['args'], { a: '1', b: ['2', '3'] });
  assert.equal(answer['origin'], '10.0.0.9');
  assert.equal(answer['url'], `${url}/get?a=1&b=2&b=3`);
});

test('/post and /anything echo JSON, forms and text', async (t) => {
  const url = await start(t);
  const post = (body: string | URLSearchParams, path = '/post') =>
    json(url + path, { method: 'POST', body });
  assert.deepEqual((await post('{"a":1}'))['json'], { a: 1 });
  assert.deepEqual((await post(new URLSearchParams({ a: '1' })))['form'], { a: '1' });
  const anything = await post('text', '/anything/below');
  assert.deepEqual(
    [anything['method'], anything['data'], anything['json']],
    ['POST', 'text', null],
  );
});

test('bodies of the size and number asked for, up to a limit', async (t) => {
  const url = await start(t);
  const size = async (path: string) => (await (await fetch(url + path)).arrayBuffer()).byteLength;
  assert.equal(await size('/bytes/1000'), 1000);
  assert.equal(await size('/stream-bytes/25000'), 25_000);
  assert.equal(await size('/bytes/999999999'), 100 * 1024);
  const lines = (await (await fetch(`${url}/stream/3`)).text()).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).id),
    [0, 1, 2],
  );
});

test('the small ones', async (t) => {
  const url = await start(t);
  assert.match(String((await json(`${url}/uuid`))['uuid']), /^[0-9a-f-]{36}$/);
  assert.equal((await json(`${url}/ip`))['origin'], '127.0.0.1');
  assert.deepEqual(await json(`${url}/cookies`, { headers: { cookie: 'a=1; b=2=3' } }), {
    cookies: { a: '1', b: '2=3' },
  });
  const response = await fetch(`${url}/response-headers?x-mine=yes`);
  assert.equal(response.headers.get('x-mine'), 'yes');
  assert.equal((await fetch(`${url}/redirect/2`)).url, `${url}/get`);
  assert.equal((await fetch(`${url}/delay/0`)).status, 200);
});
