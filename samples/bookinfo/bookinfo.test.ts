import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { type Cleanup, startServer } from '../http-app/started-server.ts';
import { OutboundHttp } from '../outbound-http/outbound-http.ts';
import { createDetails } from './details/app.ts';
import { createRatings } from './ratings/app.ts';
import { createReviews, type RatingsSource } from './reviews/app.ts';
import { serviceAddress, timeoutFromEnv } from './service-address.ts';

async function json(url: string, init?: RequestInit): Promise<[status: number, body: unknown]> {
  const response = await fetch(url, init);
  return [response.status, await response.json()];
}

function ratingsAt(t: Cleanup, url: string, more: Partial<RatingsSource> = {}): RatingsSource {
  const outbound = new OutboundHttp({});
  t.after(() => outbound.close());
  const service = { url, endpoint: 'ratings' };
  return { service, outbound, timeoutMs: 60_000, starColor: 'black', ...more };
}

async function startReviews(t: Cleanup, ratings?: RatingsSource): Promise<string> {
  const options = { podName: 'reviews-v2-abc', clusterName: 'null' };
  return startServer(t, createReviews(ratings === undefined ? options : { ...options, ratings }));
}

async function ratingOf(url: string, init?: RequestInit): Promise<unknown> {
  const [, body] = await json(`${url}/reviews/0`, init);
  return (body as { reviews: { rating?: unknown }[] }).reviews.map(({ rating }) => rating);
}

const UNAVAILABLE = { error: 'Ratings service is currently unavailable' };

test('details answers with the book, and refuses an id that is no number', async (t) => {
  const url = await startServer(t, createDetails({}));
  const [status, book] = await json(`${url}/details/0`);
  assert.equal(status, 200);
  assert.deepEqual(book, {
    id: 0,
    author: 'William Shakespeare',
    year: 1595,
    type: 'paperback',
    pages: 200,
    publisher: 'PublisherA',
    language: 'English',
    'ISBN-10': '1234567890',
    'ISBN-13': '123-1234567890',
  });
  assert.deepEqual(await json(`${url}/details/x`), [
    400,
    { error: 'please provide numeric product id' },
  ]);
  assert.deepEqual(await json(`${url}/health`), [200, { status: 'Details is healthy' }]);
});

test('details v2 reads the book from the library, and fails when that does', async (t) => {
  const answers = new Map([
    [
      '/books/v1/volumes?q=isbn:0486424618',
      {
        items: [
          {
            volumeInfo: {
              authors: ['William Shakespeare'],
              publishedDate: '2002-01-01',
              printType: 'BOOK',
              pageCount: 64,
              publisher: 'Courier',
              language: 'en',
              industryIdentifiers: [{ type: 'ISBN_10', identifier: '0486424618' }],
            },
          },
        ],
      },
    ],
  ]);
  const library = createServer((request, response) =>
    response.end(JSON.stringify(answers.get(request.url ?? '') ?? {})),
  );
  const outbound = new OutboundHttp({});
  t.after(() => outbound.close());
  const source = { url: await startServer(t, library), outbound, timeoutMs: 60_000 };
  const url = await startServer(t, createDetails({ library: source }));
  const [status, book] = await json(`${url}/details/0`);
  assert.equal(status, 200);
  assert.deepEqual(book, {
    id: 0,
    author: 'William Shakespeare',
    year: 2002,
    type: 'paperback',
    pages: 64,
    publisher: 'Courier',
    language: 'English',
    'ISBN-10': '0486424618',
    'ISBN-13': 'unknown',
  });
  answers.clear();
  assert.equal((await fetch(`${url}/details/0`)).status, 500);
});

test('ratings gives two reviewers, and keeps what is posted', async (t) => {
  const url = await startServer(t, createRatings({}));
  assert.deepEqual(await json(`${url}/ratings/0`), [
    200,
    { id: 0, ratings: { Reviewer1: 5, Reviewer2: 4 } },
  ]);
  const posted = { id: 7, ratings: { Reviewer1: 1 } };
  const body = JSON.stringify(posted.ratings);
  assert.deepEqual(await json(`${url}/ratings/7`, { method: 'POST', body }), [200, posted]);
  assert.deepEqual(await json(`${url}/ratings/7`), [200, posted]);
  for (const bad of ['{', '[]', '{"Reviewer1":"many"}', 'null']) {
    const [status] = await json(`${url}/ratings/7`, { method: 'POST', body: bad });
    assert.equal(status, 400, bad);
  }
});

