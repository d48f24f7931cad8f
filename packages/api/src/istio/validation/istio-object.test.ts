import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasErrors } from '@lateen/base';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { JsonSchema } from '../../resource-kind.ts';
import { validateSchema } from '../../schema/validation.ts';
import { istioKinds } from '../istio-kinds.ts';
import { validateIstioObject } from './istio-object.ts';

fc.configureGlobal({ seed: 20_261_121 });

interface Row {
  readonly name: string;
  readonly kind: string;
  /** YAML of the spec. */
  readonly spec: string;
  /** `path: message` of each finding, warnings marked. */
  readonly finds: readonly string[];
}

const apiVersionOf = (kind: string): string => {
  const found = istioKinds.find((one) => one.kind === kind);
  assert.ok(found, kind);
  return `${found.group}/${found.versions[0]?.name}`;
};

const findingsOf = ({ kind, spec }: Pick<Row, 'kind' | 'spec'>): readonly string[] =>
  validateIstioObject({
    apiVersion: apiVersionOf(kind),
    kind,
    metadata: { name: 'x', namespace: 'default' },
    spec: parse(spec),
  } as never).map(
    ({ severity, path, message }) =>
      `${severity === 'warning' ? 'warning ' : ''}${path}: ${message}`,
  );

const virtualServices: readonly Omit<Row, 'kind'>[] = [
  {
    name: 'a weight of the wrong type',
    spec: '{hosts: [a], http: [{route: [{destination: {host: a}, weight: half}]}]}',
    finds: [
      'spec.http[0].route[0].weight: Invalid value: "string": spec.http[0].route[0].weight in body must be of type integer: "string"',
    ],
  },
  {
    name: 'a weight below zero',
    spec: '{hosts: [a], http: [{route: [{destination: {host: a}, weight: -1}]}]}',
    finds: ['spec.http[0].route[0].weight: weight -1 must not be negative: use 0 to send nothing'],
  },
  {
    name: 'weights that sum to nothing',
    spec: '{hosts: [a], http: [{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}}]}]}',
    finds: [
      'spec.http[0].route: total destination weight is 0: give at least one destination a weight',
    ],
  },
  {
    name: 'no hosts, bound to a gateway',
    spec: '{gateways: [gw], http: [{route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.hosts: virtual service must have at least one host: name the service or domain its routes are for',
    ],
  },
  {
    name: 'an empty list of hosts',
    spec: '{hosts: [], http: [{route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.hosts: virtual service must have at least one host: name the service or domain its routes are for',
    ],
  },
  {
    name: 'no hosts and HTTP rules alone: a delegate',
    spec: '{http: [{route: [{destination: {host: a}}]}]}',
    finds: [
      'warning spec.hosts: virtual service has no hosts: its routes take effect only where another VirtualService delegates to it; if that is not meant, list hosts',
    ],
  },
  {
    name: 'no rules',
    spec: '{hosts: [a]}',
    finds: ['spec: http, tcp or tls must be provided in a virtual service'],
  },
  {
    name: 'a rule without action',
    spec: '{hosts: [a], http: [{match: [{uri: {prefix: /}}]}]}',
    finds: ['spec.http[0].route: a rule must have route, redirect, directResponse or delegate'],
  },
  {
    name: 'redirect beside route',
    spec: '{hosts: [a], http: [{redirect: {uri: /b}, route: [{destination: {host: a}}]}]}',
    finds: ['spec.http[0].route: cannot be combined with redirect: keep one'],
  },
  {
    name: 'two kinds of string match at once',
    spec: '{hosts: [a], http: [{match: [{uri: {prefix: /a, exact: /b}}], route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.http[0].match[0].uri: Invalid value: "": "spec.http[0].match[0].uri" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  },
  {
    name: 'a regular expression that does not close',
    spec: '{hosts: [a], http: [{match: [{headers: {x-a: {regex: "(a"}}}], route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.http[0].match[0].headers.x-a.regex: "(a" is not a valid RE2 regular expression: unbalanced parentheses',
    ],
  },
  {
    name: 'a percentage out of range, a duration without unit, a port out of range',
    spec: '{hosts: [a], http: [{timeout: "5", fault: {delay: {percentage: {value: 101}, fixedDelay: 7s}}, route: [{destination: {host: a, port: {number: 70000}}}]}]}',
    finds: [
      'spec.http[0].route[0].destination.port.number: port number 70000 must be in the range 1..65535',
      'spec.http[0].timeout: "5" is not a duration: write a number with a unit, like 1.5s',
      'spec.http[0].fault.delay.percentage.value: percentage 101 is not in the range 0..100',
    ],
  },
  {
    name: 'a wildcard in the middle of a host, and the full wildcard in the mesh',
    spec: '{hosts: ["a.*.com", "*"], http: [{route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.hosts[0]: "a.*.com" is not a valid host: the wildcard * is allowed only as the first label, as in *.example.com',
      'spec.hosts[1]: the host * is not allowed for routes of the mesh: name hosts, or bind to gateways only',
    ],
  },
  {
    name: 'SNI outside of the hosts',
    spec: '{hosts: ["*.a.com"], gateways: [g], tls: [{match: [{sniHosts: [x.b.com]}], route: [{destination: {host: a}}]}]}',
    finds: [
      'spec.tls[0].match[0].sniHosts[0]: SNI host "x.b.com" is not covered by the hosts [*.a.com]',
    ],
  },
  {
    name: 'retries off, and a condition Envoy does not know',
    spec: '{hosts: [a], http: [{retries: {attempts: 0, retryOn: "5xx,503,often"}, route: [{destination: {host: a}}]}]}',
    finds: [
      'warning spec.http[0].retries: attempts is 0, so retries are off and the other settings have no effect',
      'spec.http[0].retries.retryOn: "often" is neither a retry condition of Envoy nor an HTTP status code',
    ],
  },
  {
    name: 'valid: delegation, mirrors, CORS, header operations, claims, regex presence',
    spec: `
hosts: [a.example.com]
gateways: [istio-system/gw, mesh]
exportTo: ['.', other]
http:
- name: one
  match:
  - headers: {'@request.auth.claims.groups': {exact: dev}, cookie: {regex: '^(.*?;)?(user=jason)(;.*)?$'}}
    queryParams: {q: {regex: '*'}}
    withoutHeaders: {x-old: {}}
  delegate: {name: more, namespace: other}
- match: [{uri: {regex: '/v\\d+/[^/]+'}, ignoreUriCase: true}]
  rewrite: {uriRegexRewrite: {match: ^/v1(.*), rewrite: /v2\\1}}
  timeout: 0s
  retries: {attempts: 3, perTryTimeout: 2s, retryOn: 'gateway-error,connect-failure,503'}
  mirrors: [{destination: {host: b}, percentage: {value: 0.5}}]
  corsPolicy: {allowOrigins: [{exact: 'https://x.io'}], allowMethods: [GET], maxAge: 24h}
  headers: {request: {set: {':authority': b}, remove: [x-a]}}
  route: [{destination: {host: b, subset: v1}, weight: 1}, {destination: {host: b, subset: v2}}]
- redirect: {scheme: https, redirectCode: 308}
- directResponse: {status: 503, body: {string: closed}}
`,
    finds: [],
  },
];

