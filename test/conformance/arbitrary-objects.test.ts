/** Objects made from the schemas, whole and broken: whatever users write, nothing throws and no proxy is sent what it would refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyzeObjects } from '@lateen/analysis';
import { istioKinds, type JsonSchema, type KubeObject, validateIstioObject } from '@lateen/api';
import {
  compileCluster,
  compileEndpoints,
  compileListener,
  compileRouteConfiguration,
} from '@lateen/routing';
import { type Caller, completeCluster, findCaller, meshInputs } from '@lateen/simulation';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildPushContext,
  buildRoutes,
  type MeshInputs,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';
import { endpointNameOf, routeNamesOf } from '@lateen/xds';
import fc from 'fast-check';

/** The same objects at every run; a failure names the seed all the same. */
const seed = 20_261_121;
/** Of each property; a slow machine ends it early. */
const timeLimitMs = 120_000;

/** Kinds that steer or guard traffic. */
const kinds = istioKinds.filter(({ kind }) =>
  [
    'VirtualService',
    'DestinationRule',
    'Gateway',
    'ServiceEntry',
    'Sidecar',
    'WorkloadEntry',
    'WorkloadGroup',
    'PeerAuthentication',
    'RequestAuthentication',
    'AuthorizationPolicy',
  ].includes(kind),
);

/** Texts that mean something in many places: hosts of the mesh, durations, addresses, words. */
const texts = fc.constantFrom(
  'shop',
  'shop.default.svc.cluster.local',
  '*.example.com',
  'a.example.com',
  '*',
  'gw',
  'mesh',
  './*',
  '*/shop.default.svc.cluster.local',
  'default/gw',
  '~',
  '.',
  '',
  'v1',
  'HTTP',
  'HTTPS',
  'TLS',
  'TCP',
  '10s',
  '0s',
  '-1s',
  '192.0.2.1',
  '192.0.2.0/28',
  '::1',
  '127.0.0.1:8080',
  'unix:///a',
  '/a',
  '[a-z]+',
  '(',
  '503,reset',
  'r1/z1/*',
  'UNAVAILABLE',
);
const words = (...list: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...list);

/** What people write in fields of a name; most of it is right. */
const plausible: readonly (readonly [RegExp, fc.Arbitrary<string>])[] = [
  [
    /timeout|interval|duration|ttl|maxAge|backoff|delay|time$/i,
    words('10s', '1h', '0.5s', '100ms'),
  ],
  [
    /^(host|hosts|sniHosts)$/,
    words('shop', 'shop.default.svc.cluster.local', 'a.example.com', '*.example.com', './*'),
  ],
  [/^gateways$/, words('gw', 'mesh', 'default/edge', 'shop')],
  [/^exportTo$/, words('*', '.', 'elsewhere')],
  [/^(addresses|address|ipBlocks|.*Subnets?)$/, words('192.0.2.1', '192.0.2.0/28', '10.0.0.0/8')],
  [/^(uri|prefix|exact|prefixRewrite)$/, words('/a', '/', '/a/b', 'shop')],
  [/^(regex|match)$/, words('[a-z]+', '/a.*', '.*')],
  [/^protocol$/, words('HTTP', 'HTTPS', 'TLS', 'TCP', 'HTTP2', 'GRPC')],
  [/^(name|subset)$/, words('gw', 'shop', 'v1', 'http', 'tls')],
  [/^bind$/, words('0.0.0.0', '127.0.0.7')],
  [/^defaultEndpoint$/, words('127.0.0.1:8080', 'unix:///a', '0.0.0.0:80')],
  [/^locality$|^from$|^to$/, words('r1/z1/s1', 'r1', 'r2')],
  [/^grpcStatus$/, words('UNAVAILABLE', '14')],
  [/^retryOn$/, words('503,reset', 'connect-failure', '')],
  [/^(jwksUri|issuer)$/, words('https://a.example.com/keys')],
  [/Certificate|Key$|caCrl|credentialName/, words('/a.pem', 'pair')],
  [/^scheme$/, words('http', 'https')],
  [/^authority$|^sni$/, words('a.example.com', 'shop')],
];

