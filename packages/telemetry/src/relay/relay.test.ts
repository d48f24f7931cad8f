import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { exposedHosts } from '../mesh/exposed-hosts.ts';
import { modelOf } from '../testing/sample-mesh.ts';
import { startRelay } from './relay.ts';

const upstream = async (
  t: TestContext,
  answer: http.RequestListener,
): Promise<{ readonly port: number; readonly seen: IncomingMessage[] }> => {
  const seen: IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as { port: number }).port, seen };
};

const relayTo = async (t: TestContext, url: string): Promise<string> => {
  const relay = await startRelay({ host: '127.0.0.1', port: 0, target: new URL(url) });
  t.after(() => relay.close());
  return `http://127.0.0.1:${relay.port}`;
};

test('the Host stays, the path gets its front, the server learns of the relay', async (t) => {
  const { port, seen } = await upstream(t, (_, response) => response.end('hello'));
  const url = await relayTo(t, `http://127.0.0.1:${port}/front`);
  const [response] = (await once(
    http.get(`${url}/a?b=c`, { headers: { host: 'kiali.ik8s.cc', 'x-lateen-relayed': '0' } }),
    'response',
  )) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  response.resume();
  assert.equal(seen[0]?.url, '/front/a?b=c');
  assert.equal(seen[0]?.headers.host, 'kiali.ik8s.cc');
  assert.equal(seen[0]?.headers['x-lateen-relayed'], '1');
});

test('a server that is not there is a 502 with a reason', async (t) => {
  const url = await relayTo(t, 'http://127.0.0.1:1');
  const response = await fetch(url);
  assert.equal(response.status, 502);
  assert.match(((await response.json()) as { message: string }).message, /127\.0\.0\.1:1/);
});

test('a client that goes ends the request of the server too', async (t) => {
  const gone = Promise.withResolvers<void>();
  const { port } = await upstream(t, (_, response) => {
    response.write('event: a\n\n');
    response.on('close', () => gone.resolve());
  });
  const url = await relayTo(t, `http://127.0.0.1:${port}`);
  const request = http.get(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'data');
  response.on('error', () => undefined);
  request.destroy();
  await gone.promise;
});

test('names under which the mesh exposes the dashboard are its own, wildcards are not', () => {
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'istio-system' },
    spec: { selector: { app: name } },
  });
  const rule = (namespace: string, hosts: readonly string[], host: string) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'x', namespace },
    spec: { hosts, http: [{ route: [{ destination: { host } }] }] },
  });
  const rules = [
    rule('istio-system', ['kiali.ik8s.cc'], 'kiali'),
    rule('default', ['other.ik8s.cc'], 'kiali'),
    rule('default', ['full.ik8s.cc', '*.ik8s.cc'], 'kiali.istio-system.svc.cluster.local'),
    rule('istio-system', ['app.ik8s.cc'], 'reviews'),
  ];
  const hosts = exposedHosts(modelOf([service('kiali')]), rules);
  assert.ok(hosts.has('kiali.ik8s.cc') && hosts.has('full.ik8s.cc') && hosts.has('kiali'));
  assert.ok(!hosts.has('other.ik8s.cc') && !hosts.has('app.ik8s.cc') && !hosts.has('*.ik8s.cc'));
  assert.equal(exposedHosts(modelOf([]), rules).size, 0);
});

test('what is no HTTP/1.1 is passed on as it is, both ways, until one side ends', async (t) => {
  const ended = Promise.withResolvers<void>();
  const server = net.createServer((socket) => {
    socket.on('data', (bytes: Buffer) => socket.write(Buffer.concat([Buffer.from('>'), bytes])));
    socket.on('close', () => ended.resolve());
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const url = new URL(await relayTo(t, `tcp://127.0.0.1:${port}`));
  const client = net.connect(Number(url.port), url.hostname);
  client.write(Buffer.from([0, 255, 10]));
  const [answer] = (await once(client, 'data')) as [Buffer];
  assert.deepEqual([...answer], [62, 0, 255, 10]);
  client.destroy();
  await ended.promise;
});

test('a port that nobody listens at ends connections', async (t) => {
  const url = new URL(await relayTo(t, 'tcp://127.0.0.1:1'));
  const client = net.connect(Number(url.port), url.hostname).on('error', () => undefined);
  await once(client, 'close');
});
