import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { FakeKubeClient, type KubeClient, KubeError, resources } from '@lateen/kube';
import { readMeshClusters } from './mesh-clusters.ts';

const inRoot = { namespace: 'istio-system' };

const put = async (
  client: FakeKubeClient,
  resource: (typeof resources)[keyof typeof resources],
  object: object,
): Promise<void> => {
  await client.create(resource, object as KubeObject);
};

/** A cluster with a control plane that says its id. */
const clusterNamed = async (name: string): Promise<FakeKubeClient> => {
  const client = new FakeKubeClient();
  await put(client, resources.namespaces, {
    metadata: { name: 'kube-system', uid: `uid-${name}` },
  });
  await put(client, resources.pods, {
    metadata: { ...inRoot, name: `istiod-${name}`, labels: { app: 'istiod' } },
    spec: { containers: [{ name: 'discovery', env: [{ name: 'CLUSTER_ID', value: name }] }] },
  });
  await put(client, resources.services, { metadata: { name: `of-${name}`, namespace: 'default' } });
  return client;
};

const joins = (client: FakeKubeClient, clusterId: string, kubeconfig: string): Promise<void> =>
  put(client, resources.secrets, {
    metadata: {
      ...inRoot,
      name: `remote-${clusterId}`,
      labels: { 'istio/multiCluster': 'true' },
    },
    data: { [clusterId]: Buffer.from(kubeconfig).toString('base64') },
  });

/** Kubeconfigs are names of clients here. */
const connecting =
  (clients: Readonly<Record<string, KubeClient>>) =>
  (kubeconfig: string): KubeClient => {
    const client = clients[kubeconfig];
    if (client === undefined) throw new Error(`kubeconfig: not YAML`);
    return client;
  };

const names = (
  clusters: readonly { readonly clusterId: string; readonly reads: readonly string[] }[],
) => clusters.map(({ clusterId, reads }) => `${clusterId} reads ${reads.join(',')}`);

test('clusters are found by Secrets, and by theirs in turn, each read once', async () => {
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map(clusterNamed));
  assert.ok(one && two && three);
  await joins(one, 'two', 'second');
  await joins(two, 'one', 'first');
  await joins(two, 'three', 'third');
  const map = { metadata: { ...inRoot, name: 'istio' }, data: { mesh: 'trustDomain: prod' } };
  await put(one, resources.configMaps, map);
  const { clusters, diagnostics } = await readMeshClusters({
    own: { client: one },
    connect: connecting({ first: one, second: two, third: three }),
  });
  assert.deepEqual(names(clusters), ['one reads two', 'two reads one,three', 'three reads ']);
  assert.deepEqual(diagnostics, []);
  assert.equal(clusters[0]?.meshConfig?.trustDomain, 'prod');
  assert.ok(
    clusters[1]?.objects.some(
      ({ apiVersion, kind, metadata }) =>
        `${apiVersion} ${kind} ${metadata.name}` === 'v1 Service of-two',
    ),
  );
});

test('a cluster that cannot be read is named, and the rest is answered', async () => {
  const one = await clusterNamed('one');
  const away = new FakeKubeClient();
  away.failure = new KubeError('unreachable', 'connect ECONNREFUSED 127.0.0.1:1');
  await joins(one, 'two', 'away');
  await joins(one, 'three', 'nonsense');
  const { clusters, diagnostics } = await readMeshClusters({
    own: { client: one },
    connect: connecting({ away }),
  });
  assert.deepEqual(
    clusters.map(({ clusterId, hasRules = true }) => `${clusterId} ${hasRules}`).toSorted(),
    ['one true', 'three false', 'two false'],
  );
  assert.deepEqual(
    diagnostics.map(
      ({ severity, code, message }) => `${severity} ${code} ${message.split(';')[0]}`,
    ),
    [
      'warning ClusterUnreachable cluster three cannot be read: istio-system/remote-three: kubeconfig: not YAML',
      'warning ClusterUnreachable cluster two cannot be read: connect ECONNREFUSED 127.0.0.1:1 (Secret istio-system/remote-two)',
    ],
  );
});

/** Answers nothing until it is given up. */
const silent = {
  list: (_: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new KubeError('aborted', 'aborted')));
    }),
} as unknown as KubeClient;