const textFor = (key: string): fc.Arbitrary<string> => {
  const own = plausible.find(([pattern]) => pattern.test(key))?.[1];
  return own === undefined ? texts : fc.oneof({ arbitrary: own, weight: 20 }, texts);
};

const numbers = fc.constantFrom(0, 1, 80, 443, 8080, 9080, 15_006, 65_535, 100, 503);
const ports = fc.constantFrom(80, 443, 8080, 9080);
const statuses = fc.constantFrom(200, 301, 404, 503);
const labels = fc.constantFrom({ app: 'shop' }, { istio: 'ingressgateway' }, { app: 'gone' });

const numberFor = (key: string): fc.Arbitrary<number> => {
  if (/status|code/i.test(key)) return fc.oneof({ arbitrary: statuses, weight: 20 }, numbers);
  if (/port|number/i.test(key)) return fc.oneof({ arbitrary: ports, weight: 20 }, numbers);
  return numbers;
};

/** An object has few of its fields, or none would be admitted: rules exclude each other. */
const object = (schema: JsonSchema, key: string, depth: number): fc.Arbitrary<unknown> => {
  const { properties, additionalProperties: values, required = [] } = schema;
  if (properties === undefined)
    return typeof values === 'object' && values.type !== 'string'
      ? fc.dictionary(textFor(key), fitting(values, key, depth + 1), { maxKeys: 2 })
      : labels;
  const fields = Object.entries(properties);
  const optional = fields.map(([name]) => name).filter((name) => !required.includes(name));
  return fc
    .subarray(optional, { maxLength: Math.min(optional.length, depth === 0 ? 5 : 3) })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(
          fields
            .filter(([name]) => required.includes(name) || chosen.includes(name))
            .map(([name, inner]) => [name, fitting(inner, name, depth + 1)]),
        ),
      ),
    );
};

/** What fits a schema, with holes. */
const fitting = (schema: JsonSchema, key = '', depth = 0): fc.Arbitrary<unknown> => {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return numberFor(key);
    case 'array':
      return fc.array(fitting(schema.items ?? {}, key, depth + 1), {
        minLength: Math.max(schema.minItems ?? 0, 1),
        maxLength: depth > 4 ? 1 : 2,
      });
    case 'object':
      return object(schema, key, depth);
    default:
      return textFor(key);
  }
};

const names = fc.constantFrom('gw', 'shop', 'other');

const istioObject: fc.Arbitrary<KubeObject> = fc.oneof(
  ...kinds.map(({ group, kind, versions }) => {
    const spec = fitting(versions[0]?.schema.properties?.['spec'] ?? {});
    const namespaces = fc.constantFrom('default', 'istio-system', 'elsewhere');
    return fc.tuple(spec, names, namespaces).map(
      ([value, name, namespace]): KubeObject =>
        ({
          apiVersion: `${group}/${versions[0]?.name ?? 'v1'}`,
          kind,
          metadata: { name, namespace },
          spec: value,
        }) as KubeObject,
    );
  }),
);

/** Some field, at any depth, holds what nobody expects there. */
const broken = (whole: KubeObject, path: readonly number[], value: unknown): unknown => {
  const change = (at: unknown, [step, ...rest]: readonly number[]): unknown => {
    if (typeof at !== 'object' || at === null || step === undefined) return value;
    const keys = Object.keys(at);
    const key = keys[step % Math.max(keys.length, 1)];
    if (key === undefined) return value;
    const child = change(Reflect.get(at, key), rest);
    return Array.isArray(at)
      ? at.map((entry, index) => (String(index) === key ? child : entry))
      : { ...at, [key]: child };
  };
  return { ...whole, spec: change(Reflect.get(whole, 'spec'), path) };
};

/** What JSON and YAML can say. */
const strange = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
  fc.constantFrom<unknown>(
    null,
    [],
    {},
    '',
    -1,
    1.5,
    1e99,
    Number.NaN,
    [null],
    { a: null },
    '\u0000',
  ),
);