test('reviews without ratings', async (t) => {
  const url = await startReviews(t);
  const [status, body] = await json(`${url}/reviews/0`);
  assert.equal(status, 200);
  const { reviews, ...rest } = body as { reviews: unknown[] };
  assert.deepEqual(rest, { id: '0', podname: 'reviews-v2-abc', clustername: 'null' });
  assert.deepEqual(
    reviews.map((review) => Object.keys(review as object)),
    [
      ['reviewer', 'text'],
      ['reviewer', 'text'],
    ],
  );
  assert.equal((await fetch(`${url}/reviews/abc`)).status, 400);
});

for (const starColor of ['black', 'red']) {
  test(`reviews with ${starColor} stars`, async (t) => {
    const ratings = await startServer(t, createRatings({}));
    const url = await startReviews(t, ratingsAt(t, ratings, { starColor }));
    assert.deepEqual(await ratingOf(url), [
      { stars: 5, color: starColor },
      { stars: 4, color: starColor },
    ]);
  });
}

test('reviews hands on what routes and traces need', async (t) => {
  const handedOn = {
    'x-request-id': 'r-1',
    'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
    b3: '463ac35c9f6413ad48485a3953bb6124-0020000000000001-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1',
    'x-ot-span-context': 'o',
    'end-user': 'jason',
    'user-agent': 'agent/1',
    authorization: 'Bearer x',
    cookie: 'session=x',
  };
  let seen: IncomingHttpHeaders = {};
  const ratings = createServer((request, response) => {
    seen = request.headers;
    response.end('{"ratings":{}}');
  });
  const url = await startReviews(t, ratingsAt(t, await startServer(t, ratings)));
  assert.deepEqual(await ratingOf(url, { headers: { ...handedOn, 'x-own': 'stays' } }), [
    UNAVAILABLE,
    UNAVAILABLE,
  ]);
  assert.deepEqual(
    Object.fromEntries(Object.keys(handedOn).map((name) => [name, seen[name]])),
    handedOn,
  );
  assert.equal(seen['x-own'], undefined);
});

const brokenRatings: readonly [string, number, string][] = [
  ['a failure injected by the mesh', 500, 'fault filter abort'],
  ['no JSON', 200, '<html>'],
  ['JSON of another shape', 200, '{"ratings":[null]}'],
  ['null', 200, 'null'],
];

for (const [what, status, body] of brokenRatings) {
  test(`reviews says so when ratings gives ${what}`, async (t) => {
    t.mock.method(process.stderr, 'write', () => true);
    const ratings = createServer((_request, response) => response.writeHead(status).end(body));
    const url = await startReviews(t, ratingsAt(t, await startServer(t, ratings)));
    assert.deepEqual(await ratingOf(url), [UNAVAILABLE, UNAVAILABLE]);
  });
}

test('reviews says so when ratings is too slow', async (t) => {
  t.mock.method(process.stderr, 'write', () => true);
  const slow = await startServer(t, createServer());
  const url = await startReviews(t, ratingsAt(t, slow, { timeoutMs: 30 }));
  assert.deepEqual(await ratingOf(url), [UNAVAILABLE, UNAVAILABLE]);
});

test('service addresses and time-outs come from upstream variables', () => {
  assert.equal(serviceAddress({}, 'details').url, 'http://details:9080');
  const env = {
    DETAILS_HOSTNAME: 'd',
    SERVICES_DOMAIN: 'shop.svc.cluster.local',
    DETAILS_SERVICE_PORT: '80',
  };
  assert.equal(serviceAddress(env, 'details').url, 'http://d.shop.svc.cluster.local:80');
  assert.equal(timeoutFromEnv({}, 'T', 3000), 3000);
  assert.equal(timeoutFromEnv({ T: '50' }, 'T', 3000), 50);
  assert.throws(() => timeoutFromEnv({ T: 'soon' }, 'T', 3000), /T is "soon"/);
});