const others: readonly Row[] = [
  {
    name: 'deprecated spellings are warned of, not refused',
    kind: 'DestinationRule',
    spec: '{host: a, trafficPolicy: {loadBalancer: {simple: LEAST_CONN}, outlierDetection: {consecutiveErrors: 10}}}',
    finds: [
      'warning spec.trafficPolicy.loadBalancer.simple: LEAST_CONN is deprecated: use LEAST_REQUEST',
      'warning spec.trafficPolicy.outlierDetection.consecutiveErrors: consecutiveErrors is deprecated: use consecutive5xxErrors or consecutiveGatewayErrors',
    ],
  },
  {
    name: 'subsets of the same name',
    kind: 'DestinationRule',
    spec: '{host: a, subsets: [{name: v1}, {name: v1}]}',
    finds: ['spec.subsets[1].name: duplicate subset name "v1"'],
  },
  {
    name: 'no such balancer',
    kind: 'DestinationRule',
    spec: '{host: a, trafficPolicy: {loadBalancer: {simple: FASTEST}}}',
    finds: [
      'spec.trafficPolicy.loadBalancer.simple: Unsupported value: "FASTEST": supported values: "UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"',
    ],
  },
  {
    name: 'mutual TLS without key, locality weights that do not add up',
    kind: 'DestinationRule',
    spec: '{host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /c}, loadBalancer: {localityLbSetting: {distribute: [{from: "r/*", to: {"r/a": 50}}]}}}}',
    finds: [
      'spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to: total locality weight 50 must be 100',
      'spec.trafficPolicy.tls.privateKey: required for mutual TLS, or set credentialName',
    ],
  },
  {
    name: 'HTTPS without tls, repeated port name, no host',
    kind: 'Gateway',
    spec: '{servers: [{port: {number: 443, name: a, protocol: HTTPS}, hosts: ["*"]}, {port: {number: 0, name: a, protocol: HTTP}, hosts: []}]}',
    finds: [
      'spec.servers[0].tls: server must have TLS settings for HTTPS/TLS protocols',
      'spec.servers[1].port.name: port names in servers must be unique: duplicate name "a"',
      'spec.servers[1].port.number: port number 0 must be in the range 1..65535',
      'spec.servers[1].hosts: server must contain at least one host; * stands for any',
    ],
  },
  {
    name: 'tls on a plain port, an unknown protocol',
    kind: 'Gateway',
    spec: '{servers: [{port: {number: 80, name: a, protocol: HTTP}, tls: {mode: SIMPLE}, hosts: [ns/a.com]}, {port: {number: 81, name: b, protocol: SMTP}, hosts: [a.com]}]}',
    finds: [
      'spec.servers[0].tls.mode: server cannot have TLS settings for HTTP ports: use protocol HTTPS or TLS',
      'spec.servers[1].port.protocol: unsupported protocol "SMTP": use HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, MONGO, TCP or TLS',
    ],
  },
  {
    name: 'valid: redirect server and terminating server',
    kind: 'Gateway',
    spec: '{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: a, protocol: HTTP}, tls: {httpsRedirect: true}, hosts: ["./*.a.com"]}, {port: {number: 443, name: b, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: c}, hosts: ["*"]}]}',
    finds: [],
  },
  {
    name: 'a name as static endpoint, an endpoint port no port declares',
    kind: 'ServiceEntry',
    spec: '{hosts: [a.b], ports: [{number: 80, name: http, protocol: http}], resolution: STATIC, endpoints: [{address: x.y, ports: {web: 8080}}]}',
    finds: [
      'spec.endpoints[0].ports.web: endpoint port "web" is not defined by the service entry',
      'spec.endpoints[0].address: "x.y" must be an IP address with resolution STATIC; names need DNS',
    ],
  },
  {
    name: 'a wildcard that DNS would have to look up',
    kind: 'ServiceEntry',
    spec: '{hosts: ["*.a.com"], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}',
    finds: [
      'spec.hosts[0]: hosts must be DNS names without wildcard when resolution is DNS and no endpoints are given',
    ],
  },
  {
    name: 'egress hosts without namespace, the catch-all not last',
    kind: 'Sidecar',
    spec: '{egress: [{hosts: [a.com]}, {port: {number: 80, protocol: HTTP, name: x}, hosts: ["./*"]}]}',
    finds: [
      'spec.egress[0].hosts[0]: "a.com" must have the form namespace/dnsName',
      'spec.egress[0]: the egress listener without a port must be the last of the list',
    ],
  },
  {
    name: 'TLS of a sidecar with what only gateways have',
    kind: 'Sidecar',
    spec: '{ingress: [{port: {number: 80, protocol: HTTP, name: x}, tls: {mode: ISTIO_MUTUAL, subjectAltNames: [a.com], httpsRedirect: true}}]}',
    finds: [
      'spec.ingress[0].tls.subjectAltNames: sidecar: not supported in ingress tls',
      'spec.ingress[0].tls.httpsRedirect: sidecar: not supported in ingress tls',
      'spec.ingress[0].tls.mode: cannot set mode to ISTIO_MUTUAL in sidecar ingress tls',
      'spec.ingress[0].tls: server cannot have TLS settings for non HTTPS/TLS ports',
    ],
  },
  {
    name: 'no address',
    kind: 'WorkloadEntry',
    spec: '{labels: {app: a}}',
    finds: ['spec.address: address must be set, unless network says where to reach it'],
  },
  {
    name: 'a probe without action',
    kind: 'WorkloadGroup',
    spec: '{template: {serviceAccount: a}, probe: {periodSeconds: 5}}',
    finds: ['spec.probe: probe must have one of httpGet, tcpSocket, exec or grpc'],
  },
  {
    name: 'port level mTLS without selector',
    kind: 'PeerAuthentication',
    spec: '{mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: DISABLE}}}',
    finds: ['spec.selector: port level mTLS requires a selector with labels'],
  },
  {
    name: 'a key set that is no URL',
    kind: 'RequestAuthentication',
    spec: '{jwtRules: [{issuer: me, jwksUri: keys}]}',
    finds: ['spec.jwtRules[0].jwksUri: "keys" must be an http:// or https:// URL'],
  },
  {
    name: 'an unknown attribute, a bad port, CUSTOM without provider',
    kind: 'AuthorizationPolicy',
    spec: '{action: CUSTOM, rules: [{to: [{operation: {ports: [http]}}], when: [{key: request.size, values: ["1"]}]}]}',
    finds: [
      'spec.provider.name: CUSTOM needs a provider',
      'spec.rules[0].to[0].operation.ports[0]: "http" is not a port number',
      'spec.rules[0].when[0].key: unknown attribute "request.size"',
    ],
  },
];

