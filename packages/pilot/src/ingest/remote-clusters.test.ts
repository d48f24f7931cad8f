import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject, Secret } from '@lateen/api';
import { type Clock, ManualClock, silentLogger } from '@lateen/base';
import {
  FakeKubeClient,
  Informer,
  KubeError,
  type ListOptions,
  type ListResult,
  type Resource,
  resources,
  systemClock,
} from '@lateen/kube';
import type { ComparedCluster } from './cluster-conflicts.ts';
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

interface Setting {
  readonly clock?: Clock;
  readonly here?: ComparedCluster;
}

const empty: ComparedCluster = { clusterId: 'one', pods: [], namespaces: [], nodes: [] };

/** The control plane of cluster `one`, and servers that kubeconfigs name by a word. */
const start = async (t: TestContext, { clock = systemClock, here = empty }: Setting = {}) => {
  const own = new FakeKubeClient();
  const servers = new Map<string, FakeKubeClient>([
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
    own: () => here,
    ownRead: async () => undefined,
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
  const { own, servers, remote, until } = await start(t, { clock });
  const two = servers.get('server-two');
  if (two !== undefined) two.failure = new KubeError('unreachable', 'connection refused');
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.status().length === 1);
  assert.equal(remote.status()[0]?.state, 'syncing');
  clock.advance(30_001);
  assert.equal(remote.status()[0]?.state, 'timeout');
  assert.deepEqual(remote.clusters, []);
});

const kubeSystem = (uid: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'kube-system', uid },
});

const podAt = (name: string, podIP: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [] },
    status: { phase: 'Running', podIP },
  }) as unknown as KubeObject;

test('a Secret for the own cluster is ignored, unless it is of another that has its name', async (t) => {
  const here = { ...empty, namespaces: [kubeSystem('uid-one')] };
  const { own, servers, remote, until } = await start(t, { here });
  await servers.get('server-two')?.create(resources.namespaces, kubeSystem('uid-one'));
  await servers.get('server-three')?.create(resources.namespaces, kubeSystem('uid-three'));
  await own.create(resources.secrets, secretOf('itself', { one: 'server-two' }));
  await own.create(resources.secrets, secretOf('namesake', { one: 'server-three' }));
  await own.create(resources.secrets, secretOf('broken', { one: '}', two: 'server-two' }));
  await until(() => remote.status().length === 3);
  assert.deepEqual(idsOf(remote), []);
  const [two, ...rest] = remote.status();
  assert.equal(two?.state, 'conflict');
  assert.match(two?.message ?? '', /it is cluster "one" under another name/);
  const states = rest.map(({ secret, state, message }) => [secret, state, message]).sort();
  assert.deepEqual(states, [
    [
      'istio-system/broken',
      'conflict',
      '"one" is the name of this cluster, and whether the Secret is its own is not known: kubeconfig: not YAML',
    ],
    [
      'istio-system/namesake',
      'conflict',
      '"one" is the name of this cluster, and the Secret is of another: give that one another name',
    ],
  ]);
});

test('a cluster whose pods cannot be told from others is left out for as long as that is so', async (t) => {
  const { own, servers, remote, until } = await start(t);
  await servers.get('server-two')?.create(resources.pods, podAt('a', '10.0.0.5'));
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.clusters.length === 1);
  const three = servers.get('server-three');
  await three?.create(resources.pods, podAt('b', '10.0.0.5'));
  await own.create(
    resources.secrets,
    secretOf('remote-three', { three: 'server-three' }, '2026-01-02T00:00:00Z'),
  );
  await until(() => remote.status().some(({ state }) => state === 'conflict'));
  assert.deepEqual(idsOf(remote), ['two']);
  assert.match(
    remote.access('three')?.problem ?? '',
    /cluster "three": clashes with cluster "two": pod default\/b here and pod default\/a there are at 10\.0\.0\.5/,
  );
  assert.equal(remote.access('two')?.problem, undefined);
  await three?.delete(resources.pods, { name: 'b', namespace: 'default' });
  await until(() => remote.clusters.length === 2);
  assert.deepEqual(
    remote.status().map(({ state }) => state),
    ['synced', 'synced'],
  );
});

