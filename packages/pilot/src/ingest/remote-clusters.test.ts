import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject, Secret } from '@lateen/api';
import { type Clock, ManualClock, silentLogger } from '@lateen/base';
import { FakeKubeClient, Informer, KubeError, resources, systemClock } from '@lateen/kube';
import { RemoteClusters } from './remote-clusters.ts';

const rootNamespace = 'istio-system';

const secretOf = (
  name: string,
  clusters: Readonly<Record<string, string>>,
  creationTimestamp = '2026-01-01T00:00:00Z',
): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name,
    namespace: rootNamespace,
    creationTimestamp,
    labels: { 'istio/multiCluster': 'true' },
  },
  data: Object.fromEntries(
    Object.entries(clusters).map(([id, text]) => [id, Buffer.from(text).toString('base64')]),
  ),
});

const serviceOf = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
});

/** The control plane of cluster `one`, and servers that kubeconfigs name by a word. */
const start = async (t: TestContext, clock: Clock = systemClock) => {
  const own = new FakeKubeClient();
  const servers = new Map([
    ['server-two', new FakeKubeClient()],
    ['server-three', new FakeKubeClient()],
  ]);
  const stop = new AbortController();
  const common = { clock, log: silentLogger, jitter: () => 0 };
  const secrets = new Informer<KubeObject>({
    ...common,
    client: own,
    resource: resources.secrets,
  });
  void secrets.run(stop.signal);
  await secrets.synced;
  let wake = Promise.withResolvers<void>();
  const remote = new RemoteClusters({
    ...common,
    secrets,
    rootNamespace,
    clusterId: 'one',
    connect: (kubeconfig) => {
      const server = servers.get(kubeconfig);
      if (server === undefined) throw new KubeError('bad-config', 'kubeconfig: not YAML');
      return server;
    },
    onChange: () => {
      wake.resolve();
      wake = Promise.withResolvers();
    },
  });
  secrets.onChange(() => {
    wake.resolve();
    wake = Promise.withResolvers();
  });
  remote.start();
  t.after(() => {
    remote.stop();
    stop.abort();
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await wake.promise;
  };
  return { own, servers, remote, until };
};

const idsOf = (remote: RemoteClusters): readonly string[] =>
  remote.clusters.map(({ clusterId }) => clusterId);

test('a Secret starts discovery in another cluster, its end ends it', async (t) => {
  const { own, servers, remote, until } = await start(t);
  await servers.get('server-two')?.create(resources.services, serviceOf('reviews'));
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.clusters.length === 1);
  assert.equal(remote.clusters[0]?.services.length, 1);
  assert.deepEqual(remote.status(), [
    { clusterId: 'two', secret: 'istio-system/remote-two', state: 'synced', message: '' },
  ]);
  const before = remote.clusters;
  assert.equal(remote.clusters, before);
  await servers.get('server-two')?.create(resources.services, serviceOf('ratings'));
  await until(() => remote.clusters[0]?.services.length === 2);
  await own.delete(resources.secrets, { name: 'remote-two', namespace: rootNamespace });
  await until(() => remote.clusters.length === 0);
  assert.deepEqual(remote.status(), []);
});

test('what is wrong with one cluster is said, and the others are undisturbed', async (t) => {
  const { own, remote, until } = await start(t);
  await own.create(resources.secrets, secretOf('good', { two: 'server-two' }));
  await own.create(resources.secrets, secretOf('bad', { four: '}' }, '2026-01-02T00:00:00Z'));
  await own.create(
    resources.secrets,
    secretOf('twice', { two: 'server-three', one: 'server-three' }, '2026-01-03T00:00:00Z'),
  );
  await until(() => remote.status().length === 3 && remote.clusters.length === 1);
  assert.deepEqual(idsOf(remote), ['two']);
  assert.deepEqual(
    remote.status().map(({ clusterId, state, message }) => [clusterId, state, message]),
    [
      ['two', 'synced', ''],
      ['four', 'invalid', 'kubeconfig: not YAML'],
      [
        'two',
        'conflict',
        'cluster "two" is in istio-system/good already: give one of the two another name',
      ],
    ],
  );
});

test('a server that goes away leaves what it last said', async (t) => {
  const { own, servers, remote, until } = await start(t);
  const two = servers.get('server-two');
  await two?.create(resources.services, serviceOf('reviews'));
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.clusters.length === 1);
  if (two !== undefined) two.failure = new KubeError('unreachable', 'connection refused');
  await two?.nextFailedCall();
  assert.deepEqual(
    remote.status().map(({ state, message }) => [state, message]),
    [['unreachable', 'connection refused']],
  );
  assert.equal(remote.clusters[0]?.services.length, 1);
});

test('a server that never answers is late after half a minute', async (t) => {
  const clock = new ManualClock(0);
  const { own, servers, remote, until } = await start(t, clock);
  const two = servers.get('server-two');
  if (two !== undefined) two.failure = new KubeError('unreachable', 'connection refused');
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.status().length === 1);
  assert.equal(remote.status()[0]?.state, 'syncing');
  clock.advance(30_001);
  assert.equal(remote.status()[0]?.state, 'timeout');
  assert.deepEqual(remote.clusters, []);
});
