import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment, EndpointSlice, Pod, ReplicaSet, Service } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient, resources, systemClock } from '@lateen/kube';
import { until } from '../testing/until.ts';
import { startControllers } from './controllers.ts';

const deployment = (image: string, replicas = 2): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }],
      },
    },
  },
});

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
};

const cluster = async (t: { after(end: () => void): void }) => {
  const client = new FakeKubeClient();
  const stop = new AbortController();
  t.after(() => stop.abort());
  const caches = await startControllers({
    client,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
    rootCertificate: 'PEM',
    signal: stop.signal,
  });
  const running = (): Pod[] => caches.pods.list().filter((pod) => pod.status?.phase === 'Running');
  /** Plays the kubelet: new pods run and are ready at once. */
  const runPods = (): Promise<unknown> =>
    Promise.all(
      caches.pods
        .list()
        .filter((pod) => pod.status === undefined)
        .map(({ metadata: { name, namespace } }) =>
          client.patch(resources.pods, {
            name,
            namespace,
            kind: 'merge',
            body: {
              status: {
                phase: 'Running',
                podIP: '127.9.0.2',
                conditions: [{ type: 'Ready', status: 'True' }],
              },
            },
          }),
        ),
    );
  return { client, caches, running, runPods };
};

test('a deployment becomes a replica set and pods, and its status follows them', async (t) => {
  const { client, caches, runPods } = await cluster(t);
  await client.create(resources.deployments, deployment('one'));
  await until('two pods', () => caches.pods.list().length === 2);
  const [set] = caches.replicaSets.list();
  const hash = set?.metadata.labels?.['pod-template-hash'];
  assert.equal(set?.metadata.name, `web-${hash}`);
  for (const pod of caches.pods.list())
    assert.deepEqual(pod.metadata.labels, { app: 'web', 'pod-template-hash': hash });
  await runPods();
  await until(
    'availability',
    () => caches.deployments.get('web', 'default')?.status?.availableReplicas === 2,
  );
  const status = caches.deployments.get('web', 'default')?.status;
  assert.deepEqual(
    status?.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`),
    ['Available True MinimumReplicasAvailable', 'Progressing True NewReplicaSetAvailable'],
  );
});

test('a new template rolls pods over without dropping below what must stay', async (t) => {
  const { client, caches, runPods, running } = await cluster(t);
  await client.create(resources.deployments, deployment('one'));
  await until('two pods', () => caches.pods.list().length === 2);
  await runPods();
  await until('availability', () => running().length === 2);
  let fewest = 2;
  caches.pods.onChange(() => {
    fewest = Math.min(fewest, running().length);
  });
  await client.update(resources.deployments, deployment('two'));
  const images = (): string[] =>
    running().flatMap((pod) => pod.spec?.containers.map(({ image }) => image ?? '') ?? []);
  for (let round = 0; images().join() !== 'two,two'; round += 1) {
    assert.ok(round < 10_000, `images: ${images()}`);
    await runPods();
    await new Promise((again) => setImmediate(again));
  }
  assert.equal(fewest, 2);
  const sets = caches.replicaSets.list() as readonly ReplicaSet[];
  assert.deepEqual(sets.map((set) => set.spec?.replicas).sort(), [0, 2]);
});

test('a service finds its pods by named port', async (t) => {
  const { client, caches, runPods } = await cluster(t);
  await client.create(resources.services, service);
  await client.create(resources.deployments, deployment('one', 1));
  await until('a pod', () => caches.pods.list().length === 1);
  await runPods();
  const slice = (): EndpointSlice | undefined => caches.endpointSlices.list()[0];
  await until('a ready endpoint', () => slice()?.endpoints?.[0]?.conditions?.ready === true);
  assert.deepEqual(slice()?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
  assert.equal(slice()?.metadata.labels?.['kubernetes.io/service-name'], 'web');
  const endpoints = caches.endpoints.get('web', 'default');
  assert.equal(endpoints?.subsets?.[0]?.addresses?.[0]?.ip, '127.9.0.2');
});

test('what a deleted deployment owned goes with it', async (t) => {
  const { client, caches } = await cluster(t);
  await client.create(resources.deployments, deployment('one'));
  await until('two pods', () => caches.pods.list().length === 2);
  await client.delete(resources.deployments, { name: 'web', namespace: 'default' });
  await until('nothing left', () => caches.pods.list().length === 0);
  assert.equal(caches.replicaSets.list().length, 0);
});

test('every namespace has a default service account and the root certificate', async (t) => {
  const { client, caches } = await cluster(t);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
  await client.create(resources.namespaces, namespace);
  await until('both', () => {
    const account = caches.serviceAccounts.get('default', 'shop');
    return account !== undefined && caches.configMaps.get('kube-root-ca.crt', 'shop') !== undefined;
  });
});
