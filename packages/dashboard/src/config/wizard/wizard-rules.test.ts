import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateIstioObject } from '@lateen/api';
import type { Manifest } from '../manifest.ts';
import { breakCircuits, exposeService, setMtls } from './policy-rules.ts';
import { injectFault, routeRequests, setPatience, shiftTraffic } from './traffic-rules.ts';
import { balanceWeights, currentWeights } from './weights.ts';
import type { WizardTarget } from './wizard-input.ts';

const bare: WizardTarget = {
  namespace: 'default',
  host: 'reviews',
  port: 9080,
  versions: ['v1', 'v2', 'v3'],
  virtualService: undefined,
  destinationRule: undefined,
};

const jason = {
  match: [{ headers: { 'end-user': { exact: 'jason' } } }],
  route: [{ destination: { host: 'reviews', subset: 'v3' } }],
};

const ruled: WizardTarget = {
  ...bare,
  virtualService: {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'mine', namespace: 'default', labels: { team: 'a' } },
    spec: {
      hosts: ['reviews'],
      http: [
        jason,
        {
          timeout: '3s',
          route: [
            { destination: { host: 'reviews', subset: 'v1' }, weight: 80 },
            { destination: { host: 'reviews', subset: 'v2' }, weight: 20 },
          ],
        },
      ],
    },
  },
  destinationRule: {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'mine', namespace: 'default' },
    spec: {
      host: 'reviews',
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
      subsets: [{ name: 'v1', labels: { version: 'v1' } }],
    },
  },
};

const breaker = {
  maxConnections: 10,
  maxPendingRequests: 5,
  maxRequestsPerConnection: 0,
  consecutiveErrors: 3,
  intervalMs: 10_000,
  ejectionMs: 30_000,
  maxEjectionPercent: 50,
};
const fault = { delayMs: 2500, delayPercent: 50, abortStatus: 503, abortPercent: 10 };
const patience = { timeoutMs: 10_000, attempts: 3, perTryTimeoutMs: 1500, retryOn: '5xx,reset' };
const exposure = {
  publicHost: 'shop.example.com',
  pathPrefix: '/reviews',
  credentialName: 'shop-cert',
  gatewayLabel: 'ingressgateway',
};

const made: readonly (readonly [string, (target: WizardTarget) => readonly Manifest[]])[] = [
  ['shift', (target) => shiftTraffic(target, { v1: 50, v2: 0, v3: 50 })],
  ['route', (target) => routeRequests(target, [{ on: 'uri', how: 'prefix', value: '/x' }], 'v2')],
  ['fault', (target) => injectFault(target, fault)],
  ['patience', (target) => setPatience(target, patience)],
  ['breaker', (target) => breakCircuits(target, breaker)],
  ['mtls mesh', () => setMtls({ of: 'mesh' }, 'STRICT')],
  ['mtls workload', () => setMtls({ of: 'workload', namespace: 'default', app: 'a' }, 'DISABLE')],
  ['exposure', (target) => exposeService(target, exposure)],
  ['exposure by HTTP', (target) => exposeService(target, { ...exposure, credentialName: '' })],
];

for (const [name, make] of made) {
  test(`wizard ${name}: what it makes is valid`, () => {
    for (const manifest of [...make(bare), ...make(ruled)]) {
      assert.deepEqual(validateIstioObject(manifest), [], JSON.stringify(manifest, null, 2));
    }
  });
}

const http = (manifests: readonly Manifest[]): readonly Record<string, unknown>[] =>
  (manifests.find(({ kind }) => kind === 'VirtualService')?.spec['http'] ?? []) as [];

test('shifting divides what no other rule takes, and adds subsets that are missing', () => {
  const manifests = shiftTraffic(ruled, { v1: 30, v2: 70, v3: 0 });
  const [first, second] = http(manifests);
  assert.deepEqual(first, jason);
  assert.deepEqual(second, {
    timeout: '3s',
    route: [
      { destination: { host: 'reviews', subset: 'v1' }, weight: 30 },
      { destination: { host: 'reviews', subset: 'v2' }, weight: 70 },
    ],
  });
  const rule = manifests.find(({ kind }) => kind === 'DestinationRule');
  assert.deepEqual(rule?.spec['subsets'], [
    { name: 'v1', labels: { version: 'v1' } },
    { name: 'v2', labels: { version: 'v2' } },
    { name: 'v3', labels: { version: 'v3' } },
  ]);
  assert.deepEqual(rule?.spec['trafficPolicy'], { loadBalancer: { simple: 'RANDOM' } });
});

test('all to one version needs no weight', () => {
  const [rule] = http(shiftTraffic(bare, { v1: 0, v2: 100, v3: 0 }));
  assert.deepEqual(rule, { route: [{ destination: { host: 'reviews', subset: 'v2' } }] });
});

test('routing puts its rule first and replaces one with the same conditions', () => {
  const conditions = [{ on: 'header', name: 'End-User', how: 'exact', value: 'jason' } as const];
  const rules = http(routeRequests(ruled, conditions, 'v2'));
  assert.equal(rules.length, 2);
  assert.deepEqual(rules[0], {
    match: jason.match,
    route: [{ destination: { host: 'reviews', subset: 'v2' } }],
  });
});

test('a fault of nothing takes the fault away; what else the rule says stays', () => {
  const withFault = { ...ruled, virtualService: injectFault(ruled, fault)[0] };
  const [, faulty] = http(injectFault(ruled, fault));
  assert.deepEqual(faulty?.['fault'], {
    delay: { fixedDelay: '2500ms', percentage: { value: 50 } },
    abort: { httpStatus: 503, percentage: { value: 10 } },
  });
  const [, cured] = http(injectFault(withFault, { ...fault, delayPercent: 0, abortPercent: 0 }));
  assert.equal(cured?.['fault'], undefined);
  assert.equal(cured?.['timeout'], '3s');
});

test('patience of 0 takes time-out and retries away', () => {
  const [, rule] = http(setPatience(ruled, { ...patience, timeoutMs: 0, attempts: 0 }));
  assert.equal(rule?.['timeout'], undefined);
  assert.equal(rule?.['retries'], undefined);
});

test('weights always add up to 100', () => {
  assert.deepEqual(currentWeights(ruled), { v1: 80, v2: 20, v3: 0 });
  assert.deepEqual(currentWeights(bare), { v1: 34, v2: 33, v3: 33 });
  let weights = currentWeights(bare);
  for (const [version, part] of [
    ['v1', 13],
    ['v3', 99],
    ['v2', 0],
    ['v1', 100],
    ['v2', 7],
  ] as const) {
    weights = balanceWeights(weights, version, part);
    assert.equal(
      Object.values(weights).reduce((sum, each) => sum + each, 0),
      100,
    );
    assert.equal(weights[version], part);
  }
  assert.deepEqual(balanceWeights({ v1: 100 }, 'v1', 30), { v1: 100 });
});
