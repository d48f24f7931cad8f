import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startAccessLog } from '../testing/access-log-file.ts';
import {
  FrameClient,
  frame,
  frameFlag,
  frameType,
  headers,
  type ReceivedFrame,
  settings,
  uint32,
} from '../testing/http2-frames.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream, rawUpstream, refusedPort } from '../testing/upstream.ts';

/** An HTTP/2 server on a free port. */
const http2Upstream = async (
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
) => {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

const connect = (port: number) => {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  return session;
};

/** The whole response of one request. */
const ask = async (
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: Buffer,
) => {
  const stream = session.request(headers, { endStream: body === undefined });
  let trailers: http2.IncomingHttpHeaders | undefined;
  stream.on('trailers', (found) => {
    trailers = found;
  });
  if (body !== undefined) stream.end(body);
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { head, body: Buffer.concat(parts), trailers };
};

const h2Cluster = (name: string, port: number, more = {}) =>
  clusterJson(name, [port], { http2ProtocolOptions: {}, ...more });

const part: Buffer = Buffer.from('part');
const isHead = ({ type }: ReceivedFrame): boolean => type === frameType.headers;

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const both = [
  { name: 'HTTP/1.1', isHttp2: false },
  { name: 'HTTP/2', isHttp2: true },
];

for (const client of both) {
  for (const server of both) {
    const pair = `${client.name} to ${server.name}`;

    test(`${pair}: large bodies both ways arrive whole, and are counted without their chunks`, {
      timeout: 60_000,
    }, async () => {
      const sent = randomBytes(6_000_000);
      await using log = await startAccessLog('%BYTES_RECEIVED% %BYTES_SENT%');
      const echo = async (request: AsyncIterable<unknown>, response: NodeJS.WritableStream) => {
        // A slow reader that answers as it reads.
        for await (const part of request) {
          if (!response.write(part as Buffer)) await once(response, 'drain');
          await new Promise((resolve) => setImmediate(resolve));
        }
        response.end();
      };
      await using upstream = server.isHttp2
        ? await http2Upstream((stream) => {
            stream.respond({ ':status': 200 });
            void echo(stream, stream);
          })
        : await httpUpstream((request, response) => void echo(request, response));
      await using proxy = await runProxy({
        clusters: [
          server.isHttp2 ? h2Cluster('u', upstream.port) : clusterJson('u', [upstream.port]),
        ],
        routes: [routeTo('u')],
        manager: log.manager,
      });
      let received: Buffer;
      if (client.isHttp2) {
        const session = connect(proxy.port);
        const answer = await ask(session, { ':path': '/', ':method': 'POST' }, sent);
        session.close();
        received = answer.body;
      } else {
        const body = new Blob([sent]).stream();
        const answer = await proxy.fetch('/', { method: 'POST', body, duplex: 'half' });
        received = Buffer.from(await answer.arrayBuffer());
      }
      assert.equal(received.length, sent.length);
      assert.equal(digest(received), digest(sent));
      assert.equal(await log.next(), `${sent.length} ${sent.length}`);
    });
  }
}

test('HTTP/2 to HTTP/1.1: pseudo headers, cookies, trailers of the request', async () => {
  let seen: http.IncomingMessage | undefined;
  await using upstream = await httpUpstream((request, response) => {
    request.resume();
    request.on('end', () => {
      seen = request;
      response.end('ok');
    });
  });
  await using proxy = await runProxy({
    clusters: [clusterJson('u', [upstream.port])],
    routes: [routeTo('u')],
  });
  const session = connect(proxy.port);
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/a?b=c',
      ':authority': 'some.host',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
    },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
  stream.resume();
  stream.end('body');
  await once(stream, 'close');
  session.close();
  assert.equal(seen?.url, '/a?b=c');
  assert.equal(seen.headers.host, 'some.host');
  assert.equal(seen.headers.cookie, 'a=1; b=2');
  assert.equal(seen.headers['transfer-encoding'], 'chunked');
  assert.equal(seen.trailers['x-sum'], '42');
});

test('HTTP/1.1 upstream: trailers of the response reach an HTTP/2 client', async () => {
  await using upstream = await httpUpstream((_request, response) => {
    response.setHeader('trailer', 'x-sum');
    response.write('ab');
    response.addTrailers({ 'x-sum': '7' });
    response.end('c');
  });
  await using proxy = await runProxy({
    clusters: [clusterJson('u', [upstream.port])],
    routes: [routeTo('u')],
  });
  const session = connect(proxy.port);
  const answer = await ask(session, { ':path': '/' });
  session.close();
  assert.equal(answer.body.toString(), 'abc');
  assert.equal(answer.trailers?.['x-sum'], '7');
  assert.equal(answer.head['transfer-encoding'], undefined);
  assert.equal(answer.head['connection'], undefined);
});

