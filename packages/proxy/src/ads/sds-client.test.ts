import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import { startProxy } from '../proxy.ts';
import { startAdsFixture } from '../testing/ads-fixture.ts';
import {
  certificateSecret,
  downstreamTls,
  meshTls,
  secretConfig,
  server,
  spiffe,
  testAuthority,
  upstreamTls,
  validationSecret,
  workload,
} from '../testing/certificates.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { type SdsFixture, startSdsFixture } from '../testing/sds-fixture.ts';
import {
  bootstrapOf,
  clusterJson,
  http2Protocol,
  httpListenerJson,
  routesJson,
} from '../testing/static-bootstrap.ts';
import { tlsGet } from '../testing/tls-client.ts';
import { namedUpstream } from '../testing/upstream.ts';

const root = testAuthority('mesh');

const listenerWith = (transportSocket: JsonObject): JsonObject => {
  const base = httpListenerJson({ routeConfig: routesJson([routeTo('app')]) });
  const [chain] = base['filterChains'] as [JsonObject];
  return { ...base, filterChains: [{ ...chain, transportSocket }] };
};

const meshListener: JsonObject = listenerWith(
  downstreamTls(meshTls('sds-grpc'), { requireClientCertificate: true }),
);

const secretsFor = (account: string, authorities = [root]) => [
  certificateSecret('default', workload(root, account)),
  validationSecret('ROOTCA', authorities),
];

const runWith = (sds: SdsFixture, appPort: number) =>
  runProxy({ clusters: [sds.cluster, clusterJson('app', [appPort])], listeners: [meshListener] });

const client = workload(root, 'client');

test('listeners wait for their secrets; a new certificate serves at once, old connections live on', async () => {
  await using app = await namedUpstream('app');
  await using sds = await startSdsFixture([]);
  await using running = await runWith(sds, app.port);
  const { proxy } = running;
  await eventually(() => sds.streams === 1);
  assert.equal(proxy.listenerPort('http'), undefined);
  const warming = await (await running.admin('/config_dump')).text();
  assert.match(warming, /"dynamic_warming_secrets":/);
  sds.set(secretsFor('one'));
  await eventually(() => proxy.listenerPort('http') !== undefined);
  const port = proxy.listenerPort('http') ?? 0;
  const ask = async (): Promise<string> => {
    const answer = await tlsGet({ port, authority: root, pair: client });
    return 'serial' in answer ? answer.serial : answer.error;
  };
  const before = await ask();
  const old = tls.connect({
    port,
    host: '127.0.0.1',
    ca: root.certificate,
    cert: client.certificate,
    key: client.key,
    checkServerIdentity: () => undefined,
  });
  await once(old, 'secureConnect');
  sds.set(secretsFor('one'));
  await eventually(async () => (await ask()) !== before);
  old.write('GET / HTTP/1.1\r\nhost: test\r\n\r\n');
  const [bytes] = (await once(old, 'data')) as [Buffer];
  assert.match(bytes.toString(), /^HTTP\/1.1 200/);
  old.destroy();
});

test('a new root is trusted beside the old one, and the old one no longer when it is gone', async () => {
  await using app = await namedUpstream('app');
  await using sds = await startSdsFixture(secretsFor('one'));
  await using running = await runWith(sds, app.port);
  await eventually(() => running.proxy.listenerPort('http') !== undefined);
  const port = running.proxy.listenerPort('http') ?? 0;
  const next = testAuthority('next');
  const asks = async (pair: typeof client): Promise<boolean> =>
    'status' in (await tlsGet({ port, authority: root, pair }));
  const other = workload(next, 'client');
  assert.deepEqual([await asks(client), await asks(other)], [true, false]);
  const pair = certificateSecret('default', workload(root, 'one'));
  sds.set([pair, validationSecret('ROOTCA', [root, next])]);
  await eventually(() => asks(other));
  assert.equal(await asks(client), true);
  sds.set([pair, validationSecret('ROOTCA', [next])]);
  await eventually(async () => !(await asks(client)));
  assert.equal(await asks(other), true);
});

