import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, istioKinds, type JsonSchema } from '@lateen/api';
import fc from 'fast-check';
import { analyzeObjects } from './analyze.ts';
import { analyzers } from './registry.ts';
import { type Case, find, objectsOf } from './testing/find.ts';

fc.configureGlobal({ seed: 20_261_121 });

const shapes: readonly Case[] = [
  {
    name: 'a wrong type hides the object from the others',
    yaml: 'kind: VirtualService\nmetadata: { name: a }\nspec: { hosts: 3, gateways: [gone] }',
    found: [
      'IST0106 VirtualService/default/a spec.hosts: Schema validation error: Invalid value: "integer": spec.hosts in body must be of type array: "integer"',
    ],
  },
  {
    name: 'an unknown field',
    yaml: 'kind: Gateway\nmetadata: { name: a }\nspec: { selectr: { a: b }, servers: [{ port: { number: 80, name: x, protocol: HTTP }, hosts: ["*"] }] }',
    found: [
      'IST0106 Gateway/default/a spec.selectr: Schema validation error: unknown field "spec.selectr"',
    ],
  },
  {
    name: 'a rule of the kind',
    yaml: 'kind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [a], http: [{ directResponse: { status: 99 } }] }',
    found: [
      'IST0106 VirtualService/default/a spec.http[0].directResponse.status: Schema validation error: spec.http[0].directResponse.status: HTTP status 99 is not in the range 200..599',
    ],
  },
  {
    name: 'a warning',
    yaml: 'kind: DestinationRule\nmetadata: { name: a }\nspec: { host: a, trafficPolicy: { loadBalancer: { simple: LEAST_CONN } } }',
    found: [
      'IST0133 DestinationRule/default/a spec.trafficPolicy.loadBalancer.simple: Schema validation warning: spec.trafficPolicy.loadBalancer.simple: LEAST_CONN is deprecated: use LEAST_REQUEST',
    ],
  },
  {
    name: 'deprecated, with a message of its own',
    yaml: 'kind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [a], http: [{ fault: { delay: { percent: 5, fixedDelay: 1s } }, route: [{ destination: { host: a } }] }] }',
    found: [
      'IST0002 VirtualService/default/a spec.http[0].fault.delay.percent: Deprecated: HTTPRoute.fault.delay.percent is deprecated; use HTTPRoute.fault.delay.percentage',
    ],
  },
  {
    name: 'fields that Istio ignores',
    yaml: `
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], tcp: [{ match: [{ sourceSubnet: 10.0.0.0/8 }], route: [{ destination: { host: a } }] }], http: [{ fault: { delay: { exponentialDelay: 1s, percentage: { value: 1 } } }, route: [{ destination: { host: a } }] }] }
---
kind: Gateway
metadata: { name: g }
spec: { servers: [{ port: { number: 80, name: x, protocol: HTTP }, hosts: ["*"], defaultEndpoint: 127.0.0.1:1 }] }`,
    found: [
      'FieldNotImplemented Gateway/default/g spec.servers[0].defaultEndpoint: Server.defaultEndpoint is accepted but has no effect: Istio does not implement it; route to a service with a VirtualService.',
      'FieldNotImplemented VirtualService/default/a spec.http[0].fault.delay.exponentialDelay: HTTPRoute.fault.delay.exponentialDelay is accepted but has no effect: Istio does not implement it; use fixedDelay.',
      'FieldNotImplemented VirtualService/default/a spec.tcp[0].match[0].sourceSubnet: L4MatchAttributes.sourceSubnet is accepted but has no effect: Istio does not implement it.',
    ],
  },
  {
    name: 'TCP of a ServiceEntry without address',
    yaml: `
kind: ServiceEntry
metadata: { name: a }
spec: { hosts: [a.com], ports: [{ number: 1, name: a, protocol: tcp }, { number: 2, name: b, protocol: HTTP }], resolution: DNS }
---
kind: ServiceEntry
metadata: { name: b }
spec: { hosts: [b.com], ports: [{ number: 1, name: a }], resolution: DNS }
status: { addresses: [{ value: 240.240.0.1 }] }`,
    found: [
      'IST0134 ServiceEntry/default/a spec.ports[0].name: ServiceEntry addresses are required for this protocol.',
    ],
  },
];
for (const { name, yaml, found } of shapes)
  test(`one object: ${name}`, () => {
    const codes = ['IST0002', 'IST0106', 'IST0133', 'IST0134', 'FieldNotImplemented'];
    assert.deepEqual(find(yaml, codes), found);
  });

const wrong = (annotations = '{}'): string => `
kind: VirtualService
metadata: { name: a, annotations: ${annotations} }
spec: { hosts: [a], gateways: [gone], http: [{ route: [{ destination: { host: gone } }] }] }`;

test('worst first, then by code, and the object as it was given', () => {
  const [object] = objectsOf(wrong());
  const findings = analyzeObjects([object]);
  assert.deepEqual(
    findings.map(({ severity, code }) => `${severity} ${code}`),
    ['error IST0101', 'error IST0101', 'warning IST0132'],
  );
  assert.ok(findings.every(({ subject }) => subject === object));
});

