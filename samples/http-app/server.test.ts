import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { html, Markup } from './html.ts';
import { createApp, jsonReply, readBody, textReply } from './server.ts';
import { startServer } from './started-server.ts';

function exampleApp(lines: string[] = []) {
  return createApp({
    log: (line) => lines.push(line),
    routes: [
      { method: 'GET', path: '/', handle: () => textReply(200, 'root') },
      {
        method: 'GET',
        path: '/a/:id',
        handle: ({ params, query }) => jsonReply(200, { ...params, q: query.get('q') }),
      },
      { method: 'GET', path: '/rest/*', handle: ({ params }) => textReply(200, params['*'] ?? '') },
      {
        method: 'POST',
        path: '/short',
        handle: async (r) => textReply(200, (await readBody(r, 4))?.toString() ?? 'too long'),
      },
      { method: '*', path: '/any', handle: ({ method }) => textReply(200, method) },
      {
        method: 'GET',
        path: '/broken',
        handle: () => {
          throw new Error('broken on purpose');
        },
      },
      {
        method: 'GET',
        path: '/stream',
        handle: () => ({
          status: 200,
          body: (async function* () {
            yield 'one,';
            yield 'two';
          })(),
        }),
      },
    ],
  });
}

const cases: readonly [string, string, number, string][] = [
  ['GET', '/', 200, 'root'],
  ['GET', '/a/x%20y?q=1', 200, '{"id":"x y","q":"1"}'],
  ['GET', '/a/', 404, 'Not Found\n'],
  ['GET', '/a/b/c', 404, 'Not Found\n'],
  ['GET', '/a/%zz', 400, 'Bad Request: the path is not valid percent-encoding\n'],
  ['GET', '/rest/x/y', 200, 'x/y'],
  ['DELETE', '/', 405, 'Method Not Allowed\n'],
  ['PATCH', '/any', 200, 'PATCH'],
  ['GET', '/stream', 200, 'one,two'],
  ['HEAD', '/', 200, ''],
  ['GET', '//', 404, 'Not Found\n'],
];

for (const [method, path, status, body] of cases) {
  test(`${method} ${path} gives ${status}`, async (t) => {
    const url = await startServer(t, exampleApp());
    const response = await fetch(url + path, { method });
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
  });
}

test('a target in absolute-form is taken', async (t) => {
  const url = await startServer(t, exampleApp());
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(url, { path: 'http://elsewhere:9080/a/1?q=2' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(status, 200);
});

test('a body over the limit is refused, one at the limit is not', async (t) => {
  const url = await startServer(t, exampleApp());
  const post = async (body: string): Promise<string> =>
    (await fetch(`${url}/short`, { method: 'POST', body })).text();
  assert.equal(await post('1234'), '1234');
  assert.equal(await post('12345'), 'too long');
});

test('a handler that throws gives a 500, and says why on stderr only', async (t) => {
  const write = t.mock.method(process.stderr, 'write', () => true);
  const url = await startServer(t, exampleApp());
  const response = await fetch(`${url}/broken`);
  assert.equal(response.status, 500);
  assert.equal(await response.text(), 'Internal Server Error\n');
  assert.match(String(write.mock.calls[0]?.arguments[0]), /broken on purpose/);
});

test('the access log is in Combined Log Format', async (t) => {
  const lines: string[] = [];
  const url = await startServer(t, exampleApp(lines));
  await (await fetch(`${url}/any`, { headers: { 'user-agent': 'a"b', referer: 'r' } })).text();
  assert.match(
    lines[0] ?? '',
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/any HTTP\/1\.1" 200 3 "r" "a%22b"$/,
  );
});

test('html escapes what is put into it, except markup', () => {
  const evil = `<b a="x">'&`;
  const made = html`${evil} ${[html`<i>${evil}</i>`, 1]} ${undefined}${false} ${new Markup('<hr>')}`;
  const safe = '&lt;b a=&quot;x&quot;&gt;&#39;&amp;';
  assert.equal(made.text, `${safe} <i>${safe}</i>1  <hr>`);
});