test('a start waits for other clusters as long as it is worth it', async (t) => {
  const clock = new ManualClock(0);
  const { own, servers, remote, until } = await start(t, { clock });
  const two = servers.get('server-two');
  if (two !== undefined) two.failure = new KubeError('unreachable', 'connection refused');
  await own.create(
    resources.secrets,
    secretOf('remotes', { two: 'server-two', three: 'server-three' }),
  );
  await until(() => remote.status().length === 2);
  // One that refuses and one that answers: no time has to pass.
  await remote.tried();
  assert.deepEqual(idsOf(remote), ['three']);
  assert.match(remote.access('two')?.problem ?? '', /has not been read yet: connection refused/);
  assert.equal(remote.access('four'), undefined);
  const problems = ['one', 'Kubernetes', 'three', 'two', 'four'].map((id) => remote.problemOf(id));
  assert.deepEqual(problems.slice(0, 3), [undefined, undefined, undefined]);
  assert.match(problems[3] ?? '', /has not been read yet/);
  assert.match(problems[4] ?? '', /"four" is not one of this control plane/);
});

test('another kubeconfig for a cluster takes nothing away while it is read', async (t) => {
  const { own, servers, remote, until } = await start(t);
  const put = (kubeconfig: string): Promise<unknown> =>
    own.patch(resources.secrets, {
      kind: 'merge',
      name: 'remote-two',
      namespace: rootNamespace,
      body: secretOf('remote-two', { two: kubeconfig }),
    });
  await servers.get('server-two')?.create(resources.services, serviceOf('reviews'));
  await own.create(resources.secrets, secretOf('remote-two', { two: 'server-two' }));
  await until(() => remote.clusters.length === 1);
  const three = servers.get('server-three');
  if (three !== undefined) three.failure = new KubeError('unreachable', 'connection refused');
  await put('server-three');
  await until(() => remote.status()[0]?.state !== 'synced');
  assert.equal(remote.clusters[0]?.services.length, 1);
  assert.equal(remote.problemOf('two'), undefined);
  if (three !== undefined) three.failure = undefined;
  await until(() => remote.status()[0]?.state === 'synced');
  assert.deepEqual(remote.clusters[0]?.services, []);
  // One that cannot be used leaves the one that can.
  await put('}');
  await until(() => remote.status()[0]?.state === 'invalid');
  assert.match(remote.status()[0]?.message ?? '', /not YAML; the kubeconfig of before is used/);
  await three?.create(resources.services, serviceOf('ratings'));
  await until(() => remote.clusters[0]?.services.length === 1);
});

/** A server whose requests hang when it is told so, while its watches stay open. */
class HangingClient extends FakeKubeClient {
  hangs = false;

  override list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ListResult<T>> {
    if (!this.hangs) return super.list(resource, options);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new KubeError('aborted', 'stopped'));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    return promise;
  }
}

test('a server that hangs is found out, and so is its recovery', async (t) => {
  const clock = new ManualClock(0);
  const { own, servers, remote, until } = await start(t, { clock });
  const two = new HangingClient();
  servers.set('hanging', two);
  await two.create(resources.services, serviceOf('reviews'));
  await own.create(resources.secrets, secretOf('remote-two', { two: 'hanging' }));
  await until(() => remote.status()[0]?.state === 'synced');
  const after = async (milliseconds: number): Promise<readonly [string, string]> => {
    clock.advance(milliseconds);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    const [status] = remote.status();
    return [status?.state ?? '', status?.message ?? ''];
  };
  await after(0);
  two.hangs = true;
  assert.deepEqual(await after(10_000), ['synced', '']);
  assert.deepEqual(await after(5_000), ['unreachable', 'no answer within 5 s']);
  assert.equal(remote.clusters[0]?.services.length, 1);
  assert.equal(remote.problemOf('two'), undefined);
  two.hangs = false;
  assert.deepEqual(await after(10_000), ['synced', '']);
});