const brokenObject = fc
  .tuple(istioObject, fc.array(fc.nat(7), { maxLength: 9 }), strange)
  .map(([whole, path, value]) => broken(whole, path, value) as KubeObject);

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop' },
  spec: {
    selector: { app: 'shop' },
    ports: [
      { name: 'http', port: 80 },
      { name: 'tcp', port: 9080 },
    ],
  },
} as KubeObject;
const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop' },
  spec: { template: { metadata: { labels: { app: 'shop' } } } },
} as KubeObject;
const gateway: KubeObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge', namespace: 'default' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  },
} as KubeObject;
const surroundings: readonly KubeObject[] = [service, deployment, gateway];

const callers: readonly Caller[] = [
  { kind: 'outbound', workload: 'shop' },
  { kind: 'gateway', gateway: 'default/edge' },
];

interface Mesh {
  readonly inputs: MeshInputs;
  readonly push: PushContext;
}

/** What a proxy would be sent, and would refuse. */
const refusals = (push: PushContext, proxy: ProxyDescriptor): readonly string[] => {
  const clusters = buildClusters(push, proxy);
  const listeners = buildListeners(push, proxy);
  const routeNames = [...new Set(listeners.flatMap(({ message }) => [...routeNamesOf(message)]))];
  const endpointNames = clusters.flatMap(({ message }) => endpointNameOf(message) ?? []);
  const checks = [
    ...clusters.map(({ name, message }) => [name, compileCluster(message)] as const),
    ...listeners.map(({ name, message }) => [name, compileListener(message)] as const),
    ...buildRoutes(push, proxy, routeNames).map(
      ({ name, message }) => [name, compileRouteConfiguration(message)] as const,
    ),
    ...buildEndpoints(push, proxy, endpointNames).map(
      ({ name, message }) => [name, compileEndpoints(message)] as const,
    ),
  ];
  return checks.flatMap(([name, { diagnostics }]) =>
    diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ path, message }) => `${name}: ${path}: ${message}`),
  );
};

const meshOf = (objects: readonly KubeObject[]): Mesh => {
  const inputs = meshInputs(completeCluster([...surroundings, ...objects]));
  return { inputs, push: buildPushContext(inputs) };
};

const refused = ({ inputs, push }: Mesh): readonly string[] =>
  (['REDIRECT', 'NONE'] as const).flatMap((interceptionMode) =>
    callers.flatMap((caller) => {
      const options = { push, inputs, interceptionMode, live: false, certificates: true };
      const proxy = findCaller(caller, options).value?.proxy;
      return proxy === undefined ? [] : refusals(push, proxy);
    }),
  );

const isAdmitted = (object: KubeObject): boolean =>
  validateIstioObject(object).every(({ severity }) => severity !== 'error');

const limits = { seed, interruptAfterTimeLimit: timeLimitMs, markInterruptAsFailure: false };

test('objects that fit their schemas: nothing throws', () => {
  let admitted = 0;
  let runs = 0;
  fc.assert(
    fc.property(fc.array(istioObject, { minLength: 1, maxLength: 5 }), (objects) => {
      runs += 1;
      admitted += objects.filter(isAdmitted).length;
      analyzeObjects([...surroundings, ...objects]);
      refused(meshOf(objects));
    }),
    { ...limits, numRuns: 200 },
  );
  assert.ok(admitted > runs / 2, `only ${admitted} objects of ${runs} runs would be admitted`);
});

test('objects with a field of a wrong shape: nothing throws', () => {
  fc.assert(
    fc.property(fc.array(brokenObject, { minLength: 1, maxLength: 4 }), (objects) => {
      for (const one of objects) validateIstioObject(one);
      analyzeObjects([...surroundings, ...objects]);
      refused(meshOf(objects));
    }),
    { ...limits, numRuns: 200 },
  );
});

test('objects that admission takes make no configuration that a proxy refuses', () => {
  fc.assert(
    fc.property(fc.array(istioObject, { minLength: 1, maxLength: 6 }), (objects) => {
      assert.deepEqual(refused(meshOf(objects.filter(isAdmitted))), []);
    }),
    { ...limits, numRuns: 200 },
  );
});
