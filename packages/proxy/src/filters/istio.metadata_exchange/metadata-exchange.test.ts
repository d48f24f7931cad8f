import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import { StatsRegistry } from '../../stats/registry.ts';
import {
  commonTls,
  downstreamTls,
  testAuthority,
  upstreamTls,
  workload,
} from '../../testing/certificates.ts';
import { RawClient } from '../../testing/raw-client.ts';
import { eventually, type RunningProxy, runProxy } from '../../testing/running-proxy.ts';
import { clusterJson, tcpListenerJson } from '../../testing/static-bootstrap.ts';
import { httpUpstream, rawUpstream } from '../../testing/upstream.ts';
import { createMeshIdentity } from '../istio.stats/mesh-identity.ts';
import { MetadataExchange } from './metadata-exchange.ts';
import { encodePeerFrame, PeerFrameReader } from './peer-frame.ts';

const root = testAuthority('mesh');
const protocol = 'istio-peer-exchange';

const exchange: JsonObject = {
  name: 'istio.metadata_exchange',
  typedConfig: {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    typeUrl: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
    value: { protocol },
  },
};

const nodeOf = (app: string) => ({
  id: `sidecar~127.0.0.1~${app}.default~default.svc.cluster.local`,
  cluster: app,
  metadata: {
    WORKLOAD_NAME: `${app}-v1`,
    NAMESPACE: 'default',
    CLUSTER_ID: 'Kubernetes',
    LABELS: { app, version: 'v1' },
  },
});

const chainOf = (more: JsonObject, hasFilter: boolean): JsonObject => {
  const [chain] = tcpListenerJson({ cluster: 'app' })['filterChains'] as [JsonObject];
  const filters = [...(hasFilter ? [exchange] : []), { name: 'istio.stats' }];
  return { ...chain, ...more, filters: [...filters, ...(chain['filters'] as JsonObject[])] };
};

const inspector = {
  name: 'envoy.filters.listener.tls_inspector',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  },
};

const startServer = (port: number, hasFilter = true): Promise<RunningProxy> =>
  runProxy({
    clusters: [clusterJson('app', [port])],
    listeners: [
      {
        ...tcpListenerJson({}),
        listenerFilters: [inspector],
        trafficDirection: 'INBOUND',
        filterChains: [
          chainOf(
            {
              transportSocket: downstreamTls(
                commonTls(workload(root, 'server'), [root], {
                  alpnProtocols: [protocol, 'h2', 'http/1.1'],
                }),
                { requireClientCertificate: true },
              ),
            },
            hasFilter,
          ),
        ],
      },
    ],
    more: { node: nodeOf('server') },
  });

const startClient = (port: number, hasFilter = true): Promise<RunningProxy> =>
  runProxy({
    clusters: [
      clusterJson('app', [port], {
        ...(hasFilter && { filters: [exchange] }),
        transportSocket: upstreamTls(
          commonTls(workload(root, 'client'), [root], { alpnProtocols: [protocol, 'istio'] }),
        ),
      }),
    ],
    listeners: [
      {
        ...tcpListenerJson({}),
        trafficDirection: 'OUTBOUND',
        filterChains: [chainOf({}, hasFilter)],
      },
    ],
    more: { node: nodeOf('client') },
  });

const echo = () => rawUpstream((socket) => socket.pipe(socket));

const openedOf = ({ proxy }: RunningProxy) =>
  proxy.stats
    .series()
    .filter(({ family }) => family === 'istio_tcp_connections_opened_total')
    .map(({ labels }) => [
      labels['reporter'],
      labels['source_workload'],
      labels['destination_workload'],
    ]);

const countersOf = ({ proxy }: RunningProxy): Readonly<Record<string, number>> =>
  Object.fromEntries(
    proxy.stats.series().flatMap(({ family, metric }) => {
      const name = family.replace('envoy_metadata_exchange_', '');
      const isOurs = name !== family && 'value' in metric && metric.value > 0;
      return isOurs ? [[name, metric.value] as const] : [];
    }),
  );

const roundTrip = async (port: number, text: string): Promise<void> => {
  const client = await RawClient.connect(port);
  client.socket.end(text);
  assert.equal((await client.all()).toString(), text);
};

const known = ['client-v1', 'server-v1'];
const pairs: readonly (readonly [
  string,
  boolean,
  boolean,
  readonly string[],
  readonly string[],
])[] = [
  ['both have the filter', true, true, known, known],
  ['the server has none', true, false, ['client-v1', 'unknown'], ['unknown', 'server-v1']],
  ['the client has none', false, true, ['client-v1', 'unknown'], ['unknown', 'server-v1']],
];
for (const [name, client, server, source, destination] of pairs) {
  test(`who is who over mutual TLS, and not a byte more for the app: ${name}`, async () => {
    await using app = await echo();
    await using inbound = await startServer(app.port, server);
    await using outbound = await startClient(inbound.port, client);
    await roundTrip(outbound.port, 'x'.repeat(200_000));
    // The second one resumes the TLS session.
    await roundTrip(outbound.port, 'y');
    await eventually(() => inbound.proxy.configuration.clusters.get('app')?.connectionCount === 0);
    assert.deepEqual(openedOf(outbound), [['source', ...source]]);
    assert.deepEqual(openedOf(inbound), [['destination', ...destination]]);
    const expected =
      client && server
        ? { alpn_protocol_found: 2, metadata_added: 2 }
        : { alpn_protocol_not_found: 2 };
    assert.deepEqual(countersOf(inbound), server ? expected : {});
  });
}

