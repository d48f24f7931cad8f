import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { type Cleanup, startServer } from '../../http-app/started-server.ts';
import { OutboundHttp } from '../../outbound-http/outbound-http.ts';
import { createDetails } from '../details/app.ts';
import { createProductpage } from './app.ts';
import {
  cleanUser,
  returnPath,
  sessionCookie,
  userFromCookie,
  userHeaderValue,
} from './session.ts';

const REVIEWS_ERROR = [
  'Error fetching product reviews!',
  'Sorry, product reviews are currently unavailable for this book.',
];
const DETAILS_ERROR = [
  'Error fetching product details!',
  'Sorry, product details are currently unavailable for this book.',
];
const RATINGS_ERROR = 'Ratings service is currently unavailable';

interface Shop {
  readonly url: string;
  /** What reviews was asked. */
  readonly asked: IncomingMessage[];
}

/** A productpage whose services are all this test's: reviews answers as `reviews` does. */
async function startShop(
  t: Cleanup,
  reviews: RequestListener,
  { timeoutMs = 60_000, detailsUrl = '' } = {},
): Promise<Shop> {
  const asked: IncomingMessage[] = [];
  const behind = createServer((request, response) => {
    asked.push(request);
    reviews(request, response);
  });
  const details = detailsUrl === '' ? await startServer(t, createDetails({})) : detailsUrl;
  const outbound = new OutboundHttp({});
  t.after(() => outbound.close());
  const reviewsUrl = await startServer(t, behind);
  const page = createProductpage({
    podName: 'productpage-v1-abc',
    backends: {
      details: { url: details, endpoint: 'details' },
      reviews: { url: reviewsUrl, endpoint: 'reviews' },
      ratings: { url: reviewsUrl, endpoint: 'ratings' },
      outbound,
      timeoutMs,
    },
  });
  return { url: await startServer(t, page), asked };
}

function answering(rating: unknown): RequestListener {
  const reviews = [
    { reviewer: 'Reviewer1', text: 'Good & <funny>', rating },
    { reviewer: 'Reviewer2', text: 'Fair' },
  ];
  const body = JSON.stringify({ id: '0', podname: 'reviews-v2-77b', clustername: 'null', reviews });
  return (_request, response) => response.end(body);
}

async function pageOf({ url }: Shop, init?: RequestInit): Promise<string> {
  const response = await fetch(`${url}/productpage`, init);
  assert.equal(response.status, 200);
  return response.text();
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

test('the page shows the book, the reviews and who served them', async (t) => {
  const shop = await startShop(t, answering(undefined));
  const page = await pageOf(shop);
  const expected = [
    '<title>Simple Bookstore App</title>',
    'The Comedy of Errors',
    'PublisherA',
    'Good &amp; &lt;funny&gt;',
    'Reviews served by: <code>reviews-v2-77b</code>',
    'Sign in',
  ];
  for (const text of expected) assert.ok(page.includes(text), text);
  assert.doesNotMatch(page, /Error fetching|unavailable/);
});

test('a version without ratings leaves not even the word behind', async (t) => {
  const page = await pageOf(await startShop(t, answering(undefined)));
  assert.doesNotMatch(page, /(?<!book)star|ratings/i);
});

for (const [color, other] of [
  ['black', 'red'],
  ['red', 'black'],
]) {
  test(`stars are ${color} when the version says so`, async (t) => {
    const page = await pageOf(await startShop(t, answering({ stars: 4, color })));
    assert.equal(count(page, `class="star star-${color}"`), 4);
    assert.equal(count(page, 'class="star star-empty"'), 1);
    assert.equal(count(page, `star-${other}`), 0);
    assert.ok(page.includes('4 stars'));
  });
}

test('a rating that failed is told beside the review', async (t) => {
  const page = await pageOf(await startShop(t, answering({ error: RATINGS_ERROR })));
  assert.equal(count(page, RATINGS_ERROR), 1);
  assert.ok(page.includes('Good &amp;'));
  assert.doesNotMatch(page, /star-(black|red)/);
});

test('reviews that do not answer are asked twice, each for the whole time-out', async (t) => {
  const shop = await startShop(t, () => undefined, { timeoutMs: 800 });
  const start = performance.now();
  const page = await pageOf(shop);
  assert.ok(performance.now() - start >= 1_598, 'both time-outs have passed');
  for (const text of REVIEWS_ERROR) assert.ok(page.includes(text), text);
  assert.equal(shop.asked.length, 2);
  assert.ok(page.includes('PublisherA'), 'the rest of the page is there');
});

test('the second attempt can save the page', async (t) => {
  let calls = 0;
  const shop = await startShop(t, (request, response) => {
    if (++calls === 1) response.writeHead(503).end();
    else answering(undefined)(request, response);
  });
  assert.ok((await pageOf(shop)).includes('Good &amp;'));
  assert.equal(calls, 2);
});

test('details that do not answer cost only their part of the page, and are asked once', async (t) => {
  let calls = 0;
  const silent = await startServer(
    t,
    createServer(() => calls++),
  );
  const shop = await startShop(t, answering(undefined), { timeoutMs: 800, detailsUrl: silent });
  const page = await pageOf(shop);
  for (const text of DETAILS_ERROR) assert.ok(page.includes(text), text);
  assert.ok(page.includes('Good &amp;'));
  assert.equal(calls, 1);
});

const oddAnswers = ['', 'null', '[]', '{"reviews":1}', '{"reviews":[null]}', '<html>'];

for (const body of oddAnswers) {
  test(`reviews answering ${body || 'nothing'} do not break the page`, async (t) => {
    await pageOf(await startShop(t, (_request, response) => response.end(body)));
  });
}

test('signing in sets end-user on the calls behind, signing out takes it away', async (t) => {
  const shop = await startShop(t, answering(undefined));
  const login = await fetch(`${shop.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'jason', passwd: 'anything' }),
    headers: { referer: `${shop.url}/productpage?u=test` },
    redirect: 'manual',
  });
  assert.equal(login.status, 302);
  assert.equal(login.headers.get('location'), '/productpage?u=test');
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await pageOf(shop, { headers: { cookie } });
  assert.ok(page.includes('sign out'));
  assert.ok(page.includes('>jason<'));
  assert.equal(shop.asked[0]?.headers['end-user'], 'jason');

  const logout = await fetch(`${shop.url}/logout`, { headers: { cookie }, redirect: 'manual' });
  assert.equal(logout.status, 302);
  assert.match(logout.headers.get('set-cookie') ?? '', /^session=; .*Max-Age=0/);
  await pageOf(shop);
  assert.equal(shop.asked[1]?.headers['end-user'], undefined);
});

test('trace headers are handed on; a client cannot set end-user past the sign-in', async (t) => {
  const shop = await startShop(t, answering(undefined));
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await pageOf(shop, {
    headers: { 'x-request-id': 'r-1', traceparent, b3: '0', 'end-user': 'jason' },
  });
  const headers = shop.asked[0]?.headers;
  assert.equal(headers?.['x-request-id'], 'r-1');
  assert.equal(headers?.['traceparent'], traceparent);
  assert.equal(headers?.['b3'], '0');
  assert.equal(headers?.['end-user'], undefined);
});

test('the landing page has the table and the links of the tutorial', async (t) => {
  const { url } = await startShop(t, answering(undefined));
  const page = await (await fetch(`${url}/`)).text();
  const expected = [
    '<title>Simple Bookstore App</title>',
    'Hello! This is a simple bookstore application consisting of three services as shown below',
    '<th>name</th><th>endpoint</th><th>children</th>',
    '<td>details</td>',
    '<td>ratings</td>',
    'Click on one of the links below to auto generate a request to the backend as a real user or a tester',
    '<a href="/productpage?u=normal">Normal user</a>',
    '<a href="/productpage?u=test">Test user</a>',
  ];
  for (const text of expected) assert.ok(page.includes(text), text);
});

test('every file the pages name is there, and is not sent twice', async (t) => {
  const shop = await startShop(t, answering(undefined));
  const pages = (await pageOf(shop)) + (await (await fetch(shop.url)).text());
  const paths = new Set(
    [...pages.matchAll(/(?:href|src)="(static\/[^"]+)"/g)].map(([, path]) => path),
  );
  assert.ok(paths.size >= 2);
  for (const path of paths) {
    const first = await fetch(`${shop.url}/${path}`);
    assert.equal(first.status, 200, path);
    assert.match(first.headers.get('cache-control') ?? '', /max-age=\d+/);
    await first.arrayBuffer();
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${shop.url}/${path}`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304, path);
  }
  for (const path of ['static/', 'static/nothing.css', 'static/..%2fapp.ts']) {
    assert.equal((await fetch(`${shop.url}/${path}`)).status, 404, path);
  }
});

