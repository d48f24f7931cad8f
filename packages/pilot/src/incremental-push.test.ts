import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { KubeObject } from '@lateen/api';
import { FakeKubeClient, type Resource } from '@lateen/kube';
import { typeUrls, wildcardName } from '@lateen/xds';
import fc from 'fast-check';
import { watchedKinds } from './ingest/watched-kind.ts';
import { deltaTestClient } from './testing/ads-test-client.ts';
import { objectOf, routeTo, serviceOf, sliceOf, subsetsOf } from './testing/mesh-objects.ts';
import { anyPort, startTestPilot } from './testing/test-pilot.ts';

fc.configureGlobal({ seed: 20_261_121 });

const kinds = watchedKinds;
const hosts = fc.constantFrom('a', 'bb', 'ccc');
const versions = fc.constantFrom('v1', 'v2');

interface Change {
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly isDeletion: boolean;
}

const change = (
  { resource }: { readonly resource: Resource },
  object: fc.Arbitrary<KubeObject>,
): fc.Arbitrary<Change> =>
  fc
    .record({ object, isDeletion: fc.nat({ max: 3 }).map((roll) => roll === 0) })
    .map(({ object: value, isDeletion }) => ({ resource, object: value, isDeletion }));

const sidecarOf = (host: string): KubeObject =>
  objectOf('Sidecar', 'default', {
    spec: { egress: [{ hosts: [`./${host}.default.svc.cluster.local`] }] },
  });

/** Of the proxy's own pod, if it is labelled so. */
const logsOf = (app: string): KubeObject =>
  objectOf('Telemetry', app, {
    spec: {
      selector: { matchLabels: { app } },
      accessLogging: [{ providers: [{ name: 'envoy' }], filter: { expression: app } }],
    },
  });

/** `labelled` is the service that selects it, which need not be the one it is named after. */
const podOf = (name: string, labelled: string, version: string): KubeObject => {
  const pod = objectOf('Pod', `${name}-pod`, {
    spec: { containers: [{ name: 'app' }] },
    status: { podIP: `127.9.1.${name.length}` },
  });
  return { ...pod, metadata: { ...pod.metadata, labels: { app: labelled, version } } };
};

const slices: fc.Arbitrary<KubeObject> = fc
  .tuple(hosts, fc.nat({ max: 2 }))
  .map(([host, more]) =>
    sliceOf(host, `127.9.1.${host.length}`, ...(more > 0 ? [`127.9.2.${more}`] : [])),
  );

const changes: fc.Arbitrary<Change> = fc.oneof(
  change(
    kinds.services,
    hosts.map((host) => serviceOf(host)),
  ),
  change(
    kinds.destinationRules,
    fc.tuple(hosts, versions).map(([host, version]) => subsetsOf(host, version)),
  ),
  change(kinds.sidecars, hosts.map(sidecarOf)),
  change(kinds.telemetries, hosts.map(logsOf)),
  // Changes that are pushed in part are the ones that may leave something stale: more of them.
  { weight: 2, arbitrary: change(kinds.endpointSlices, slices) },
  {
    weight: 3,
    arbitrary: change(
      kinds.pods,
      fc.tuple(hosts, hosts, versions).map((names) => podOf(...names)),
    ),
  },
  {
    weight: 4,
    arbitrary: change(
      kinds.virtualServices,
      fc.tuple(hosts, versions, hosts).map((names) => routeTo(...names)),
    ),
  },
);

const apply = async (api: FakeKubeClient, { resource, object, isDeletion }: Change) => {
  const { name, namespace } = object.metadata;
  const { items } = await api.list(resource);
  const exists = items.some((item) => item.metadata.name === name);
  if (isDeletion) {
    if (exists) await api.delete(resource, { name, namespace });
  } else if (exists) await api.update(resource, object);
  else await api.create(resource, object);
};

/** A proxy that asks for the endpoints of each cluster it learns of, beside the pod of service `a`. */
const proxyOf = (port: number) => {
  const client = deltaTestClient(port, {
    id: 'sidecar~127.9.1.1~a-pod.default~default.svc.cluster.local',
    metadata: {
      NAMESPACE: 'default',
      LABELS: { app: 'a' },
      INTERCEPTION_MODE: 'NONE',
      HTTP_PROXY_PORT: '15002',
    },
  });
  client.connect();
  client.subscribe(typeUrls.cluster, wildcardName);
  client.subscribe(typeUrls.listener, wildcardName);
  client.subscribe(typeUrls.route, '9080', 'http_proxy');
  return client;
};

const followClusters = (client: ReturnType<typeof proxyOf>): void => {
  const wanted = client.names('CDS').filter((name) => name.startsWith('outbound|'));
  const gone = client.names('EDS').filter((name) => !wanted.includes(name));
  client.subscribe(typeUrls.endpoint, ...wanted);
  client.unsubscribe(typeUrls.endpoint, ...gone);
  for (const name of gone) client.resources.delete(`EDS ${name}`);
};

const stateOf = (client: ReturnType<typeof proxyOf>): string =>
  [...client.resources]
    .map(([key, bytes]) => `${key} ${Buffer.from(bytes).toString('hex')}`)
    .sort()
    .join('\n');

it('a proxy that followed every change has what a proxy that connects at the end gets', async () => {
  const property = fc.asyncProperty(
    fc.array(changes, { minLength: 3, maxLength: 14 }),
    async (script) => {
      const api = new FakeKubeClient();
      for (const host of ['a', 'bb', 'ccc'])
        await api.create(kinds.services.resource, serviceOf(host));
      const pilot = await startTestPilot(api, {
        grpcAddress: anyPort,
        configDelays: { quietMs: 0, maxMs: 0 },
        endpointDelays: { quietMs: 0, maxMs: 0 },
      });
      const old = proxyOf(pilot.grpcPort);
      await old.until('routes', () => old.names('RDS').length > 0);
      for (const step of script) {
        await apply(api, step);
        await setImmediate();
        followClusters(old);
      }
      const fresh = proxyOf(pilot.grpcPort);
      await fresh.until('routes', () => fresh.names('RDS').length > 0);
      const isSame = (): boolean => {
        followClusters(old);
        followClusters(fresh);
        return stateOf(old) === stateOf(fresh);
      };
      try {
        await old.until('agreement', () => old.received.length > 0);
        while (!isSame()) await Promise.race([old.next('change'), fresh.next('change')]);
        assert.equal(stateOf(old), stateOf(fresh));
      } finally {
        old.close();
        fresh.close();
        await pilot.close();
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
