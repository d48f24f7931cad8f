import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Pod, Service } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { createKubeClient, Informer, loadKubeConfig, resources, systemClock } from '@lateen/kube';
import { type Cluster, startCluster } from './cluster.ts';
import { readRunRecord } from './state/run-record.ts';

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-cluster-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const images = [{ image: 'test/shell', command: ['/bin/sh', '-c'] }];
  writeFileSync(join(folder, 'images.json'), JSON.stringify(images));
  return folder;
};

const startIn = async (folder: string): Promise<Cluster> =>
  startCluster({
    stateDir: join(folder, 'state'),
    apiPort: 17_443,
    gatewayPort: 18_080,
    imageCatalogs: [join(folder, 'images.json')],
    onProgress: () => undefined,
  });

const untilReady = async (cluster: Cluster, name: string): Promise<Pod> => {
  const stop = new AbortController();
  const options = { clock: systemClock, log: silentLogger, jitter: () => 0 };
  const { client } = cluster;
  const pods = new Informer<Pod>({ ...options, client, resource: resources.pods });
  void pods.run(stop.signal);
  const { promise, resolve } = Promise.withResolvers<Pod>();
  pods.onChange(({ after }) => {
    const ready = after?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (after?.metadata.name === name && ready?.status === 'True') resolve(after);
  });
  return promise.finally(() => stop.abort());
};

const processesWith = (text: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });

const podOf = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'test/shell', args: ['exec sleep 100'] }] },
});

test('a cluster starts, runs a pod, ends without a trace, and comes back as it was', async (t) => {
  const folder = folderFor(t);
  const first = await startIn(folder);
  const { record, state } = first;
  assert.equal(statSync(state.kubeconfig).mode & 0o777, 0o600);
  assert.equal(readRunRecord(state)?.apiServer, record.apiServer);
  // As kubectl would: over the network, with what the kubeconfig says.
  const client = createKubeClient(loadKubeConfig(state.kubeconfig));
  const kubernetes = await client.get<Service>(resources.services, {
    name: 'kubernetes',
    namespace: 'default',
  });
  assert.match(kubernetes.spec?.clusterIP ?? '', /^127\.\d+\.128\.1$/);
  const pilot = createKubeClient(loadKubeConfig(state.pilotKubeconfig));
  assert.ok((await pilot.list(resources.secrets)).items.length >= 0);
  await assert.rejects(pilot.create(resources.pods, podOf('strange')), { code: 'forbidden' });
  await client.create(resources.pods, podOf('kept'));
  const before = await untilReady(first, 'kept');
  assert.equal(before.status?.hostIP, kubernetes.spec?.clusterIP?.replace('128.1', '127.1'));
  await assert.rejects(startIn(folder), { code: 'already-running' });
  await first.stop();
  assert.deepEqual(processesWith(folder), []);
  assert.equal(readRunRecord(state), undefined);
  const second = await startIn(folder);
  const after = await untilReady(second, 'kept');
  assert.equal(after.metadata.uid, before.metadata.uid);
  assert.equal(after.status?.podIP, before.status?.podIP);
  await second.stop();
  assert.deepEqual(processesWith(folder), []);
});
