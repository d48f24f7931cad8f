import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import fc from 'fast-check';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildPushContext,
  buildRoutes,
  type MeshInputs,
  type PushContext,
} from '../index.ts';
import { bookinfo, ingressGateway, inputsOf, objectsOf, sidecarOf } from '../testing/test-mesh.ts';

fc.configureGlobal({ seed: 20_261_121 });

const proxies = [
  sidecarOf('productpage-v1-abc-1', '127.9.0.1'),
  sidecarOf('reviews-v2-abc-1', '127.9.0.4', { INTERCEPTION_MODE: 'REDIRECT' }),
  ingressGateway(),
];

/** Name and content hash of everything all proxies would get. */
const everything = (push: PushContext): string[] =>
  proxies.flatMap((proxy) => {
    const clusters = buildClusters(push, proxy);
    const listeners = buildListeners(push, proxy);
    return [
      ...clusters,
      ...listeners,
      ...buildEndpoints(
        push,
        proxy,
        clusters.map(({ name }) => name),
      ),
      ...buildRoutes(push, proxy, ['http_proxy', '9080', '80', 'http.8080', 'nothing', 'a:b']),
    ].map(({ typeUrl, name, version }) => `${typeUrl} ${name} ${version}`);
  });

const extras = objectsOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec: { hosts: [reviews], http: [{ route: [{ destination: { host: reviews, subset: v1 } }] }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec: { host: reviews, subsets: [{ name: v1, labels: { version: v1 } }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: all }
spec: { hosts: ['*'], gateways: [gw], http: [{ route: [{ destination: { host: productpage } }] }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: external }
spec: { hosts: [api.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: scope }
spec: { workloadSelector: { labels: { app: reviews } }, egress: [{ hosts: ['./*'] }] }
`);
const all = [...objectsOf(bookinfo), ...extras];

test('a context built on the previous one equals one built from scratch', () => {
  const subset = fc.subarray(all as KubeObject[]);
  fc.assert(
    fc.property(fc.array(subset, { minLength: 1, maxLength: 4 }), (steps) => {
      let push: PushContext | undefined;
      let inputs: MeshInputs | undefined;
      for (const objects of steps) {
        inputs = inputsOf(objects);
        push = buildPushContext(inputs, push);
      }
      const fresh = buildPushContext(inputs as MeshInputs);
      assert.deepEqual(push, fresh);
      assert.deepEqual(everything(push as PushContext), everything(fresh));
    }),
    { numRuns: 40 },
  );
});

test('what did not change is kept: a new VirtualService leaves services and endpoints as they are', () => {
  const inputs = inputsOf(all);
  const before = buildPushContext(inputs);
  const after = buildPushContext(
    { ...inputs, virtualServices: inputs.virtualServices.slice(1) },
    before,
  );
  assert.equal(after.services, before.services);
  assert.equal(after.endpoints, before.endpoints);
  assert.equal(after.destinationRules, before.destinationRules);
  assert.notEqual(after.virtualServices, before.virtualServices);
});

test('a bad object is diagnosed with its field and skipped, the others stay', () => {
  const [good] = extras;
  const bad = {
    ...good!,
    metadata: { name: 'bad', namespace: 'default' },
    spec: {
      hosts: ['reviews'],
      http: [{ timeout: 'soon', route: [{ destination: { host: 'reviews' } }] }],
    },
  };
  const push = buildPushContext(inputsOf([...objectsOf(bookinfo), good!, bad]));
  assert.deepEqual(
    push.diagnostics.map(({ object, path }) => [object, path]),
    [['VirtualService/default/bad', 'spec.http[0].timeout']],
  );
  assert.equal(push.virtualServices.length, 1);
});

/** Replaces values anywhere in an object by arbitrary ones. */
const mutate = (object: unknown, path: readonly number[], value: unknown): unknown => {
  const [step, ...rest] = path;
  if (typeof object !== 'object' || object === null || step === undefined) return value;
  const keys = Object.keys(object);
  const key = keys[step % Math.max(keys.length, 1)];
  if (key === undefined) return value;
  const changed = mutate((object as Record<string, unknown>)[key], rest, value);
  if (!Array.isArray(object)) return { ...object, [key]: changed };
  return object.map((entry, index) => (String(index) === key ? changed : entry));
};

test('no object makes it throw', () => {
  const arbitrary = fc.record({
    object: fc.nat(all.length - 1),
    path: fc.array(fc.nat(9), { maxLength: 8 }),
    value: fc.oneof(fc.anything(), fc.constantFrom('*', '', '~', '[', 0, -1, 1e99, '10s', null)),
  });
  fc.assert(
    fc.property(fc.array(arbitrary, { maxLength: 6 }), (changes) => {
      const objects = [...all];
      for (const { object, path, value } of changes) {
        const kind = objects[object]!.kind;
        const changed = mutate(objects[object], path, value);
        const kept = typeof changed === 'object' && changed !== null ? changed : {};
        objects[object] = { ...(kept as KubeObject), kind };
      }
      // The fixture's own slice maker reads Services: give it the sound ones.
      const inputs = inputsOf(all);
      const of = (kind: string) => objects.filter((entry) => entry.kind === kind);
      everything(
        buildPushContext({
          ...inputs,
          services: of('Service'),
          pods: of('Pod'),
          virtualServices: of('VirtualService'),
          destinationRules: of('DestinationRule'),
          gateways: of('Gateway'),
          serviceEntries: of('ServiceEntry'),
          sidecars: of('Sidecar'),
        }),
      );
    }),
    { numRuns: 150 },
  );
});
