import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import fc from 'fast-check';
import type { Caller } from './caller.ts';
import type { SimulatedClient } from './client.ts';
import { askedMesh } from './cluster-objects.ts';
import { meshInputs } from './mesh-objects.ts';
import { completeCluster } from './offline-cluster.ts';
import { parseRequest } from './request.ts';
import { simulate } from './simulate.ts';

fc.configureGlobal({ seed: 20_261_121 });

const metadata = (name: string) => ({ name, namespace: 'default' });
const labels = { app: 'shop', istio: 'ingressgateway' };

const sound: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('shop'),
    spec: { selector: { app: 'shop' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('shop'),
    spec: {
      replicas: 2,
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', ports: [{ name: 'web', containerPort: 8080 }] }] },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata('alone'), labels },
    spec: { containers: [{ name: 'istio-proxy', env: [{ name: 'A', value: 'b' }] }] },
    status: { podIP: '10.9.9.9' },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: metadata('gw'),
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: metadata('shop'),
    spec: {
      hosts: ['shop'],
      gateways: ['mesh', 'gw'],
      http: [
        {
          match: [{ uri: { prefix: '/a' }, headers: { b: { exact: 'c' } } }],
          rewrite: { uri: '/d' },
          route: [{ destination: { host: 'shop', subset: 'v1' }, weight: 1 }],
        },
        { redirect: { uri: '/e' } },
      ],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: metadata('out'),
    spec: {
      hosts: ['out.example.com'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: '192.0.2.1' }],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: metadata('peer'),
    spec: {
      selector: { matchLabels: { app: 'shop' } },
      mtls: { mode: 'PERMISSIVE' },
      portLevelMtls: { 8080: { mode: 'STRICT' } },
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: metadata('tokens'),
    spec: {
      jwtRules: [
        {
          issuer: 'a.example',
          audiences: ['b'],
          jwks: '{"keys":[]}',
          fromHeaders: [{ name: 'x', prefix: 'y ' }],
          fromCookies: ['c'],
          outputClaimToHeaders: [{ header: 'h', claim: 'sub' }],
        },
      ],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: metadata('policy'),
    spec: {
      action: 'DENY',
      rules: [
        {
          from: [{ source: { principals: ['*'], ipBlocks: ['10.0.0.0/8'], namespaces: ['a*'] } }],
          to: [{ operation: { paths: ['/a/{*}', '/b*'], ports: ['80'], hosts: ['*.c'] } }],
          when: [{ key: 'request.auth.claims[a][b]', values: ['c', '*d'] }],
        },
      ],
    },
  },
];

/** Replaces the value at a path, whose steps are taken modulo the number of fields. */
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

const changes = fc.array(
  fc.record({
    object: fc.nat(sound.length - 1),
    path: fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
    value: fc.oneof(fc.anything(), fc.constantFrom('*', '', '~', -1, 1e99, '10s', null, [], {})),
  }),
  { maxLength: 4 },
);

const callers: readonly Caller[] = [
  { kind: 'outbound', workload: 'shop' },
  { kind: 'inbound', workload: 'alone' },
  { kind: 'gateway', gateway: 'gw' },
];

const clients: readonly SimulatedClient[] = [
  {},
  { principal: 'spiffe://cluster.local/ns/a/sa/b', address: 'x', claims: { a: { b: 'c' } } },
];

const urls = ['http://shop/a', 'https://shop/', 'tcp://shop:80', 'http://out.example.com/x?y=%'];

const questions = fc.tuple(
  fc.constantFrom(...callers),
  fc.constantFrom(...urls),
  fc.constantFrom(...clients),
);

type Changes = typeof changes extends fc.Arbitrary<infer T> ? T : never;

const changed = (objects: readonly KubeObject[], list: Changes): readonly KubeObject[] => {
  const all = [...objects];
  for (const { object, path, value } of list) {
    const found = objects[object] as KubeObject;
    const { kind, metadata: own } = found;
    const one = mutate(all[object], path, value) as KubeObject;
    // Readers of files let nothing through without kind and name.
    all[object] = { ...one, kind, metadata: { ...one.metadata, name: own.name } };
  }
  return all;
};

/** A Gateway whose first field, its version, cannot be made a text. */
const noText = {
  object: sound.findIndex(({ kind }) => kind === 'Gateway'),
  path: [0],
  value: { toString: {} },
};

test('whatever manifests hold, a simulation is a value', () => {
  fc.assert(
    fc.property(changes, questions, (list, [caller, url, client]) => {
      const objects = changed(sound, list);
      const request = parseRequest({ method: 'GET', url, headers: [] }).value;
      if (request === undefined) return;
      const inputs = meshInputs(completeCluster(objects));
      for (const live of [false, true]) simulate({ inputs, caller, request, live, client });
    }),
    { numRuns: 250, examples: [[[noText], [callers[0] as Caller, 'http://shop/a', {}]]] },
  );
});

/** What leads from one cluster to another. */
const entrance = (network: string): readonly KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'istio-system', labels: { 'topology.istio.io/network': network } },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'entrance', namespace: 'istio-system' },
    spec: {
      selector: { istio: 'eastwest' },
      servers: [
        {
          port: { number: 15_443, name: 'tls', protocol: 'TLS' },
          tls: { mode: 'AUTO_PASSTHROUGH' },
          hosts: ['*.local'],
        },
      ],
    },
  } as KubeObject,
];

test('whatever two clusters hold, a simulation is a value', () => {
  fc.assert(
    fc.property(changes, changes, questions, (near, far, [caller, url, client]) => {
      const request = parseRequest({ method: 'GET', url, headers: [] }).value;
      const mesh = askedMesh(
        [near, far].map((list, index) => ({
          clusterId: `c${index}`,
          objects: completeCluster(changed([...entrance(`n${index}`), ...sound], list), index),
          reads: ['c0', 'c1'],
        })),
      ).value;
      if (request === undefined || mesh === undefined) return;
      simulate({ ...mesh, caller, request, client });
    }),
    { numRuns: 120 },
  );
});

test('whatever a request holds, it is read or refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.array(fc.string()), (method, url, headers) => {
      parseRequest({ method, url, headers });
    }),
  );
});