test('a cluster that does not answer in time is left out', async () => {
  const one = await clusterNamed('one');
  const { clusters, diagnostics } = await readMeshClusters({
    own: { client: one },
    others: [{ name: 'two', client: silent }],
    timeoutMs: 500,
  });
  assert.deepEqual(names(clusters), ['one reads ']);
  assert.match(
    diagnostics[0]?.message ?? '',
    /^cluster two cannot be read: no answer within 0.5 s/,
  );
});

test('the own cluster must answer', async () => {
  const away = new FakeKubeClient();
  away.failure = new KubeError('unreachable', 'no route');
  await assert.rejects(readMeshClusters({ own: { client: away } }), /no route/);
});

/** An account that may read services and workloads only, as those of remote secrets in Istio's charts of old. */
const reader = (client: FakeKubeClient): KubeClient =>
  new Proxy(client, {
    get: (target, name: keyof FakeKubeClient) =>
      name === 'list'
        ? (resource: { readonly group: string; readonly plural: string }, options?: object) => {
            const hidden = resource.group.endsWith('.istio.io') || resource.plural === 'secrets';
            return hidden
              ? Promise.reject(new KubeError('forbidden', 'forbidden'))
              : target.list(resource as never, options as never);
          }
        : target[name],
  });

test('a cluster whose rules may not be read contributes its workloads', async () => {
  const [one, two] = await Promise.all(['one', 'two'].map(clusterNamed));
  assert.ok(one && two);
  await joins(one, 'two', 'second');
  const { clusters } = await readMeshClusters({
    own: { client: one },
    connect: connecting({ second: reader(two) }),
  });
  assert.deepEqual(names(clusters), ['one reads two', 'two reads one']);
  assert.equal(clusters[1]?.hasRules, false);
  await assert.rejects(readMeshClusters({ own: { client: reader(one) } }), /forbidden/);
});

test('clusters without a control plane are configured by the one that reads them', async () => {
  const one = await clusterNamed('one');
  const two = new FakeKubeClient();
  const annotations = { 'topology.istio.io/controlPlaneClusters': 'one' };
  await put(two, resources.namespaces, { metadata: { name: 'istio-system', annotations } });
  await joins(one, 'two', 'second');
  const sources = { others: [{ client: one }], connect: connecting({ second: two }) };
  const { clusters, diagnostics } = await readMeshClusters({
    own: { client: two, name: 'two' },
    ...sources,
  });
  assert.deepEqual(
    clusters.map(({ clusterId, configuredBy }) => `${clusterId} by ${configuredBy}`),
    ['two by one', 'one by undefined'],
  );
  assert.deepEqual(diagnostics, []);
  const alone = await readMeshClusters({ own: { client: two, name: 'two' } });
  assert.deepEqual(
    alone.diagnostics.map(({ code }) => code),
    ['ControlPlaneUnknown'],
  );
});

test('a cluster that clashes with the own is left out, as its control plane does', async () => {
  const [one, two] = await Promise.all(['one', 'two'].map(clusterNamed));
  assert.ok(one && two);
  await joins(one, 'again', 'first');
  await joins(one, 'two', 'second');
  const { clusters, diagnostics } = await readMeshClusters({
    own: { client: one },
    connect: connecting({ first: one, second: two }),
  });
  assert.equal(names(clusters)[0], 'one reads two');
  assert.match(diagnostics[0]?.message ?? '', /^cluster again is left out: it /);
});

const pem = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(name).toString('base64')}\n-----END CERTIFICATE-----\n`;

test('whose roots count: those that workloads are given, without other meshes’ as their own', async () => {
  const one = await clusterNamed('one');
  const given = { metadata: { ...inRoot, name: 'istio-ca-root-cert' } };
  await put(one, resources.configMaps, {
    ...given,
    data: { 'root-cert.pem': pem('a') + pem('b') },
  });
  const { clusters } = await readMeshClusters({ own: { client: one } });
  const [first] = clusters;
  assert.equal(first?.trust?.own.length, 2);
  assert.deepEqual(first.trust.trusted, first.trust.own);
  const bare = await readMeshClusters({ own: { client: await clusterNamed('two') } });
  assert.equal(bare.clusters[0]?.trust, undefined);
});
