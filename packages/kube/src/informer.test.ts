import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient } from './fake-kube-client.ts';
import { Informer } from './informer.ts';
import { KubeError } from './kube-error.ts';
import { resources } from './resource.ts';
import { systemClock } from './system-clock.ts';

const configMap = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value },
});

const start = (client: FakeKubeClient) => {
  const stop = new AbortController();
  const informer = new Informer({
    client,
    resource: resources.configMaps,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
  });
  const ended = informer.run(stop.signal);
  const changes: string[] = [];
  let wake = Promise.withResolvers<void>();
  informer.onChange(({ key, before, after }) => {
    changes.push(`${before ? (after ? 'update' : 'delete') : 'add'} ${key}`);
    wake.resolve();
    wake = Promise.withResolvers<void>();
  });
  const until = async (count: number): Promise<void> => {
    while (changes.length < count) await wake.promise;
  };
  const end = (): Promise<void> => {
    stop.abort();
    return ended;
  };
  return { informer, changes, until, end };
};

test('lists, then follows additions, updates and deletions in order', async () => {
  const client = new FakeKubeClient();
  await client.create(resources.configMaps, configMap('a', '1'));
  const { informer, changes, until, end } = start(client);
  await informer.synced;
  assert.equal(informer.get('a', 'default')?.metadata.name, 'a');
  await client.create(resources.configMaps, configMap('b', '1'));
  await client.update(resources.configMaps, configMap('b', '2'));
  await client.delete(resources.configMaps, { name: 'a', namespace: 'default' });
  await until(4);
  assert.deepEqual(changes, [
    'add default/a',
    'add default/b',
    'update default/b',
    'delete default/a',
  ]);
  await end();
});

test('keeps its cache while the server is away and catches up after', async () => {
  const client = new FakeKubeClient();
  await client.create(resources.configMaps, configMap('a', '1'));
  const { informer, changes, until, end } = start(client);
  await informer.synced;
  const lost = client.nextFailedCall();
  client.failure = new KubeError('unreachable', 'away');
  await lost;
  assert.equal(informer.connected, false);
  assert.equal(informer.lastError?.code, 'unreachable');
  assert.equal(informer.list().length, 1);
  client.failure = undefined;
  await client.create(resources.configMaps, configMap('late', '1'));
  await until(2);
  assert.equal(changes.at(-1), 'add default/late');
  assert.equal(informer.list().length, 2);
  await end();
});
