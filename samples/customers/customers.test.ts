import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { type Cleanup, startServer } from '../http-app/started-server.ts';
import { OutboundHttp } from '../outbound-http/outbound-http.ts';
import { createCustomers } from './customers/app.ts';
import { createWebFrontend } from './web-frontend/app.ts';

function startFrontend(t: Cleanup, customersUrl: string): Promise<string> {
  const outbound = new OutboundHttp({});
  t.after(() => outbound.close());
  return startServer(t, createWebFrontend({ customersUrl, outbound, timeoutMs: 60_000 }));
}

const CITY = '<th class="px-4 py-2">CITY</th>';
const NAME = '<th class="px-4 py-2">NAME</th>';

for (const withCity of [false, true]) {
  test(`customers ${withCity ? 'v2 shows city and name' : 'v1 shows names only'}`, async (t) => {
    const customers = await startServer(t, createCustomers({ withCity }));
    const page = await (await fetch(await startFrontend(t, customers))).text();
    assert.ok(page.includes(NAME));
    assert.equal(page.includes(CITY), withCity);
    if (withCity) assert.ok(page.indexOf(CITY) < page.indexOf(NAME));
    assert.match(page, /<td class="px-4 py-2">Ines Calado<\/td>/);
  });
}

test('the header user reaches customers', async (t) => {
  let user: unknown;
  const customers = createServer((request, response) => {
    user = request.headers['user'];
    response.end('[]');
  });
  const url = await startFrontend(t, await startServer(t, customers));
  assert.equal((await fetch(url, { headers: { user: 'debug' } })).status, 200);
  assert.equal(user, 'debug');
});

const problems: readonly [number, string, RegExp][] = [
  [503, 'no healthy upstream', /status 503: no healthy upstream/],
  [200, '{}', /not a list/],
  [200, '<b>', /not a list/],
];

for (const [status, body, text] of problems) {
  test(`customers answering ${status} ${body} is told on the page`, async (t) => {
    const customers = createServer((_request, response) => response.writeHead(status).end(body));
    const response = await fetch(await startFrontend(t, await startServer(t, customers)));
    assert.equal(response.status, 500);
    assert.match(await response.text(), text);
  });
}
