import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import type { KubeObject, WorkloadEntry } from '@lateen/api';
import { ManualClock, silentLogger } from '@lateen/base';
import { FakeKubeClient, Informer, isKubeError, resourceOfKind } from '@lateen/kube';
import { describeProxy, type ProxyDescriptor } from '@lateen/translator';
import { NodeSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { AutoRegistration } from './auto-registration.ts';

const groups = resourceOfKind('WorkloadGroup');
const entries = resourceOfKind('WorkloadEntry');

const group = (spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadGroup',
  metadata: { name: 'vm', namespace: 'shop', uid: 'group-uid' },
  spec,
});

const metadata = {
  NAMESPACE: 'shop',
  NAME: 'prices-1',
  LABELS: { version: 'v2' },
  NETWORK: 'office',
  AUTO_REGISTER_GROUP: 'vm',
};
const node = create(NodeSchema, {
  id: 'sidecar~10.0.0.5~prices-1.shop~shop.svc.cluster.local',
  metadata,
});
const { value: proxy } = describeProxy({ id: node.id, cluster: 'prices', metadata });
const connecting = { node, proxy: proxy as ProxyDescriptor, identity: undefined };

const start = async (t: TestContext, spec: object) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const client = new FakeKubeClient();
  await client.create(groups, group(spec));
  const stop = new AbortController();
  const common = { client, clock, log: silentLogger, jitter: () => 0 };
  const cache = new Informer<KubeObject>({ ...common, resource: entries });
  void cache.run(stop.signal);
  await cache.synced;
  const registration = new AutoRegistration({ ...common, controller: 'istiod-1', entries: cache });
  t.after(() => {
    registration.stop();
    stop.abort();
  });
  const read = (): Promise<WorkloadEntry> =>
    client.get<WorkloadEntry>(entries, { name: 'vm-10.0.0.5-office', namespace: 'shop' });
  const isGone = async (): Promise<boolean> => {
    try {
      await read();
      return false;
    } catch (error) {
      return isKubeError(error, 'not-found');
    }
  };
  return { clock, client, registration, read, isGone };
};

const template = { ports: { http: 8080 }, serviceAccount: 'prices', locality: 'eu/b' };

test('a proxy that connects has an entry of its group, with what it says of itself', async (t) => {
  const wanted = { metadata: { labels: { app: 'prices' }, annotations: { team: 'a' } }, template };
  const { registration, read } = await start(t, wanted);
  assert.equal(await registration.connected(connecting), undefined);
  const { metadata: made, spec } = await read();
  assert.deepEqual(spec, {
    ...template,
    address: '10.0.0.5',
    network: 'office',
    labels: { app: 'prices', version: 'v2' },
  });
  assert.deepEqual(made.labels, { app: 'prices', version: 'v2' });
  assert.deepEqual(made.annotations, {
    team: 'a',
    'istio.io/autoRegistrationGroup': 'vm',
    'istio.io/workloadController': 'istiod-1',
    'istio.io/connectedAt': '2026-01-01T00:00:00.000Z',
  });
  assert.deepEqual(made.ownerReferences, [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadGroup',
      name: 'vm',
      uid: 'group-uid',
      controller: true,
    },
  ]);
});

test('what the template says wins over what the proxy says, and its address is never taken', async (t) => {
  const fixed = { address: '10.9.9.9', network: 'office', weight: 7, serviceAccount: 'prices' };
  const labels = { tier: 'backend', version: 'v1' };
  const { registration, read } = await start(t, { template: { ...fixed, labels } });
  await registration.connected(connecting);
  const { spec } = await read();
  assert.equal(spec.weight, 7);
  assert.equal(spec.network, 'office');
  assert.equal(spec.address, '10.0.0.5');
  assert.deepEqual(spec.labels, { tier: 'backend', version: 'v2' });
});

test('an entry goes 10 s after its proxy, unless that is back', async (t) => {
  const { registration, read, isGone, clock } = await start(t, { template });
  await registration.connected(connecting);
  registration.disconnected(connecting);
  await setImmediate();
  assert.ok((await read()).metadata.annotations?.['istio.io/disconnectedAt']);
  clock.advance(9_000);
  await registration.connected(connecting);
  assert.equal((await read()).metadata.annotations?.['istio.io/disconnectedAt'], undefined);
  clock.advance(10_000);
  await setImmediate();
  assert.equal(await isGone(), false);
  registration.disconnected(connecting);
  clock.advance(10_000);
  await setImmediate();
  assert.equal(await isGone(), true);
});

test('a new stream before the end of the old one keeps the entry', async (t) => {
  const { registration, isGone, clock } = await start(t, { template });
  await registration.connected(connecting);
  await registration.connected(connecting);
  registration.disconnected(connecting);
  clock.advance(20_000);
  await setImmediate();
  assert.equal(await isGone(), false);
});

test('with a probe the entry waits for the word of the agent', async (t) => {
  const { registration, read } = await start(t, { template, probe: { httpGet: { port: 8080 } } });
  await registration.connected(connecting);
  const { annotations } = (await read()).metadata;
  assert.equal(annotations?.['proxy.istio.io/health-checks-enabled'], 'true');
  const statusOf = async () => {
    const { conditions = [] } = ((await read()).status ?? {}) as {
      conditions?: readonly { type: string; status: string; message?: string }[];
    };
    return conditions.map(({ type, status, message }) => [type, status, message ?? '']);
  };
  await registration.reported(connecting, 'connection refused');
  assert.deepEqual(await statusOf(), [['Healthy', 'False', 'connection refused']]);
  await registration.reported(connecting, undefined);
  assert.deepEqual(await statusOf(), [['Healthy', 'True', '']]);
});

test('a group that is not there, or is for others, is said', async (t) => {
  const { registration } = await start(t, { template });
  const lost = create(NodeSchema, {
    id: node.id,
    metadata: { ...metadata, AUTO_REGISTER_GROUP: 'nobody' },
  });
  const missing = await registration.connected({ ...connecting, node: lost });
  assert.match(missing?.message ?? '', /there is no WorkloadGroup "nobody" in namespace shop/);
  const identity = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'other' };
  const foreign = await registration.connected({ ...connecting, identity });
  assert.match(foreign?.message ?? '', /is for service account prices, not other/);
});

test('entries left behind are swept', async (t) => {
  const { registration, isGone, clock, client } = await start(t, { template });
  await registration.connected(connecting);
  registration.disconnected(connecting);
  await setImmediate();
  registration.stop();
  const next = new AutoRegistration({
    client,
    clock,
    log: silentLogger,
    controller: 'istiod-2',
    entries: await (async () => {
      const cache = new Informer<KubeObject>({
        client,
        clock,
        log: silentLogger,
        jitter: () => 0,
        resource: entries,
      });
      const stop = new AbortController();
      t.after(() => stop.abort());
      void cache.run(stop.signal);
      await cache.synced;
      return cache;
    })(),
  });
  t.after(() => next.stop());
  next.start();
  clock.advance(60_000);
  await setImmediate();
  assert.equal(await isGone(), true);
});
