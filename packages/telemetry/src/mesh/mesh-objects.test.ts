import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import {
  FakeKubeClient,
  KubeError,
  type ListOptions,
  type Resource,
  systemClock,
} from '@lateen/kube';
import { sampleObjects } from '../testing/sample-mesh.ts';
import { MeshObjects } from './mesh-objects.ts';
import { findWatchedKind } from './watched-kinds.ts';

/** A cluster where some kinds may not be read, or are not installed. */
class PartialClient extends FakeKubeClient {
  readonly refused = new Map([
    ['Node', 'forbidden'],
    ['WasmPlugin', 'not-found'],
  ] as const);

  override async list<T extends KubeObject>(resource: Resource, options?: ListOptions) {
    const code = this.refused.get(resource.kind as 'Node');
    if (code !== undefined) throw new KubeError(code, `${resource.kind} is refused`);
    return super.list<T>(resource, options);
  }
}

test('a cluster is read as far as one may, and changes are told from then on', async (t) => {
  const client = new PartialClient();
  for (const object of sampleObjects) {
    const kind = findWatchedKind(object.kind);
    if (kind !== undefined) await client.create(kind.resource, object);
  }
  const stop = new AbortController();
  t.after(() => stop.abort());
  const objects = new MeshObjects({
    client,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
  });
  const told = Promise.withResolvers<string>();
  objects.onChange(({ key, kind }) => told.resolve(`${kind.resource.kind} ${key}`));
  await objects.start(stop.signal);
  assert.equal(objects.list('Service').length, 4);
  assert.equal(
    objects.list('Service'),
    objects.list('Service'),
    'the same list while nothing changes',
  );
  assert.equal(objects.isServed('WasmPlugin'), false);
  assert.match(objects.problem, /Node is refused/);
  const version = objects.version;
  const service = findWatchedKind('svc')?.resource ?? findWatchedKind('service')?.resource;
  assert.ok(service);
  await client.delete(service, { name: 'ratings', namespace: 'default' });
  assert.equal(await told.promise, 'Service default/ratings');
  assert.ok(objects.version > version);
  assert.equal(objects.get('Service', 'ratings', 'default'), undefined);
});

test('stopped before it was read it says so, once', async () => {
  const client = new FakeKubeClient();
  client.failure = new KubeError('unreachable', 'nobody there');
  const stop = new AbortController();
  const objects = new MeshObjects({
    client,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
  });
  const started = objects.start(stop.signal);
  await client.nextFailedCall();
  stop.abort();
  await assert.rejects(started, /stopped/);
  assert.notEqual(objects.problem, '');
});