test('the API passes on what the services say, and their status', async (t) => {
  let status = 200;
  const shop = await startShop(t, (_request, response) =>
    response.writeHead(status).end('{"a":1}'),
  );
  const api = `${shop.url}/api/v1/products`;
  const products = (await (await fetch(api)).json()) as { id: number; title: string }[];
  assert.deepEqual(
    products.map(({ id, title }) => [id, title]),
    [[0, 'The Comedy of Errors']],
  );
  assert.equal(((await (await fetch(`${api}/0`)).json()) as { id: number }).id, 0);
  for (const name of ['reviews', 'ratings']) {
    assert.deepEqual(await (await fetch(`${api}/0/${name}`)).json(), { a: 1 });
  }
  status = 503;
  const failed = await fetch(`${api}/0/ratings`);
  assert.equal(failed.status, 503);
  assert.deepEqual(await failed.json(), {
    error: 'Sorry, product ratings are currently unavailable for this book.',
  });
  assert.equal((await fetch(`${api}/none`)).status, 400);
  assert.equal(await (await fetch(`${shop.url}/health`)).text(), 'Product page is healthy');
});

const referers: readonly [string | undefined, string][] = [
  [undefined, '/productpage'],
  ['http://shop/productpage?u=test', '/productpage?u=test'],
  ['http://shop//evil.example/x', '/evil.example/x'],
  ['http://shop/\\evil.example', '/evil.example'],
  ['javascript:alert(1)', '/alert(1)'],
  ['nonsense', '/productpage'],
];

for (const [referer, path] of referers) {
  test(`after signing in from ${referer} the way leads to ${path}`, () => {
    assert.equal(returnPath(referer), path);
  });
}

test('any name survives the cookie and fits a header', () => {
  for (const name of ['jason', 'José', '毛巳煜', 'a;b="c" d']) {
    assert.equal(userFromCookie(`x=1; ${sessionCookie(name).split(';')[0]}`), name);
    assert.equal(Buffer.from(userHeaderValue(name), 'latin1').toString(), name);
  }
  assert.equal(cleanUser(' a\r\nx: y\u0000 '), 'ax: y');
  assert.equal(cleanUser('  '), undefined);
  assert.equal(userFromCookie(sessionCookie(undefined)), undefined);
});
