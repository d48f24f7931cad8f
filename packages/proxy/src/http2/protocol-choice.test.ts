import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { createCertificateAuthority } from '@lateen/identity';
import { parseGrpcTimeout } from '../filters/envoy.filters.http.router/request-timeout.ts';
import { routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, httpListenerJson, routesJson } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };
const authority = createCertificateAuthority({ commonName: 'test' }, clock);
const issued = authority.issue({
  subject: { commonName: 'server' },
  altNames: [{ kind: 'dns', value: 'a.example' }],
  lifetimeMs: 3_600_000,
});
const inline = (text: string) => ({ inlineString: text });

const serverTls = {
  transportSocket: {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      commonTlsContext: {
        alpnProtocols: ['h2', 'http/1.1'],
        tlsCertificates: [
          { certificateChain: inline(issued.certificate), privateKey: inline(issued.key) },
        ],
      },
    },
  },
};

const clientTls = {
  transportSocket: {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: 'a.example',
      commonTlsContext: {},
    },
  },
};

/** A proxy behind TLS that offers both versions. */
const runSecure = async (port: number, manager = {}) => {
  const plain = httpListenerJson({ routeConfig: routesJson([routeTo('u')]), ...manager });
  const [chain] = plain['filterChains'] as [object];
  return runProxy({
    clusters: [clusterJson('u', [port])],
    listeners: [{ ...plain, filterChains: [{ ...chain, ...serverTls }] }],
  });
};

const agreed = async (port: number, alpn: readonly string[]): Promise<string | null> => {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'a.example',
    rejectUnauthorized: false,
    ALPNProtocols: [...alpn],
  });
  await once(socket, 'secureConnect');
  const protocol = socket.alpnProtocol || null;
  socket.destroy();
  return protocol;
};

test('TLS listeners agree on the version by ALPN', async () => {
  await using upstream = await namedUpstream('u');
  await using proxy = await runSecure(upstream.port);
  assert.equal(await agreed(proxy.port, ['h2', 'http/1.1']), 'h2');
  assert.equal(await agreed(proxy.port, ['http/1.1']), 'http/1.1');
  const session = http2.connect(`https://127.0.0.1:${proxy.port}`, {
    rejectUnauthorized: false,
    servername: 'a.example',
  });
  const stream = session.request({ ':path': '/' });
  stream.setEncoding('utf8');
  let text = '';
  for await (const part of stream) text += String(part);
  session.close();
  assert.equal(text, 'u');
});

test('a connection manager of HTTP/1.1 alone does not offer HTTP/2', async () => {
  await using upstream = await namedUpstream('u');
  await using proxy = await runSecure(upstream.port, { codecType: 'HTTP1' });
  assert.equal(await agreed(proxy.port, ['h2', 'http/1.1']), 'http/1.1');
});

for (const allowHTTP1 of [true, false]) {
  for (const explicit of [true, false]) {
    const server = allowHTTP1 ? 'HTTP/1.1' : 'HTTP/2';
    if (allowHTTP1 && explicit) continue;
    test(`upstream TLS: ${explicit ? 'explicit HTTP/2' : 'auto'} with a server of ${server}`, async () => {
      const versions: string[] = [];
      const onRequest = (
        request: { httpVersion: string },
        response: { end(text: string): void },
      ) => {
        versions.push(request.httpVersion);
        response.end('ok');
      };
      const options = { key: issued.key, cert: issued.certificate };
      const upstream = allowHTTP1
        ? https.createServer({ ...options, ALPNProtocols: ['http/1.1'] }, onRequest as never)
        : http2.createSecureServer(options, onRequest as never);
      await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
      const { port } = upstream.address() as AddressInfo;
      const protocol = explicit
        ? { explicitHttpConfig: { http2ProtocolOptions: {} } }
        : { autoConfig: { http2ProtocolOptions: {}, httpProtocolOptions: {} } };
      const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
      const proxy = await runProxy({
        clusters: [
          clusterJson('u', [port], {
            ...clientTls,
            typedExtensionProtocolOptions: {
              [type]: { '@type': `type.googleapis.com/${type}`, ...protocol },
            },
          }),
        ],
        routes: [routeTo('u')],
      });
      for (let at = 0; at < 3; at++) assert.equal((await proxy.fetch('/')).status, 200);
      await proxy.proxy.stop();
      await new Promise<void>((resolve) => upstream.close(() => resolve()));
      const expected = allowHTTP1 ? '1.1' : '2.0';
      assert.deepEqual(versions, [expected, expected, expected]);
    });
  }
}

test('grpc-timeout is read in all its units', () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['150m', 150],
    ['2500u', 3],
    ['1n', 1],
    ['', undefined],
    ['5', undefined],
    ['123456789S', undefined],
    ['-1S', undefined],
    ['1s', undefined],
  ];
  for (const [text, ms] of rows) assert.equal(parseGrpcTimeout(text), ms, text);
});
