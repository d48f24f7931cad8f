import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, find } from '../testing/find.ts';

const reviews = `
kind: Service
metadata: { name: reviews }
spec: { ports: [{ name: http, port: 9080 }] }
---
kind: Service
metadata: { name: two, namespace: prod }
spec: { ports: [{ name: http, port: 80 }, { name: grpc, port: 90 }] }
---`;

const route = (destination: string, rest = ''): string => `
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], http: [{ route: [{ destination: ${destination} }] ${rest} }] }
---`;

const destinations: readonly Case[] = [
  {
    name: 'short name of the own namespace',
    yaml: reviews + route('{ host: reviews }'),
    found: [],
  },
  {
    name: 'unknown host',
    yaml: reviews + route('{ host: review }'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].route[0].destination.host: Referenced host not found: "review"',
    ],
  },
  {
    name: 'a name with a dot is not completed',
    yaml: reviews + route('{ host: two.prod, port: { number: 80 } }'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].route[0].destination.host: Referenced host not found: "two.prod"',
    ],
  },
  {
    name: 'full name with port',
    yaml: reviews + route('{ host: two.prod.svc.cluster.local, port: { number: 90 } }'),
    found: [],
  },
  {
    name: 'several ports and none named',
    yaml: reviews + route('{ host: two.prod.svc.cluster.local }'),
    found: [
      'IST0112 VirtualService/default/a spec.http[0].route[0].destination.host: This VirtualService routes to a service "two.prod.svc.cluster.local" that exposes multiple ports [80 90]. Specifying a port in the destination is required to disambiguate.',
    ],
  },
  {
    name: 'a port the service has not',
    yaml: reviews + route('{ host: reviews, port: { number: 1 } }'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].route[0].destination.port.number: Referenced host:port not found: "reviews:1"',
    ],
  },
  {
    name: 'mirror',
    yaml: reviews + route('{ host: reviews }', ', mirror: { host: gone }'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].mirror.host: Referenced mirror host not found: "gone"',
    ],
  },
  {
    name: 'mirrors',
    yaml: reviews + route('{ host: reviews }', ', mirrors: [{ destination: { host: gone } }]'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].mirrors[0].destination.host: Referenced mirror host not found: "gone"',
    ],
  },
  {
    name: 'host of a ServiceEntry, also by wildcard',
    yaml: `
kind: ServiceEntry
metadata: { name: out }
spec: { hosts: [api.example.com, '*.wild.com'], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: NONE }
---
${route('{ host: api.example.com }')}
kind: VirtualService
metadata: { name: b }
spec: { hosts: [b], tcp: [{ route: [{ destination: { host: x.wild.com } }] }] }
`,
    found: [],
  },
  {
    name: 'ServiceEntry of another namespace that keeps it to itself',
    yaml: `
kind: ServiceEntry
metadata: { name: out, namespace: other }
spec: { hosts: [api.example.com], exportTo: ['.'], ports: [{ number: 443, name: tls, protocol: TLS }] }
---
${route('{ host: api.example.com }')}`,
    found: [
      'IST0101 VirtualService/default/a spec.http[0].route[0].destination.host: Referenced host not found: "api.example.com"',
    ],
  },
  {
    name: 'subset nothing declares',
    yaml: reviews + route('{ host: reviews, subset: v9 }'),
    found: [
      'IST0101 VirtualService/default/a spec.http[0].route[0].destination.subset: Referenced host+subset in destinationrule not found: "reviews+v9"',
    ],
  },
  {
    name: 'subset declared under the full name, in another namespace',
    yaml: `${reviews}
kind: DestinationRule
metadata: { name: r, namespace: istio-system }
spec: { host: reviews.default.svc.cluster.local, subsets: [{ name: v9 }] }
---
${route('{ host: reviews, subset: v9 }')}`,
    found: [],
  },
];
for (const { name, yaml, found } of destinations)
  test(`destinations: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0112']), found);
  });

const virtualServiceAt = (gateways: string, host: string): string => `
kind: Gateway
metadata: { name: gw }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['./own.com', 'other/theirs.com', '*.all.com'] }]
---
kind: Pod
metadata: { name: pod, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, image: x }] }
---
kind: VirtualService
metadata: { name: a }
spec: { hosts: ['${host}'], gateways: [${gateways}], http: [{ directResponse: { status: 200 } }] }
`;

const gateways: readonly Case[] = [
  { name: 'its namespace and host', yaml: virtualServiceAt('gw', 'own.com'), found: [] },
  { name: 'a wildcard', yaml: virtualServiceAt('default/gw', 'x.all.com'), found: [] },
  { name: 'mesh needs no Gateway', yaml: virtualServiceAt('mesh', 'x.com'), found: [] },
  {
    name: 'a host for another namespace',
    yaml: virtualServiceAt('mesh, gw', 'theirs.com'),
    found: [
      'IST0132 VirtualService/default/a spec.gateways[1]: one or more host [theirs.com] defined in VirtualService default/a not found in Gateway default/gw.',
    ],
  },
  {
    name: 'no such Gateway',
    yaml: virtualServiceAt('gone', 'own.com'),
    found: [
      'IST0101 VirtualService/default/a spec.gateways[0]: Referenced gateway not found: "gone"',
      'IST0132 VirtualService/default/a spec.gateways[0]: one or more host [own.com] defined in VirtualService default/a not found in Gateway default/gone.',
    ],
  },
];
for (const { name, yaml, found } of gateways)
  test(`gateways of a VirtualService: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0101', 'IST0132']), found);
  });