test('a server that speaks first is heard, and both know the other', async () => {
  await using app = await rawUpstream((socket) => socket.end('welcome'));
  await using inbound = await startServer(app.port);
  await using outbound = await startClient(inbound.port);
  const client = await RawClient.connect(outbound.port);
  assert.equal((await client.all()).toString(), 'welcome');
  client.close();
  await eventually(() => openedOf(inbound).length > 0);
  assert.deepEqual(openedOf(outbound), [['source', ...known]]);
  assert.deepEqual(openedOf(inbound), [['destination', ...known]]);
});

const connectTls = async (port: number): Promise<tls.TLSSocket> => {
  const pair = workload(root, 'client');
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    ca: root.certificate,
    cert: pair.certificate,
    key: pair.key,
    ALPNProtocols: [protocol, 'istio'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
};

const allOf = async (socket: tls.TLSSocket): Promise<Buffer> => {
  const parts: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => parts.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(parts);
};

const frame = encodePeerFrame(createMeshIdentity(nodeOf('client')));
const tooLong = Buffer.from([0x3d, 0x23, 0x04, 0x67, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
const damaged = Buffer.concat([frame.subarray(0, 8), Buffer.alloc(frame.length - 8, 0xff)]);

interface Beginning {
  readonly bytes: Buffer;
  /** What the app got and sent back. */
  readonly echoed: string;
  readonly source: string;
  readonly counted: string | undefined;
}
const beginnings: Readonly<Record<string, Beginning>> = {
  'a frame': {
    bytes: Buffer.concat([frame, Buffer.from('hello')]),
    echoed: 'hello',
    source: 'client-v1',
    counted: undefined,
  },
  'no frame': {
    bytes: Buffer.from('hello without'),
    echoed: 'hello without',
    source: 'unknown',
    counted: 'initial_header_not_found',
  },
  'a damaged frame': {
    bytes: Buffer.concat([damaged, Buffer.from('hello')]),
    echoed: 'hello',
    source: 'unknown',
    counted: 'header_not_found',
  },
  'a frame too long': {
    bytes: tooLong,
    echoed: '',
    source: 'unknown',
    counted: 'header_not_found',
  },
};
for (const [name, { bytes, echoed, source, counted }] of Object.entries(beginnings)) {
  test(`a client that agreed and sends ${name}`, async () => {
    await using app = await echo();
    await using inbound = await startServer(app.port);
    const socket = await connectTls(inbound.port);
    assert.equal(socket.alpnProtocol, protocol);
    const everything = allOf(socket);
    socket.end(bytes);
    const reader = new PeerFrameReader();
    assert.equal(reader.take(await everything).toString(), echoed);
    assert.equal(reader.peer?.['workload'], 'server-v1');
    await eventually(() => openedOf(inbound).length > 0);
    assert.deepEqual(openedOf(inbound), [['destination', source, 'server-v1']]);
    assert.deepEqual(countersOf(inbound), {
      alpn_protocol_found: 1,
      metadata_added: 1,
      ...(counted !== undefined && { [counted]: 1 }),
    });
  });
}

test('half a frame and silence end the connection; silence alone does not', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const stats = new StatsRegistry();
  const identity = createMeshIdentity(nodeOf('server'));
  const peers = new MetadataExchange({ identity, stats, protocol });
  const begin = () => {
    const socket = new net.Socket();
    const side = peers.withClient(socket, protocol);
    const heard: unknown[] = [];
    side.whenKnown((peer) => heard.push(peer));
    return { socket, side, heard };
  };
  const half = begin();
  const silent = begin();
  half.side.take(frame.subarray(0, 30));
  assert.deepEqual([half.heard, silent.heard], [[], []]);
  context.mock.timers.tick(5_000);
  assert.deepEqual([half.heard, silent.heard], [[undefined], [undefined]]);
  assert.deepEqual([half.socket.destroyed, silent.socket.destroyed], [true, false]);
  const late = silent.side.take(Buffer.concat([frame, Buffer.from('late')]));
  assert.equal(late.toString(), 'late');
  silent.socket.destroy();
});

test('HTTP through a cluster with the filter neither offers nor sends anything of it', async () => {
  await using app = await httpUpstream((_request, response) => response.end('plain'));
  await using inbound = await startServer(app.port);
  await using outbound = await runProxy({
    clusters: [
      clusterJson('app', [inbound.port], {
        filters: [exchange],
        transportSocket: upstreamTls(
          commonTls(workload(root, 'client'), [root], { alpnProtocols: [protocol, 'istio'] }),
        ),
      }),
    ],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }],
  });
  assert.equal(await (await outbound.fetch('/')).text(), 'plain');
  assert.deepEqual(countersOf(inbound), { alpn_protocol_not_found: 1 });
  assert.deepEqual(countersOf(outbound), {});
});
