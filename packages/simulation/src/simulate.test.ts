import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshInputs } from './mesh-objects.ts';
import { completeCluster } from './offline-cluster.ts';
import { parseRequest } from './request.ts';
import { simulate } from './simulate.ts';
import type { SimulationInput } from './simulation-input.ts';
import { objectsOf } from './testing/objects-of.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80, targetPort: web }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop-v1 }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: shop, version: v1 } }
    spec: { containers: [{ name: web, ports: [{ name: web, containerPort: 8080 }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop-v2 }
spec: { template: { metadata: { labels: { app: shop, version: v2 } } } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: [shop]
  http:
  - match: [{ uri: { prefix: /a } }, { method: { exact: POST } }]
    route: [{ destination: { host: shop } }]
  - match: [{ gateways: [nothing] }]
    redirect: { uri: / }
  - route: [{ destination: { host: shop } }]
  - directResponse: { status: 418 }
---
`;

const ask = (url: string, more: Partial<SimulationInput> & { readonly yaml?: string } = {}) => {
  const request = parseRequest({ method: 'GET', url, headers: [] }).value;
  assert.ok(request);
  const { yaml = mesh, ...rest } = more;
  return simulate({
    inputs: meshInputs(completeCluster(objectsOf(yaml))),
    caller: { kind: 'outbound', workload: 'shop-v1' },
    request,
    ...rest,
  });
};

test('says what was passed over, and which rules are no routes at all', () => {
  const { value } = ask('http://shop/b', {
    locate: (object, path) => ({ file: `${object.kind}.yaml`, line: path.length, column: 1 }),
  });
  assert.deepEqual(
    value?.tried.map(({ origin, condition, actual }) => [origin?.path, condition, actual]),
    [
      ['spec.http[0].match[0]', 'path prefix /a', '/b'],
      ['spec.http[0].match[1]', 'header :method exact POST', 'GET'],
    ],
  );
  assert.equal(value?.origin?.path, 'spec.http[2]');
  assert.deepEqual(value?.origin?.position, { file: 'VirtualService.yaml', line: 12, column: 1 });
  assert.deepEqual(
    value?.unused.map(({ origin, reason }) => [origin.rule, reason]),
    [
      [1, 'not-for-this-proxy'],
      [3, 'unreachable'],
    ],
  );
  assert.equal(
    value?.clientSees,
    'the answer of one of default/shop-v1-0, default/shop-v1-1, default/shop-v2-0',
  );
});

test('a cluster is made of manifests: replicas, named ports, addresses', () => {
  const { value } = ask('http://shop/');
  assert.deepEqual(
    value?.destinations[0]?.endpoints.map(({ address }) => address),
    ['10.1.0.1:8080', '10.1.0.2:8080', '10.1.0.3:8080'],
  );
});

const errors: readonly (readonly [string, Partial<SimulationInput>, RegExp])[] = [
  ['http://nowhere/', {}, /there is no service "nowhere" for a caller in default/],
  [
    'http://shop/',
    { caller: { kind: 'outbound', workload: 'x' } },
    /there is no workload "x": known are shop-v1, shop-v2/,
  ],
  [
    'http://shop/',
    { caller: { kind: 'gateway', gateway: 'gw' } },
    /there is no Gateway "gw": there are none/,
  ],
];
for (const [url, more, message] of errors) {
  test(`what cannot be answered says why: ${message.source}`, () => {
    const { value, diagnostics } = ask(url, more);
    assert.equal(value, undefined);
    assert.match(diagnostics[0]?.message ?? '', message);
  });
}

test('a name that means several workloads is answered for one, and says so', () => {
  const { value } = ask('http://shop/', { caller: { kind: 'outbound', workload: 'shop' } });
  assert.equal(value?.workload, 'shop-v1');
  assert.match(value?.diagnostics[0]?.message ?? '', /"shop" means shop-v1, shop-v2/);
});

test('a pod says itself how its proxy gets traffic', () => {
  const container = `{ name: istio-proxy, env: [{ name: ISTIO_META_INTERCEPTION_MODE, value: NONE }] }`;
  const yaml = mesh.replace('[{ name: web, ports', `[${container}, { name: web, ports`);
  const { value } = ask('http://shop/', { yaml, live: true });
  assert.equal(value?.listener, '10.1.0.1_15002');
  assert.equal(value?.routeConfiguration, 'http_proxy');
});

test('objects that are refused are told, and the rest answers', () => {
  const wrong = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: wrong }
spec: { hosts: [shop], http: [{ timeout: soon }] }
`;
  const { value } = ask('http://shop/', { yaml: mesh + wrong });
  assert.ok(value?.diagnostics.some(({ object }) => object === 'VirtualService/default/wrong'));
  assert.equal(value?.status, null);
});

test('a VirtualService that another takes the host from is told', () => {
  const named = (name: string, host: string, more = ''): string => `
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name} }
spec: { hosts: ['${host}'], ${more} http: [{ directResponse: { status: 418 } }] }
`;
  const yaml =
    mesh +
    named('younger', 'shop') +
    named('wide', '*.cluster.local') +
    named('elsewhere', 'other') +
    named('hidden', 'shop', 'exportTo: [far],');
  const { value } = ask('http://shop/', { yaml });
  assert.equal(value?.origin?.name, 'shop');
  assert.deepEqual(
    value?.overruled.map(({ name }) => name),
    ['younger', 'wide'],
  );
});
