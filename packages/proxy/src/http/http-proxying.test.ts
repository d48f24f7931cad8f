import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import {
  bodyOf,
  httpUpstream,
  namedUpstream,
  rawUpstream,
  refusedPort,
} from '../testing/upstream.ts';

const simple = (port: number) => ({
  clusters: [clusterJson('up', [port])],
  routes: [routeTo('up')],
});

test('forwards a request and adds what proxies add', async () => {
  await using up = await httpUpstream((request, response) => {
    response.setHeader('keep-alive', 'x');
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  await using running = await runProxy({
    ...simple(up.port),
    manager: { useRemoteAddress: true, serverName: 'istio-envoy' },
  });
  const response = await running.fetch('/a/b?c=d', { headers: { te: 'gzip', 'x-custom': 'kept' } });
  const { url, headers } = (await response.json()) as {
    url: string;
    headers: Record<string, string>;
  };
  assert.equal(url, '/a/b?c=d');
  assert.equal(headers['x-custom'], 'kept');
  assert.equal(headers['te'], undefined);
  assert.match(
    headers['x-request-id'] ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.equal(headers['x-envoy-attempt-count'], '1');
  assert.equal(response.headers.get('server'), 'istio-envoy');
  assert.match(response.headers.get('x-envoy-upstream-service-time') ?? '', /^\d+$/);
  assert.ok(response.headers.get('date'));
});

test('answers without an upstream as Envoy does', async () => {
  await using running = await runProxy({
    clusters: [clusterJson('dead', [refusedPort]), clusterJson('empty', [])],
    routes: [
      {
        match: { prefix: '/teapot' },
        directResponse: { status: 418, body: { inlineString: 'short and stout' } },
      },
      { match: { prefix: '/old' }, redirect: { pathRedirect: '/new' } },
      { match: { prefix: '/empty' }, route: { cluster: 'empty' } },
      { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
      { match: { prefix: '/gone' }, route: { cluster: 'nowhere' } },
    ],
  });
  const cases = [
    ['/teapot', 418, 'short and stout'],
    ['/old', 301, ''],
    ['/empty', 503, 'no healthy upstream'],
    ['/gone', 503, ''],
    ['/nothing', 404, ''],
  ] as const;
  for (const [path, status, body] of cases) {
    const response = await running.fetch(path, { redirect: 'manual' });
    assert.equal(response.status, status, path);
    assert.equal(await response.text(), body, path);
  }
  const dead = await running.fetch('/dead');
  assert.equal(dead.status, 503);
  assert.match(
    await dead.text(),
    /^upstream connect error or disconnect\/reset before headers\. reset reason: remote connection failure/,
  );
});

test('keeps connections alive on both sides', async () => {
  let connections = 0;
  await using up = await httpUpstream((_request, response) => response.end('x'));
  up.server.on('connection', () => connections++);
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  for (let at = 0; at < 5; at++) {
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'x');
  }
  assert.equal(connections, 1);
  client.close();
});

test('answers pipelined requests in order, with bounded reading', async () => {
  await using up = await httpUpstream((request, response) => {
    const delay = request.url === '/0' ? 20 : 0;
    setTimeout(() => response.end(request.url), delay);
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send(
    Array.from({ length: 50 }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''),
  );
  for (let at = 0; at < 50; at++) assert.equal((await client.response()).body.toString(), `/${at}`);
  client.close();
});

test('absolute-form targets go to the host they name', async () => {
  await using up = await httpUpstream((request, response) =>
    response.end(`${request.headers.host} ${request.url}`),
  );
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('GET http://shop.example:9080/cart?x=1 HTTP/1.1\r\nHost: other\r\n\r\n');
  assert.equal((await client.response()).body.toString(), 'shop.example:9080 /cart?x=1');
  client.send('GET http://shop.example HTTP/1.1\r\nHost: other\r\n\r\n');
  assert.equal((await client.response()).body.toString(), 'shop.example /');
  client.close();
});

test('responses without a body end where they should', async () => {
  const answers: Readonly<Record<string, string>> = {
    head: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
    notmodified: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n',
    nocontent: 'HTTP/1.1 204 No Content\r\n\r\n',
    interim:
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  };
  await using up = await rawUpstream((socket) => {
    socket.on('data', (chunk) => {
      const path = /^\w+ \/(\w+)/.exec(chunk.toString('latin1'))?.[1];
      socket.write(answers[path ?? ''] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n');
  const head = await client.response({ noBody: true });
  assert.equal(head.headers.get('content-length'), '10');
  client.close();
  const second = await running.connect();
  for (const [path, status] of [
    ['notmodified', 304],
    ['nocontent', 204],
  ] as const) {
    second.send(`GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await second.response({ noBody: true })).status, status);
  }
  second.close();
  const third = await running.connect();
  third.send('GET /interim HTTP/1.1\r\nHost: a\r\n\r\n');
  const final = await third.response();
  assert.equal(final.status, 200);
  assert.equal(final.body.toString(), 'ok');
  third.close();
});

test('a response that ends with its connection is framed in chunks, and cut when it is cut', async () => {
  await using up = await rawUpstream((socket) => {
    socket.on('data', (chunk) => {
      const cut = chunk.includes('/cut');
      socket.write(
        cut ? 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' : 'HTTP/1.1 200 OK\r\n\r\nwhole',
      );
      setImmediate(() => (cut ? socket.destroy() : socket.end()));
    });
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await client.response()).body.toString(), 'whole');
  client.send('GET /cut HTTP/1.1\r\nHost: a\r\n\r\n');
  const bytes = await client.all();
  assert.match(bytes.toString('latin1'), /half$/);
  client.close();
});

test('serves HTTP/1.0 clients where it is switched on', async () => {
  await using up = await httpUpstream((_request, response) => {
    response.write('one');
    response.end('two');
  });
  await using off = await runProxy(simple(up.port));
  const refusedClient = await off.connect();
  refusedClient.send('GET / HTTP/1.0\r\n\r\n');
  assert.equal((await refusedClient.response()).status, 426);
  await using on = await runProxy({
    ...simple(up.port),
    manager: {
      httpProtocolOptions: { acceptHttp10: true, defaultHostForHttp10: 'default.example' },
    },
  });
  const client = await on.connect();
  client.send('GET / HTTP/1.0\r\n\r\n');
  const response = await client.response();
  assert.equal(response.headers.get('transfer-encoding'), undefined);
  assert.equal(response.body.toString(), 'onetwo');
  assert.ok(client.isClosed);
});

test('continues a client that waits for 100', async () => {
  await using up = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) =>
      response.end(`${body.toString()} ${request.headers.expect ?? 'none'}`),
    );
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  assert.match(await client.untilText('100 Continue\r\n\r\n'), /^HTTP\/1.1 100 Continue\r\n\r\n$/);
  client.send('body');
  assert.match(await client.untilText('body none'), /200 OK/);
  client.close();
});

test('a smuggled second request never reaches the upstream', async () => {
  const seen: string[] = [];
  await using up = await httpUpstream((request, response) => {
    seen.push(request.url ?? '');
    request.resume();
    response.end('ok');
  });
  await using running = await runProxy(simple(up.port));
  for (const lines of [
    'Content-Length: 6\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: xchunked',
    'Content-Length: 0\r\nContent-Length: 30',
    'X: y\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 5',
  ]) {
    const client = await running.connect();
    client.send(
      `POST /first HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    await client.all();
    client.close();
  }
  assert.deepEqual(seen, []);
});

/** Distinct bodies: equal ones would hide bytes of a neighbour. */
const distinctBodies = (count: number, size: number): Buffer[] =>
  Array.from({ length: count }, (_, at) => {
    const body = randomBytes(size + at * 7);
    body.writeUInt32BE(at, 0);
    return body;
  });

test('large distinct bodies pass both ways unchanged, slow readers included', async () => {
  await using up = await httpUpstream((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.headers['content-length'] !== undefined)
        response.setHeader('content-length', body.length);
      response.end(body);
    });
  });
  await using running = await runProxy(simple(up.port));
  const bodies = distinctBodies(16, 400_000);
  await Promise.all(
    bodies.map(async (body, at) => {
      const client = await running.connect();
      const isChunked = at % 2 === 0;
      client.send(
        `POST /${at} HTTP/1.1\r\nHost: a\r\n${isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`}\r\n\r\n`,
      );
      if (at % 4 < 2) client.socket.pause();
      if (isChunked) {
        const half = body.length >> 1;
        client.send(`${half.toString(16)}\r\n`);
        client.send(body.subarray(0, half));
        client.send(`\r\n${(body.length - half).toString(16)};ext=1\r\n`);
        client.send(body.subarray(half));
        client.send('\r\n0\r\nTrailer: x\r\n\r\n');
      } else client.send(body);
      if (at % 4 < 2) setTimeout(() => client.socket.resume(), 20 + at * 5);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.ok(response.body.equals(body), `body ${at}`);
      client.close();
    }),
  );
});

test('a slow reader does not make the proxy read ahead without bound', async () => {
  const size = 64 * 1024 * 1024;
  let written = 0;
  await using up = await rawUpstream((socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const piece = Buffer.alloc(65_536, 7);
      const pump = (): void => {
        while (written < size) {
          written += piece.length;
          if (!socket.write(piece)) return;
        }
      };
      socket.on('drain', pump);
      pump();
    });
  });
  await using running = await runProxy(simple(up.port));
  const socket = connect(running.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  socket.pause();
  let last = -1;
  await eventually(async () => {
    const before = last;
    last = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return before === written && written > 0;
  });
  assert.ok(written < 32 * 1024 * 1024, `read ahead ${written}`);
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  socket.resume();
  await eventually(() => received > size);
  socket.destroy();
});

test('an early response to an unfinished upload arrives whole', async () => {
  await using up = await rawUpstream((socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig'),
    );
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart');
  const response = await client.response();
  assert.equal(response.status, 413);
  assert.equal(response.body.toString(), 'big');
  client.send('x'.repeat(10_000));
  await client.all();
  client.close();
});

test('a client that leaves takes the upstream request with it', async () => {
  let closed = 0;
  await using up = await rawUpstream((socket) => {
    socket.on('data', () => undefined);
    socket.on('end', () => closed++);
  });
  await using running = await runProxy(simple(up.port));
  const client = await running.connect();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(() => running.proxy.configuration.clusters.get('up')?.connectionCount === 1);
  client.close();
  await eventually(() => closed === 1);
});

test('an idle upstream connection that closes is not used, or the request is repeated', async () => {
  let served = 0;
  await using up = await rawUpstream((socket) => {
    let first = true;
    socket.on('data', () => {
      // The second request on a connection finds it closed.
      if (!first) {
        socket.destroy();
        return;
      }
      first = false;
      served++;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  await using running = await runProxy(simple(up.port));
  for (let at = 0; at < 6; at++) {
    const response = await running.fetch('/');
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'ok');
  }
  assert.equal(served, 6);
});

test('connections are counted by version, with their bytes and their life', async () => {
  await using up = await namedUpstream('up');
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    routes: [routeTo('up')],
  });
  const client = await RawClient.connect(running.port);
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  client.send(request);
  await client.response();
  client.close();
  const read = (name: string): number => {
    const statName = `http.test.${name}`;
    const metric = running.proxy.stats.series().find((one) => one.statName === statName)?.metric;
    return metric === undefined ? -1 : 'value' in metric ? metric.value : metric.count;
  };
  await eventually(() => read('downstream_cx_destroy') === 1);
  assert.equal(read('downstream_cx_http1_total'), 1);
  assert.equal(read('downstream_cx_http2_total'), 0);
  assert.equal(read('downstream_cx_ssl_total'), 0);
  assert.equal(read('downstream_cx_length_ms'), 1);
  assert.equal(read('downstream_cx_rx_bytes_total'), request.length);
  assert.ok(read('downstream_cx_tx_bytes_total') > 20);
});