test('HTTP/2 upstream: trailers reach an HTTP/1.1 client where they are switched on', async () => {
  await using upstream = await http2Upstream((stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end('abc');
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
    manager: { httpProtocolOptions: { enableTrailers: true } },
  });
  const request = http.get({ port: proxy.port, host: '127.0.0.1', path: '/' });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const part of response) text += String(part);
  assert.equal(text, 'abc');
  assert.equal(response.trailers['x-sum'], '7');
});

test('HEAD, 204 and empty answers pass without a body', async () => {
  await using upstream = await http2Upstream((stream, headers) => {
    const status = headers[':path'] === '/none' ? 204 : 200;
    stream.respond({ ':status': status }, { endStream: true });
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
  });
  for (const [method, path, status] of [
    ['HEAD', '/', 200],
    ['GET', '/none', 204],
    ['GET', '/', 200],
  ] as const) {
    const answer = await proxy.fetch(path, { method });
    assert.equal(answer.status, status);
    assert.equal(await answer.text(), '');
  }
});

test('many streams share a connection to the endpoint', async () => {
  await using upstream = await http2Upstream((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
  });
  const session = connect(proxy.port);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => ask(session, { ':path': '/' })),
  );
  session.close();
  assert.ok(answers.every(({ body }) => body.toString() === 'ok'));
  assert.equal(upstream.sessions.size, 1);
});

test('a stream the server refuses is tried again; a reset one is told', async () => {
  let count = 0;
  await using upstream = await http2Upstream((stream, headers) => {
    count++;
    if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else if (count === 1) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    else stream.respond({ ':status': 200 }, { endStream: true });
  });
  const retryPolicy = { retryOn: 'refused-stream', numRetries: 2 };
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u', '/', { retryPolicy })],
  });
  assert.equal((await proxy.fetch('/')).status, 200);
  const reset = await proxy.fetch('/reset');
  assert.equal(reset.status, 503);
  assert.match(await reset.text(), /reset reason: remote reset/);
});

for (const client of both) {
  test(`a response cut short is an error for ${client.name} clients`, async () => {
    await using upstream = await rawUpstream((socket) => {
      const server = new FrameClient(socket);
      server.send(settings());
      void server.next(isHead).then((head) => {
        const id = head?.stream ?? 1;
        server.send(headers(id, [[':status', '200']], 0), frame(frameType.data, 0, id, part));
        cut = () => server.send(frame(frameType.reset, 0, id, uint32(2)));
      });
    });
    let cut = (): void => undefined;
    await using proxy = await runProxy({
      clusters: [h2Cluster('u', upstream.port)],
      routes: [routeTo('u')],
    });
    if (client.isHttp2) {
      const session = connect(proxy.port);
      const stream = session.request({ ':path': '/' });
      stream.once('data', () => cut());
      await assert.rejects(once(stream, 'end'));
      session.destroy();
      return;
    }
    const answer = await proxy.fetch('/');
    cut();
    await assert.rejects(answer.text());
  });

  test(`a body cut short by an ${client.name} client is a reset for the server`, async () => {
    const servers: FrameClient[] = [];
    await using upstream = await rawUpstream((socket) => {
      const server = new FrameClient(socket);
      servers.push(server);
      server.send(settings());
    });
    await using proxy = await runProxy({
      clusters: [h2Cluster('u', upstream.port)],
      routes: [routeTo('u')],
    });
    let leave: () => void;
    if (client.isHttp2) {
      const session = connect(proxy.port);
      const stream = session.request({ ':path': '/', ':method': 'POST' });
      stream.on('error', () => undefined);
      stream.write('part');
      leave = () => session.destroy();
    } else {
      const request = http.request({ port: proxy.port, host: '127.0.0.1', method: 'POST' });
      request.on('error', () => undefined);
      request.write('part');
      leave = () => request.destroy();
    }
    await eventually(() => servers.length === 1);
    const [server] = servers;
    assert.ok(await server?.next(({ type }) => type === frameType.data));
    leave();
    const reset = await server?.next(({ type }) => type === frameType.reset);
    assert.equal(reset?.payload.readUInt32BE(), http2.constants.NGHTTP2_CANCEL);
    const ends = server?.frames.filter(
      ({ type, flags }) => type === frameType.data && (flags & frameFlag.endStream) !== 0,
    );
    assert.deepEqual(ends, []);
  });
}