test('refuses what cannot be used, keeps what it has, and shows no key', async () => {
  await using app = await namedUpstream('app');
  const good = workload(root, 'one');
  const [_, anchors] = secretsFor('one') as [JsonObject, JsonObject];
  await using sds = await startSdsFixture([certificateSecret('default', good), anchors]);
  await using running = await runWith(sds, app.port);
  await eventually(() => running.proxy.listenerPort('http') !== undefined);
  const port = running.proxy.listenerPort('http') ?? 0;
  const mixed = { certificate: good.certificate, key: workload(root, 'two').key };
  sds.set([certificateSecret('default', mixed), anchors]);
  await eventually(() => sds.rejections.length > 0);
  assert.match(sds.rejections[0] ?? '', /default: the private key does not belong/);
  assert.ok('status' in (await tlsGet({ port, authority: root, pair: client })));
  const dump = await (await running.admin('/config_dump')).text();
  const certs = await (await running.admin('/certs')).text();
  const keys = [good.key, mixed.key].map((key) => key.split('\n')[1] ?? '');
  for (const text of [dump, certs]) {
    assert.doesNotMatch(text, /PRIVATE KEY/);
    for (const key of keys) {
      assert.ok(!text.includes(key));
      assert.ok(!text.includes(Buffer.from(key).toString('base64').slice(4, 40)));
    }
  }
  assert.match(dump, /"dynamic_active_secrets":/);
  assert.match(dump, new RegExp(Buffer.from('[redacted]').toString('base64')));
  assert.match(certs, /spiffe:\/\/cluster.local\/ns\/default\/sa\/one/);
});

test('secrets of gateways come by ADS', async () => {
  await using app = await namedUpstream('app');
  const tlsSocket = downstreamTls({
    tlsCertificateSdsSecretConfigs: [secretConfig('kubernetes://shop')],
  });
  const resources = {
    clusters: [clusterJson('app', [app.port])],
    listeners: [listenerWith(tlsSocket)],
  };
  const shop = certificateSecret('kubernetes://shop', server(root, 'shop.test'));
  await using ads = await startAdsFixture({ ...resources, secrets: [] });
  const proxy = await startProxy(
    await adsBootstrap([clusterJson('xds-grpc', [ads.port], http2Protocol)]),
  );
  try {
    await eventually(() => ads.requests.some(({ typeUrl }) => typeUrl.endsWith('.Secret')));
    assert.equal(proxy.listenerPort('http'), undefined);
    await ads.set({ ...resources, secrets: [shop] });
    await eventually(() => proxy.listenerPort('http') !== undefined);
    const port = proxy.listenerPort('http') ?? 0;
    const answer = await tlsGet({ port, authority: root, serverName: 'shop.test' });
    assert.deepEqual('status' in answer ? answer.status : answer.error, 200);
  } finally {
    await proxy.stop();
  }
});

const adsBootstrap = (clusters: readonly JsonObject[]) =>
  bootstrapOf({
    clusters,
    more: {
      dynamicResources: {
        adsConfig: {
          apiType: 'DELTA_GRPC',
          transportApiVersion: 'V3',
          grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
        },
        cdsConfig: { ads: {}, resourceApiVersion: 'V3' },
        ldsConfig: { ads: {}, resourceApiVersion: 'V3' },
      },
    },
  });

const pilotName = 'istiod.istio-system.svc';

test('the control plane is met by mutual TLS out of SDS, and again when the certificate is renewed', async () => {
  await using app = await namedUpstream('app');
  await using sds = await startSdsFixture(secretsFor('one'));
  const resources = {
    clusters: [clusterJson('app', [app.port])],
    listeners: [httpListenerJson({ routeConfig: routesJson([routeTo('app')]) })],
  };
  const security = { pair: server(root, pilotName), authority: root };
  await using ads = await startAdsFixture(resources, { tls: security });
  const clusterFor = (san: string): JsonObject =>
    clusterJson('xds-grpc', [ads.port], {
      ...http2Protocol,
      transportSocket: upstreamTls(meshTls('sds-grpc', [{ exact: san }]), { sni: pilotName }),
    });
  const proxy = await startProxy(await adsBootstrap([sds.cluster, clusterFor(pilotName)]));
  const wrong = await startProxy(await adsBootstrap([sds.cluster, clusterFor('somebody.else')]));
  try {
    await eventually(() => proxy.isReady);
    assert.deepEqual(ads.peers, [spiffe('one')]);
    sds.set(secretsFor('two'));
    await eventually(() => ads.peers.includes(spiffe('two')));
    await eventually(() => ads.streams === 1);
    assert.equal(wrong.isReady, false);
  } finally {
    await proxy.stop();
    await wrong.stop();
  }
});