describe('VirtualService', () => {
  for (const row of virtualServices)
    test(row.name, () => {
      assert.deepEqual(findingsOf({ kind: 'VirtualService', spec: row.spec }), row.finds);
    });
});

describe('other kinds', () => {
  for (const row of others)
    test(`${row.kind}: ${row.name}`, () => {
      assert.deepEqual(findingsOf(row), row.finds);
    });
});

test('every kind of Istio has its check, and an empty spec never passes unnoticed for the wrong reason', () => {
  for (const { kind } of istioKinds) assert.ok(Array.isArray(findingsOf({ kind, spec: '{}' })));
});

test('the caller may bring an RE2 engine', () => {
  const findings = validateIstioObject(
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'x' },
      spec: {
        hosts: ['a'],
        http: [{ match: [{ uri: { regex: 'abc' } }], route: [{ destination: { host: 'a' } }] }],
      },
    } as never,
    { regexProblem: (pattern) => (pattern === 'abc' ? 'not today' : undefined) },
  );
  assert.equal(findings[0]?.path, 'spec.http[0].match[0].uri.regex');
  assert.ok(hasErrors(findings));
});

/** Texts that validators take apart, well-formed or not. */
const texts = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '*',
    '*.a.com',
    'a',
    'a.b',
    '~/*',
    './*',
    'ns/a.com',
    '::1',
    '1.2.3.4/8',
    'unix://',
  ),
  fc.constantFrom('1s', '-1h', '0', '1.5.2s', '(', '[[:alpha:]]+', 'HTTP', 'tls', '127.0.0.1:80'),
);

