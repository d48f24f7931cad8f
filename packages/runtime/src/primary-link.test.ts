import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EndpointSlice, KubeObject } from '@lateen/api';
import { ManualClock, silentLogger } from '@lateen/base';
import { FakeKubeClient, KubeError, resources } from '@lateen/kube';
import { PrimaryLink } from './primary-link.ts';

const namespace = 'istio-system';
const gateway = { name: 'istio-ingressgateway', namespace };
const secretName = 'istio-remote-secret-two';

const gatewayAt = (ip?: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: gateway,
    spec: {},
    status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
  }) as unknown as KubeObject;

const setUp = (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-link-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  const clock = new ManualClock(0);
  const own = new FakeKubeClient();
  const servers = new Map([
    ['first', new FakeKubeClient()],
    ['second', new FakeKubeClient()],
  ]);
  const absences: string[] = [];
  const link = new PrimaryLink({
    client: own,
    clock,
    log: silentLogger,
    primary: { cluster: 'one', kubeconfig },
    connect: (text) => servers.get(text) ?? assert.fail(text),
    secret: async () => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName, namespace },
    }),
    onAbsence: (reason) => absences.push(reason),
  });
  t.after(() => link.stop());
  const address = async (): Promise<string | undefined> => {
    const ref = { name: 'istiod', namespace };
    const slice = await own.get(resources.endpointSlices, ref).catch(() => undefined);
    return (slice as EndpointSlice | undefined)?.endpoints[0]?.addresses[0];
  };
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let turn = 0; turn < 100; turn++) {
      if (await holds()) return;
      clock.advance(2_000);
      for (let step = 0; step < 20; step++) await Promise.resolve();
    }
    assert.fail('it did not come to pass');
  };
  const use = (name: string): void => writeFileSync(kubeconfig, name);
  return { link, own, servers, absences, address, until, use };
};

test('the other cluster gets the Secret, and istiod here is its gateway, wherever that is', async (t) => {
  const { link, servers, absences, address, until, use } = setUp(t);
  const first = servers.get('first');
  await first?.create(resources.services, gatewayAt());
  use('first');
  await link.start();
  assert.equal(await address(), undefined);
  await first?.patch(resources.services, {
    kind: 'merge',
    ...gateway,
    body: gatewayAt('127.8.127.10'),
  });
  await until(async () => (await address()) === '127.8.127.10');
  assert.equal((await first?.list(resources.secrets))?.items[0]?.metadata.name, secretName);
  // Taken away on purpose: it stays away.
  await first?.delete(resources.secrets, { name: secretName, namespace });
  // The cluster was started anew, on another port.
  await servers.get('second')?.create(resources.services, gatewayAt('127.8.127.11'));
  use('second');
  await until(async () => (await address()) === '127.8.127.11');
  assert.equal((await servers.get('second')?.list(resources.secrets))?.items.length, 0);
  assert.deepEqual(absences, []);
});

test('a cluster that is not up yet is said to be away, once, and waited for', async (t) => {
  const { link, servers, absences, address, until, use } = setUp(t);
  await link.start();
  assert.equal(absences.length, 1);
  assert.match(absences[0] ?? '', /ENOENT/);
  const first = servers.get('first');
  if (first !== undefined) first.failure = new KubeError('unreachable', 'connection refused');
  use('first');
  await link.start();
  assert.equal(absences.length, 1);
  if (first !== undefined) first.failure = undefined;
  await first?.create(resources.services, gatewayAt('127.8.127.10'));
  await until(async () => (await address()) === '127.8.127.10');
});