test('endpoints that refuse connections answer 503', async () => {
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', refusedPort)],
    routes: [routeTo('u')],
  });
  const answer = await proxy.fetch('/');
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /remote connection failure/);
});

test('a server that goes away takes no new streams', async () => {
  await using upstream = await http2Upstream((stream) => {
    stream.respond({ ':status': 200 }, { endStream: true });
    stream.session?.goaway();
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
  });
  for (let at = 0; at < 5; at++) assert.equal((await proxy.fetch('/')).status, 200);
});

test('use_downstream_protocol_config follows the client', async () => {
  const versions: string[] = [];
  const server = http2.createServer((request, response) => {
    versions.push(request.httpVersion);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await using plain = await httpUpstream((request, response) => {
    versions.push(request.httpVersion);
    response.end('ok');
  });
  const options = {
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
      },
    },
  };
  const { port } = server.address() as AddressInfo;
  await using proxy = await runProxy({
    clusters: [clusterJson('two', [port], options), clusterJson('one', [plain.port], options)],
    routes: [routeTo('two', '/two'), routeTo('one')],
  });
  const session = connect(proxy.port);
  assert.equal((await ask(session, { ':path': '/two' })).head[':status'], 200);
  session.close();
  assert.equal((await proxy.fetch('/one')).status, 200);
  assert.deepEqual(versions, ['2.0', '1.1']);
  await proxy.proxy.stop();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test('an answer before the end of the request reaches the client', async () => {
  await using proxy = await runProxy({ clusters: [], routes: [] });
  const session = connect(proxy.port);
  const stream = session.request({ ':path': '/', ':method': 'POST' });
  stream.on('error', () => undefined);
  stream.write('never ended');
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  assert.equal(head[':status'], 404);
  stream.resume();
  await once(stream, 'close');
  session.close();
});

test('draining tells clients to go away and lets streams end', async () => {
  await using upstream = await http2Upstream((stream) => {
    stream.respond({ ':status': 200 });
    stream.on('end', () => stream.end('late'));
    stream.resume();
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
  });
  const session = connect(proxy.port);
  const stream = session.request({ ':path': '/', ':method': 'POST' });
  stream.setEncoding('utf8');
  await once(stream, 'response');
  const goaway = once(session, 'goaway');
  const drained = proxy.proxy.drain(2000);
  await goaway;
  let text = '';
  stream.on('data', (part) => {
    text += String(part);
  });
  stream.end();
  await once(stream, 'close');
  assert.equal(text, 'late');
  await drained;
});

test('a client that leaves ends the upstream stream', async () => {
  let closed = 0;
  await using upstream = await http2Upstream((stream) => {
    stream.on('close', () => {
      closed++;
    });
  });
  await using proxy = await runProxy({
    clusters: [h2Cluster('u', upstream.port)],
    routes: [routeTo('u')],
  });
  const session = connect(proxy.port);
  const stream = session.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await eventually(() => upstream.sessions.size === 1);
  await new Promise((resolve) => setImmediate(resolve));
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await eventually(() => closed === 1);
  session.destroy();
});

test('copies of requests go to HTTP/2 clusters, with their bodies', async () => {
  const copies: string[] = [];
  await using shadow = await http2Upstream((stream, headers) => {
    let text = '';
    stream.on('data', (piece) => {
      text += String(piece);
    });
    stream.on('end', () => {
      copies.push(`${headers[':method']} ${headers[':path']} ${headers[':authority']} ${text}`);
      stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  await using upstream = await httpUpstream((request, response) => {
    request.resume();
    response.end('ok');
  });
  await using proxy = await runProxy({
    clusters: [clusterJson('u', [upstream.port]), h2Cluster('shadow', shadow.port)],
    routes: [routeTo('u', '/', { requestMirrorPolicies: [{ cluster: 'shadow' }] })],
  });
  const session = connect(proxy.port);
  const headers = { ':path': '/a', ':method': 'POST', ':authority': 'some.host' };
  const answer = await ask(session, headers, Buffer.from('body'));
  session.close();
  assert.equal(answer.body.toString(), 'ok');
  await eventually(() => copies.length === 1);
  assert.equal(copies[0], 'POST /a some.host-shadow body');
});