test('an object can ask not to be told', () => {
  const codes = ['IST0101', 'IST0132'];
  const key = 'galley.istio.io/analyze-suppress';
  assert.equal(find(wrong(`{ ${key}: IST0101 }`), codes).length, 1);
  assert.equal(find(wrong(`{ ${key}: "IST0132, IST0101" }`), codes).length, 0);
  assert.equal(find(wrong(`{ ${key}: "*" }`), codes).length, 0);
});

test('of two objects of one name the later counts, whatever its version', () => {
  const yaml = `
apiVersion: networking.istio.io/v1alpha3
${wrong().trim()}
---
kind: VirtualService
metadata: { name: a, namespace: default }
spec: { hosts: [a], http: [{ directResponse: { status: 200 } }] }`;
  assert.deepEqual(find(yaml, ['IST0101', 'IST0132']), []);
});

test('analyzers have names of their own, in order', () => {
  const names = analyzers.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)].sort());
});

/** Values near what objects hold: right keys with wrong values, and right ones too. */
const keys = [
  ...['hosts', 'http', 'tcp', 'tls', 'match', 'route', 'destination', 'host', 'subset', 'port'],
  ...['number', 'gateways', 'servers', 'selector', 'labels', 'matchLabels', 'subsets', 'name'],
  ...['exportTo', 'uri', 'prefix', 'exact', 'headers', 'trafficPolicy', 'portLevelSettings'],
  ...['workloadSelector', 'egress', 'rules', 'from', 'source', 'namespaces', 'ports', 'template'],
  ...[
    'metadata',
    'spec',
    'containers',
    'endpoints',
    'mode',
    'credentialName',
    '__proto__',
    'constructor',
  ],
];

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.constantFrom<unknown>(
      '*',
      '',
      'a',
      'mesh',
      '*.com',
      'x/y',
      './*',
      null,
      0,
      80,
      true,
      -1,
      1e99,
    ),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5 }),
  ),
})).value;

const kinds = [
  ...['VirtualService', 'DestinationRule', 'Gateway', 'ServiceEntry', 'Sidecar', 'WorkloadEntry'],
].map((kind) => ['networking.istio.io/v1', kind] as const);
const others = [
  ['v1', 'Service'],
  ['v1', 'Pod'],
  ['v1', 'Namespace'],
  ['v1', 'Secret'],
  ['apps/v1', 'Deployment'],
  ['security.istio.io/v1', 'AuthorizationPolicy'],
  ['security.istio.io/v1', 'RequestAuthentication'],
] as const;

const object = fc
  .tuple(fc.constantFrom(...kinds, ...others), fc.constantFrom('a', 'b', ''), value, value)
  .map(([[apiVersion, kind], name, spec, metadata]) => ({
    apiVersion,
    kind,
    metadata: { ...(metadata as object), name },
    spec,
  }));

/** Texts that mean something in many places. */
const words = fc.constantFrom(
  '*',
  '',
  '.',
  'a',
  'a.default.svc.cluster.local',
  '*.com',
  'x/y',
  'mesh',
  '1s',
);

/** What fits a schema: few fields, at random, so that analyzers see objects with holes. */
const fitting = (schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> => {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.constantFrom(1, 80, 443, 65_535);
    case 'array':
      return fc.array(fitting(schema.items ?? {}, depth + 1), { maxLength: depth > 5 ? 1 : 3 });
    case 'object': {
      const entries = Object.entries(schema.properties ?? {});
      if (entries.length === 0) return fc.dictionary(fc.constantFrom('app', 'version'), words);
      const fields = Object.fromEntries(
        entries.map(([key, inner]) => [key, fitting(inner, depth + 1)]),
      );
      return fc.record(fields, { requiredKeys: [...(schema.required ?? [])] });
    }
    default:
      return words;
  }
};

const read = [...istioKinds, ...builtinKinds].filter(({ kind }) =>
  [...kinds, ...others].some(([, name]) => name === kind),
);

const fittingObject = fc.oneof(
  ...read.map(({ group, kind, versions }) => {
    const [version] = versions;
    const spec = version?.schema.properties?.['spec'] ?? {};
    return fc
      .tuple(fitting(spec), fc.constantFrom('a', 'b'), fc.constantFrom('default', 'x'))
      .map(([value_, name, namespace]) => ({
        apiVersion: group === '' ? 'v1' : `${group}/${version?.name}`,
        kind,
        metadata: { name, namespace, labels: { app: 'a' } },
        spec: value_,
      }));
  }),
);

test('objects that fit their schemas do not make it throw', () => {
  let admitted = 0;
  fc.assert(
    fc.property(fc.array(fittingObject, { maxLength: 8 }), (objects) => {
      const shape = analyzeObjects(objects).filter(({ message }) => message.includes(' in body '));
      admitted += shape.length === 0 ? 1 : 0;
    }),
    { numRuns: 300 },
  );
  assert.ok(admitted > 30, `only ${admitted} sets got past their schemas`);
});

test('nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(object, value), { maxLength: 6 }), (objects) => {
      for (const finding of analyzeObjects(objects)) assert.ok(finding.message !== '');
    }),
    { numRuns: 1_000 },
  );
});
