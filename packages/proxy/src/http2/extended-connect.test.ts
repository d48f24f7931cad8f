import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { httpUpstream } from '../testing/upstream.ts';

/** A WebSocket frame of text from a client, masked with zeros (RFC 6455 section 5). */
const textFrame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

const extended = (protocol: string) => ({
  ':method': 'CONNECT',
  ':protocol': protocol,
  ':scheme': 'http',
  ':authority': 'test',
  ':path': '/chat',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'talk',
});

const running = (port: number, manager: object) =>
  runProxy({
    clusters: [clusterJson('u', [port])],
    routes: [routeTo('u')],
    manager: { upgradeConfigs: [{ upgradeType: 'websocket' }], ...manager },
  });

test('a WebSocket over HTTP/2 reaches a server of HTTP/1.1', { timeout: 60_000 }, async () => {
  await using up = await httpUpstream((_request, response) => response.end('no socket'));
  const sockets = new WebSocketServer({ server: up.server as never });
  const paths: (string | undefined)[] = [];
  sockets.on('connection', (socket, request) => {
    paths.push(request.url);
    socket.on('message', (message) => socket.send(`echo ${String(message)}`));
  });
  await using proxy = await running(up.port, { http2ProtocolOptions: { allowConnect: true } });
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const stream = session.request(extended('websocket'));
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  assert.equal(headers[':status'], 200);
  assert.equal(headers['sec-websocket-protocol'], 'talk');
  assert.equal(headers['sec-websocket-accept'], undefined);
  assert.equal(headers['upgrade'], undefined);
  stream.write(textFrame('hello'));
  const [answer] = (await once(stream, 'data')) as [Buffer];
  assert.equal(answer.subarray(2).toString(), 'echo hello');
  assert.deepEqual(paths, ['/chat']);
  stream.close();
  session.close();
  sockets.close();
});

test('protocols that are not switched on are refused; without allow_connect all are', {
  timeout: 60_000,
}, async () => {
  await using up = await httpUpstream((_request, response) => response.end('no socket'));
  await using proxy = await running(up.port, { http2ProtocolOptions: { allowConnect: true } });
  const session = http2.connect(`http://127.0.0.1:${proxy.port}`);
  await once(session, 'remoteSettings');
  const [refused] = await once(session.request(extended('other')), 'response');
  assert.equal((refused as http2.IncomingHttpHeaders)[':status'], 403);
  session.close();

  await using plain = await running(up.port, {});
  const other = http2.connect(`http://127.0.0.1:${plain.port}`);
  await once(other, 'remoteSettings');
  assert.ok(other.remoteSettings.enableConnectProtocol !== true);
  other.close();
});