const rules = (http: string): string => `
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], http: ${http} }`;

const unreachable = (rule: string, index: number, reason: string): string =>
  `IST0130 VirtualService/default/a spec.http[${index}]: VirtualService rule ${rule} not used (${reason}).`;

const ineffective = (place: string, text: string): string =>
  `IST0131 VirtualService/default/a ${place}: VirtualService rule ${text}.`;

const ok = 'directResponse: { status: 200 }';

const reachability: readonly Case[] = [
  {
    name: 'one match-less rule at the end',
    yaml: rules(`[{ match: [{ uri: { prefix: /a } }], ${ok} }, { ${ok} }]`),
    found: [],
  },
  {
    name: 'two match-less rules: weights spread over rules',
    yaml: rules(`[{ name: v1, ${ok} }, { name: v2, ${ok} }]`),
    found: [unreachable('"v2"', 1, 'only the last rule can have no matches')],
  },
  {
    name: 'a rule after a match-less one',
    yaml: rules(
      `[{ ${ok} }, { match: [{ uri: { prefix: /a } }, { uri: { prefix: /b } }], ${ok} }]`,
    ),
    found: [unreachable('#1', 1, 'route without matches defined before')],
  },
  {
    name: 'an equal match, whatever its name',
    yaml: rules(
      `[{ match: [{ name: first, uri: { prefix: /a } }], ${ok} }, { match: [{ uri: { prefix: /a }, name: second }, { uri: { prefix: /b } }], ${ok} }]`,
    ),
    found: [
      ineffective(
        'spec.http[1].match[0]',
        '#1 match "second" is not used (duplicate/overlapping match in rule #0)',
      ),
    ],
  },
  {
    name: 'only equal matches',
    yaml: rules(
      `[{ match: [{ uri: { exact: /a } }], ${ok} }, { match: [{ uri: { exact: /a } }], ${ok} }]`,
    ),
    found: [
      unreachable('#1', 1, 'all matches used by prior rules'),
      ineffective(
        'spec.http[1].match[0]',
        '#1 match #0 is not used (duplicate/overlapping match in rule #0)',
      ),
    ],
  },
  {
    name: 'a prefix covers a longer one',
    yaml: rules(
      `[{ match: [{ uri: { prefix: /a } }], ${ok} }, { match: [{ uri: { prefix: /ab } }, { uri: { prefix: /c } }], ${ok} }]`,
    ),
    found: [
      ineffective(
        'spec.http[1].match[0]',
        '#1 match #0 of prefix /ab is not used (duplicate/overlapping match in rule #0 of prefix /a on #0)',
      ),
    ],
  },
  {
    name: 'fewer conditions cover more',
    yaml: rules(
      `[{ match: [{ headers: { who: { exact: jason } } }], ${ok} }, { match: [{ uri: { exact: /a }, headers: { who: { exact: jason }, x: {} } }, { uri: { prefix: /c } }], ${ok} }]`,
    ),
    found: [
      ineffective(
        'spec.http[1].match[0]',
        '#1 match #0 of exact /a is not used (duplicate/overlapping match in rule #0 on #0)',
      ),
    ],
  },
  {
    name: 'more conditions cover nothing',
    yaml: rules(
      `[{ match: [{ uri: { prefix: / }, headers: { who: { exact: jason } } }], ${ok} }, { match: [{ uri: { prefix: /a } }], ${ok} }]`,
    ),
    found: [],
  },
  {
    name: 'ports keep apart',
    yaml: rules(`[{ match: [{ port: 80 }], ${ok} }, { match: [{ port: 81 }], ${ok} }]`),
    found: [],
  },
  {
    name: 'gateways of their own keep apart',
    yaml: rules(
      `[{ match: [{ gateways: [mesh], uri: { prefix: /a } }], ${ok} }, { match: [{ gateways: [gw], uri: { prefix: /a } }], ${ok} }]`,
    ),
    found: [],
  },
  {
    name: 'TCP',
    yaml: `
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  tcp:
  - match: [{ port: 1 }]
    route: [{ destination: { host: a } }]
  - match: [{ port: 1 }]
    route: [{ destination: { host: a } }]`,
    found: [
      'IST0130 VirtualService/default/a spec.tcp[1]: VirtualService rule #1 not used (all matches used by prior rules).',
      'IST0131 VirtualService/default/a spec.tcp[1].match[0]: VirtualService rule #1 match #0 is not used (duplicate/overlapping match in rule #0).',
    ],
  },
];
for (const { name, yaml, found } of reachability)
  test(`rules that are never reached: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0130', 'IST0131']), found);
  });

const forHost = (name: string, rest: string): string => `
kind: VirtualService
metadata: { name: ${name} }
spec: { hosts: [reviews], http: [{ ${ok} }], ${rest} }
---`;

const meshHosts: readonly Case[] = [
  {
    name: 'two for one host',
    yaml: forHost('a', '') + forHost('b', 'gateways: [mesh, gw]'),
    found: ['a', 'b'].map(
      (name) =>
        `IST0109 VirtualService/default/${name} metadata.name: The VirtualServices default/a,default/b associated with mesh gateway define the same host */reviews.default.svc.cluster.local which can lead to undefined behavior. This can be fixed by merging the conflicting VirtualServices into a single resource.`,
    ),
  },
  {
    name: 'one of them at a gateway',
    yaml: forHost('a', '') + forHost('b', 'gateways: [gw]'),
    found: [],
  },
  {
    name: 'exported to different namespaces',
    yaml: forHost('a', 'exportTo: [x]') + forHost('b', "exportTo: ['.']"),
    found: [],
  },
];
for (const { name, yaml, found } of meshHosts)
  test(`hosts in the mesh: ${name}`, () => {
    assert.deepEqual(find(yaml, ['IST0109']), found);
  });

test('routing by claims needs RequestAuthentication on the gateway', () => {
  const config = `
kind: Gateway
metadata: { name: gw }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
---
kind: Pod
metadata: { name: pod, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, image: x }] }
---
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], gateways: [gw], http: [{ match: [{ headers: { '@request.auth.claims.sub': { exact: x } } }], ${ok} }] }
---`;
  assert.deepEqual(find(config, ['IST0149']), [
    'IST0149 VirtualService/default/a spec.http[0].match[0].headers[@request.auth.claims.sub]: The virtual service uses the JWT claim based routing (key: @request.auth.claims.sub) but found no request authentication for the gateway (default/gw) pod (pod). The request authentication must first be applied for the gateway pods to validate the JWT token and make the claims available for routing.',
  ]);
  const policy = `
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec: { selector: { matchLabels: { istio: ingressgateway } }, jwtRules: [{ issuer: x }] }`;
  assert.deepEqual(find(config + policy, ['IST0149']), []);
});

test('subsets of a service do not hold for requests through a gateway', () => {
  const config = (subset: string): string => `
kind: VirtualService
metadata: { name: ingress }
spec: { hosts: ['*'], gateways: [gw], http: [{ route: [{ destination: { host: reviews${subset} } }] }] }
---
kind: VirtualService
metadata: { name: reviews }
spec: { hosts: [reviews.default.svc.cluster.local], http: [{ route: [{ destination: { host: reviews, subset: v1 } }] }] }`;
  assert.deepEqual(find(config(''), ['IST0140']), [
    'IST0140 VirtualService/default/ingress spec.http[0].route[0].destination.host: Subset in virtual service default/reviews has no effect on ingress gateway default/ingress requests',
  ]);
  assert.deepEqual(find(config(', subset: v1'), ['IST0140']), []);
});
