import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import tls from 'node:tls';
import { createCertificateAuthority } from '@lateen/identity';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import {
  clusterJson,
  httpListenerJson,
  routesJson,
  tcpListenerJson,
} from '../testing/static-bootstrap.ts';
import { httpUpstream, rawUpstream, refusedPort } from '../testing/upstream.ts';

test('passes bytes both ways and closes each direction for itself', async () => {
  await using up = await rawUpstream((socket) => {
    const parts: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => parts.push(chunk));
    // Answers only when the client has finished: works with half-close alone.
    socket.on('end', () => socket.end(Buffer.concat(parts)));
  });
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    listeners: [tcpListenerJson({ cluster: 'up' })],
  });
  const body = randomBytes(2_000_000);
  const client = await RawClient.connect(running.port);
  client.socket.end(body);
  assert.ok((await client.all()).equals(body));
  await eventually(() => running.proxy.configuration.clusters.get('up')?.connectionCount === 0);
});

test('an upstream that cannot be reached closes the connection', async () => {
  await using running = await runProxy({
    clusters: [clusterJson('dead', [refusedPort])],
    listeners: [tcpListenerJson({ cluster: 'dead', maxConnectAttempts: 2 })],
  });
  const client = await RawClient.connect(running.port);
  assert.equal((await client.all()).length, 0);
});

const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };
const authority = createCertificateAuthority({ commonName: 'test' }, clock);
const issued = authority.issue({
  subject: { commonName: 'server' },
  altNames: [
    { kind: 'dns', value: 'a.example' },
    { kind: 'dns', value: 'b.example' },
  ],
  lifetimeMs: 3_600_000,
});

const inline = (text: string) => ({ inlineString: text });
const serverTls = (extra = {}) => ({
  transportSocket: {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      commonTlsContext: {
        tlsCertificates: [
          { certificateChain: inline(issued.certificate), privateKey: inline(issued.key) },
        ],
        ...extra,
      },
    },
  },
});

test('terminates TLS and originates it, checking the names of the certificate', async () => {
  await using up = await httpUpstream((_request, response) => response.end('over tls'));
  const upstreamTls = (name: string) => ({
    transportSocket: {
      name: 'envoy.transport_sockets.tls',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: 'a.example',
        commonTlsContext: {
          validationContext: {
            trustedCa: inline(authority.certificate),
            matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: name } }],
          },
        },
      },
    },
  });
  const manager = { routeConfig: routesJson([routeTo('up')]) };
  const plain = httpListenerJson(manager);
  const [chain] = plain['filterChains'] as [object];
  await using inner = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    listeners: [{ ...plain, filterChains: [{ ...chain, ...serverTls() }] }],
  });
  await using outer = await runProxy({
    clusters: [
      clusterJson('inner', [inner.port], upstreamTls('a.example')),
      clusterJson('wrong', [inner.port], upstreamTls('c.example')),
    ],
    routes: [routeTo('wrong', '/wrong'), routeTo('inner')],
  });
  const response = await outer.fetch('/');
  assert.equal(await response.text(), 'over tls');
  const wrong = await outer.fetch('/wrong');
  assert.equal(wrong.status, 503);
});

test('routes TLS by server name without decrypting it', async () => {
  const server = (name: string) => {
    const context = { cert: issued.certificate, key: issued.key };
    return rawUpstream((socket) => {
      const secure = new tls.TLSSocket(socket, {
        isServer: true,
        secureContext: tls.createSecureContext(context),
      });
      secure.on('error', () => undefined);
      secure.once('secure', () => secure.end(name));
    });
  };
  await using a = await server('a');
  await using b = await server('b');
  const chain = (cluster: string, name: string) => {
    const [only] = tcpListenerJson({ cluster })['filterChains'] as [object];
    return { ...only, filterChainMatch: { serverNames: [name] } };
  };
  await using running = await runProxy({
    clusters: [clusterJson('a', [a.port]), clusterJson('b', [b.port])],
    listeners: [
      {
        ...tcpListenerJson({ cluster: 'a' }),
        listenerFilters: [
          {
            name: 'envoy.filters.listener.tls_inspector',
            typedConfig: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
            },
          },
        ],
        filterChains: [chain('a', 'a.example'), chain('b', '*.b.example')],
      },
    ],
  });
  const ask = async (servername: string): Promise<string> => {
    const socket = tls.connect({
      port: running.port,
      host: '127.0.0.1',
      servername,
      rejectUnauthorized: false,
    });
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  };
  assert.equal(await ask('a.example'), 'a');
  assert.equal(await ask('x.b.example'), 'b');
  assert.equal(await ask('c.example'), '');
});