/** Values that mostly fit a schema, so that the checks behind it are reached. */
const fitting = (schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> => {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema['x-kubernetes-int-or-string']) return fc.oneof(fc.integer(), texts);
  switch (schema.type) {
    case 'string':
      return texts;
    case 'integer':
      return fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer());
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(fitting(schema.items ?? {}, depth + 1), { maxLength: depth > 5 ? 1 : 3 });
    case 'object':
      return fittingObject(schema, depth);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
};

const fittingObject = (schema: JsonSchema, depth: number): fc.Arbitrary<unknown> => {
  const { properties = {}, additionalProperties, required = [] } = schema;
  if (typeof additionalProperties === 'object')
    return fc.dictionary(texts, fitting(additionalProperties, depth + 1), { maxKeys: 2 });
  const optional = Object.entries(properties).filter(([key]) => !required.includes(key));
  const fixed = fc.record(
    Object.fromEntries(required.map((key) => [key, fitting(properties[key] ?? {}, depth + 1)])),
  );
  if (optional.length === 0) return fixed;
  // Few fields at a time: most fields exclude some other.
  return fc
    .subarray(optional, { maxLength: Math.min(optional.length, depth < 1 ? 4 : 3) })
    .chain((some) =>
      fc
        .record(Object.fromEntries(some.map(([key, inner]) => [key, fitting(inner, depth + 1)])))
        .chain((chosen) => fixed.map((always) => ({ ...always, ...chosen }))),
    );
};

test('no value that fits a schema makes a validator throw', () => {
  let reached = 0;
  let runs = 0;
  for (const { group, kind, versions } of istioKinds) {
    const [version] = versions;
    const spec = version?.schema.properties?.['spec'];
    assert.ok(version !== undefined && spec !== undefined);
    fc.assert(
      fc.property(fitting(spec), (value) => {
        const object = { apiVersion: `${group}/${version.name}`, kind, spec: value };
        runs++;
        if (validateSchema(version.schema, object).length === 0) reached++;
        for (const { path, message } of validateIstioObject(object)) {
          assert.ok(path === 'spec' || path?.startsWith('spec.'), `${path}: ${message}`);
        }
      }),
      { numRuns: 60 },
    );
  }
  assert.ok(reached > runs / 4, `only ${reached} of ${runs} values reached the checks`);
});

test('nothing at all makes a validator throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...istioKinds), (anything, { group, kind }) => {
      validateIstioObject(anything as never);
      validateIstioObject({ apiVersion: `${group}/v1`, kind, spec: anything } as never);
    }),
    { numRuns: 500 },
  );
});
