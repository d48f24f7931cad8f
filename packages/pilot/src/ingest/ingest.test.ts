import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient, KubeError, systemClock } from '@lateen/kube';
import { typeUrls } from '@lateen/xds';
import type { ConfigChange } from './config-change.ts';
import { Ingest } from './ingest.ts';
import { watchedKinds } from './watched-kind.ts';

const { pods, services, virtualServices, sidecars, configMaps, nodes } = watchedKinds;

const objectOf = (name: string, fields: object = {}): KubeObject =>
  ({ metadata: { name, namespace: 'default' }, ...fields }) as unknown as KubeObject;

describe('Ingest', () => {
  let client: FakeKubeClient;
  let ingest: Ingest;
  let stop: AbortController;
  let changes: ConfigChange[];
  let events: string[];
  let wake = Promise.withResolvers<void>();

  beforeEach(async () => {
    client = new FakeKubeClient();
    stop = new AbortController();
    changes = [];
    events = [];
    ingest = new Ingest({
      client,
      clock: systemClock,
      log: silentLogger,
      jitter: () => 0,
      rootNamespace: 'istio-system',
      clusterId: 'Kubernetes',
      connect: () => client,
      keySets: () => new Map(),
      onChange: (change) => changes.push(change),
      onEvent: (kind, event) => {
        events.push(`${kind} ${event}`);
        wake.resolve();
      },
    });
    await client.create(services.resource, objectOf('reviews'));
    await ingest.start(stop.signal);
  });

  afterEach(() => stop.abort());

  const untilEvent = async (event: string): Promise<void> => {
    while (!events.includes(event)) {
      await wake.promise;
      wake = Promise.withResolvers();
    }
  };

  it('reads everything before it reports changes', () => {
    assert.equal(ingest.inputs().services.length, 1);
    assert.deepEqual(changes, []);
  });

  it('keeps the identity of arrays of kinds that did not change', async () => {
    const before = ingest.inputs();
    await client.create(virtualServices.resource, objectOf('reviews'));
    await untilEvent('VirtualService add');
    const after = ingest.inputs();
    assert.equal(after.services, before.services);
    assert.notEqual(after.virtualServices, before.virtualServices);
    assert.deepEqual(changes[0]?.scope, new Set([typeUrls.listener, typeUrls.route]));
  });

  it('takes a VirtualService for a change of everything once there are Sidecars', async () => {
    await client.create(sidecars.resource, objectOf('default'));
    await client.create(virtualServices.resource, objectOf('reviews'));
    await untilEvent('VirtualService add');
    assert.equal(changes.at(-1)?.scope, 'all');
  });

  it('takes a pod for a change of endpoints, and of everything for the proxy beside it', async () => {
    await client.create(pods.resource, objectOf('p', { status: { podIP: '10.0.0.9' } }));
    await untilEvent('Pod add');
    assert.deepEqual(changes[0]?.scope, new Set([typeUrls.endpoint]));
    assert.deepEqual(changes[0]?.addresses, new Set(['10.0.0.9']));
  });

  it('reports nothing for heartbeats and conditions', async () => {
    await client.create(nodes.resource, {
      metadata: { name: 'n' },
    } as unknown as KubeObject);
    await untilEvent('Node add');
    changes.length = 0;
    const body = { status: { conditions: [{ type: 'Ready', lastHeartbeatTime: 'now' }] } };
    await client.patch(nodes.resource, { name: 'n', kind: 'merge', body });
    await untilEvent('Node update');
    assert.deepEqual(changes, []);
  });

  it('takes over the mesh configuration, and keeps the last good one', async () => {
    const meshOf = (mesh: string): KubeObject =>
      ({
        metadata: { name: 'istio', namespace: 'istio-system' },
        data: { mesh },
      }) as unknown as KubeObject;
    await client.create(
      configMaps.resource,
      meshOf('outboundTrafficPolicy: {mode: REGISTRY_ONLY}'),
    );
    await untilEvent('ConfigMap add');
    assert.equal(ingest.inputs().meshConfig.outboundTrafficPolicy, 'REGISTRY_ONLY');
    changes.length = 0;
    await client.update(configMaps.resource, meshOf('outboundTrafficPolicy: 7'));
    await untilEvent('ConfigMap update');
    assert.equal(ingest.inputs().meshConfig.outboundTrafficPolicy, 'REGISTRY_ONLY');
    assert.deepEqual(changes, []);
    const status = ingest.status().find(({ kind }) => kind === 'ConfigMap');
    assert.match(status?.lastError ?? '', /outboundTrafficPolicy/);
  });

  it('holds the last state while the API server is away, and says so', async () => {
    client.failure = new KubeError('unreachable', 'connection refused');
    await client.nextFailedCall();
    assert.equal(ingest.inputs().services.length, 1);
    assert.ok(ingest.status().some(({ state }) => state === 'away'));
    client.failure = undefined;
    await client.create(services.resource, objectOf('ratings'));
    while (ingest.inputs().services.length < 2) {
      await wake.promise;
      wake = Promise.withResolvers();
    }
  });
});
