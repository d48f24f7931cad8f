import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Container, Pod } from '@lateen/api';
import { type FakeKubeClient, resources } from '@lateen/kube';
import { readLog } from '../logs/log-reader.ts';
import { podOf, startTestNode } from './test-node.ts';

const condition = (pod: Pod | undefined, type: string): string | undefined =>
  pod?.status?.conditions?.find((one) => one.type === type)?.status;
const state = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.state;
const waiting = (pod: Pod | undefined): string | undefined => state(pod)?.waiting?.reason;

const eventReasons = async (client: FakeKubeClient, name: string): Promise<string[]> => {
  const { items } = await client.list(resources.events);
  return (items as unknown as { reason: string; involvedObject: { name: string } }[])
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason }) => reason);
};

test('a pod runs, becomes ready, is reached on its address, logs, and ends on deletion', async (t) => {
  const { client, kubelet, until } = await startTestNode(t);
  const server = `require('http').createServer((q, s) => s.end('hello from ' + process.env.MY_IP)).listen(process.env.PORT, '127.0.0.1', () => console.log('up'))`;
  const pod = podOf('web', '', {
    command: [process.execPath, '-e', server],
    args: [],
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [{ name: 'MY_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
    readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
  });
  await client.create(resources.pods, pod);
  const ready = await until('web', (one) => condition(one, 'Ready') === 'True');
  assert.equal(ready?.status?.phase, 'Running');
  assert.equal(ready?.spec.nodeName, 'lateen');
  const address = ready?.status?.podIP ?? '';
  const answer = await fetch(`http://${address}:8080/`);
  assert.equal(await answer.text(), `hello from ${address}`);
  const worker = kubelet.worker('default', 'web');
  const runner = worker?.runner('main');
  let log = '';
  for await (const text of readLog(worker!.logPath('main', 0), runner?.attempt?.log)) log += text;
  assert.equal(log, 'up\n');
  const pid = runner?.attempt?.pid ?? 0;
  await client.patch(resources.pods, {
    kind: 'merge',
    name: 'web',
    namespace: 'default',
    body: {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 },
    },
  });
  await until('web', (one) => one === undefined);
  assert.equal(existsSync(`/proc/${pid}`), false);
  const reasons = await eventReasons(client, 'web');
  assert.deepEqual(
    reasons.filter((reason) => reason !== 'Unhealthy'),
    ['Scheduled', 'Pulled', 'Created', 'Started', 'Killing'],
  );
});

test('a container that exits at once backs off', async (t) => {
  const { client, until } = await startTestNode(t);
  await client.create(resources.pods, podOf('crash', 'exit 3'));
  const pod = await until('crash', (one) => waiting(one) === 'CrashLoopBackOff');
  const [status] = pod?.status?.containerStatuses ?? [];
  assert.equal(status?.restartCount, 1);
  assert.equal(status?.lastState?.terminated?.exitCode, 3);
  assert.equal(pod?.status?.phase, 'Running');
});

test('an unknown image names the catalog', async (t) => {
  const { client, until } = await startTestNode(t);
  await client.create(resources.pods, podOf('alien', '', { image: 'nowhere/alien:1' }));
  const pod = await until('alien', (one) => waiting(one) === 'ErrImagePull');
  assert.match(state(pod)?.waiting?.message ?? '', /image catalog/);
  assert.equal(pod?.status?.phase, 'Pending');
});

test('init containers go first; Never ends with the phase of the exit code', async (t) => {
  const { client, until, kubelet } = await startTestNode(t);
  const shared = { name: 'shared', mountPath: '/shared' };
  const volumes = [{ name: 'shared', emptyDir: {} }];
  const init = (script: string): Container => ({
    name: 'init',
    image: 'test/shell',
    args: [script],
    volumeMounts: [shared],
  });
  const done = podOf('done', 'cat "$LATEEN_VOLUME_SHARED/word"', {
    restartPolicy: 'Never',
    volumes,
    volumeMounts: [shared],
    initContainers: [init('echo written > "$LATEEN_VOLUME_SHARED/word"')],
  });
  await client.create(resources.pods, done);
  const pod = await until('done', (one) => one?.status?.phase === 'Succeeded');
  assert.equal(condition(pod, 'Initialized'), 'True');
  let log = '';
  for await (const text of readLog(
    kubelet.worker('default', 'done')!.logPath('main', 0),
    undefined,
  ))
    log += text;
  assert.equal(log, 'written\n');
  const failing = podOf('failing', 'true', {
    restartPolicy: 'Never',
    initContainers: [init('exit 1')],
  });
  await client.create(resources.pods, failing);
  const failed = await until('failing', (one) => one?.status?.phase === 'Failed');
  assert.equal(condition(failed, 'Initialized'), 'False');
});

test('a missing ConfigMap holds the pod until it is there', async (t) => {
  const { client, until } = await startTestNode(t);
  const volumes = [{ name: 'conf', configMap: { name: 'late' } }];
  await client.create(resources.pods, podOf('patient', 'sleep 100', { volumes }));
  const pod = await until('patient', (one) => waiting(one) === 'ContainerCreating');
  assert.equal(pod?.status?.phase, 'Pending');
  await client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'late', namespace: 'default' },
  });
  await until('patient', (one) => state(one)?.running !== undefined);
  assert.ok((await eventReasons(client, 'patient')).includes('FailedMount'));
});

test('liveness failure restarts the container; one that ignores SIGTERM is killed in the end', async (t) => {
  const { client, until } = await startTestNode(t);
  const folder = mkdtempSync(join(tmpdir(), 'lateen-stuck-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const isDeaf = join(folder, 'deaf');
  const pod = podOf('stuck', `trap "" TERM; : > ${isDeaf}; while :; do sleep 0.05; done`, {
    livenessProbe: {
      // Alive until SIGTERM is ignored.
      exec: { command: ['/bin/sh', '-c', `! test -e ${isDeaf}`] },
      periodSeconds: 0.05,
      failureThreshold: 1,
      terminationGracePeriodSeconds: 0.2,
    },
  });
  await client.create(resources.pods, pod);
  const restarted = await until(
    'stuck',
    (one) => (one?.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
  );
  const [status] = restarted?.status?.containerStatuses ?? [];
  assert.equal(status?.lastState?.terminated?.exitCode, 137);
});

test('a new supervisor runs the pods again, and says so', async (t) => {
  const first = await startTestNode(t);
  await first.client.create(resources.pods, podOf('again', 'sleep 100'));
  const before = await first.until('again', (one) => condition(one, 'Ready') === 'True');
  await first.end();
  assert.equal(condition(before, 'Ready'), 'True');
  const second = await startTestNode(t, first.client);
  const pod = await second.until(
    'again',
    (one) =>
      one?.status?.containerStatuses?.[0]?.restartCount === 1 && condition(one, 'Ready') === 'True',
  );
  assert.equal(pod?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 255);
});
