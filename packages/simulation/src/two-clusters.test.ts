import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildPushContext,
  buildRoutes,
} from '@lateen/translator';
import { findCaller } from './caller.ts';
import { askedMesh, type ClusterObjects } from './cluster-objects.ts';
import { completeCluster } from './offline-cluster.ts';
import { parseRequest } from './request.ts';
import { simulate } from './simulate.ts';
import type { SimulatedDestination, Simulation } from './simulation.ts';
import type { SimulationInput } from './simulation-input.ts';
import { objectsOf } from './testing/objects-of.ts';

const app = (name: string, versions: readonly string[]): string =>
  [
    `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 9080 }] }
`,
    ...versions.map(
      (version) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}-${version} }
spec:
  template:
    metadata: { labels: { app: ${name}, version: ${version} } }
    spec: { serviceAccountName: ${name}, containers: [{ name: ${name} }] }
`,
    ),
  ]
    .map((text) => `---\n${text}`)
    .join('');

/** The entrance of a cluster, as `lateen up --clusters` and Istio's samples make it. */
const entrance = (network: string, address: string): string => `
---
apiVersion: v1
kind: Namespace
metadata: { name: istio-system, labels: { topology.istio.io/network: '${network}' } }
---
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: istio-system
  labels: { topology.istio.io/network: '${network}' }
spec:
  type: LoadBalancer
  loadBalancerIP: ${address}
  selector: { istio: ingressgateway }
  ports: [{ name: tls, port: 15443 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec:
  template: { metadata: { labels: { istio: ingressgateway } }, spec: { containers: [] } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: cross-network, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
  - { port: { number: 15443, name: tls, protocol: TLS }, tls: { mode: AUTO_PASSTHROUGH }, hosts: ['*.local', '*.global'] }
`;

const near = entrance('one', '192.0.2.1') + app('productpage', ['v1']) + app('reviews', ['v1']);
const far = entrance('two', '192.0.2.2') + app('reviews', ['v2', 'v3']);

const cluster = (
  index: number,
  yaml: string,
  reads: readonly string[] = [],
  more: Partial<ClusterObjects> = {},
): ClusterObjects => ({
  clusterId: `cluster${index + 1}`,
  objects: completeCluster(objectsOf(yaml), index),
  reads,
  ...more,
});

/** What productpage of the first cluster sees of a request. */
const ask = (
  clusters: readonly ClusterObjects[],
  url = 'http://reviews:9080/reviews/0',
  more: Partial<SimulationInput> & { readonly headers?: readonly string[] } = {},
): Simulation => {
  const { headers = [], ...rest } = more;
  const request = parseRequest({ method: 'GET', url, headers }).value;
  assert.ok(request);
  const mesh = askedMesh(clusters).value;
  assert.ok(mesh);
  const caller = { kind: 'outbound', workload: 'productpage' } as const;
  const { value, diagnostics } = simulate({ ...mesh, caller, request, ...rest });
  assert.ok(value, diagnostics[0]?.message);
  return value;
};

const only = ({ destinations }: Simulation): SimulatedDestination => {
  const [first, ...rest] = destinations;
  assert.ok(first);
  assert.deepEqual(rest, []);
  return first;
};

const endpointTexts = ({ endpoints }: Pick<SimulatedDestination, 'endpoints'>) =>
  endpoints.map(
    ({ address, pod, clusterId, network, weight, isGateway }) =>
      `${address} ${isGateway ? 'gateway' : pod} ${clusterId} ${network} ${weight}`,
  );

const arrivalTexts = ({ arrivals }: SimulatedDestination) =>
  arrivals.map(
    ({ pod, clusterId, via, outcome, transport }) =>
      `${pod} ${clusterId} via ${via} ${transport} ${outcome}`,
  );

test('on two networks, endpoints of the other cluster are its gateway, and those behind it', () => {
  const value = ask([cluster(0, near, ['cluster2']), cluster(1, far, ['cluster1'])]);
  assert.equal(value.clusterId, 'cluster1');
  const destination = only(value);
  assert.deepEqual(endpointTexts(destination), [
    '10.1.0.3:9080 default/reviews-v1-0 cluster1 one 1',
    '192.0.2.2:15443 gateway cluster2 two 2',
  ]);
  const [gateway] = destination.gateways;
  assert.ok(gateway);
  const { pod, clusterId, serverName, passesTo, origin, outcome } = gateway;
  assert.equal(
    `${pod} ${clusterId} ${outcome}`,
    'istio-system/istio-ingressgateway-0 cluster2 passed',
  );
  assert.equal(serverName, 'outbound_.9080_._.reviews.default.svc.cluster.local');
  assert.equal(passesTo, serverName);
  assert.equal(
    `${origin?.kind} ${origin?.name} ${origin?.path}`,
    'Gateway cross-network spec.servers[0]',
  );
  assert.deepEqual(arrivalTexts(destination), [
    'default/reviews-v1-0 cluster1 via undefined mutual delivered',
    'default/reviews-v2-0 cluster2 via 192.0.2.2:15443 mutual delivered',
    'default/reviews-v3-0 cluster2 via 192.0.2.2:15443 mutual delivered',
  ]);
  assert.equal(
    value.clientSees,
    'the answer of one of default/reviews-v1-0 in cluster1, default/reviews-v2-0 in cluster2, default/reviews-v3-0 in cluster2',
  );
});

test('on one network, pods of the other cluster are called straight', () => {
  const flat = (yaml: string): string => yaml.replace(/topology.istio.io\/network/g, 'other');
  const value = ask([cluster(0, flat(near), ['cluster2']), cluster(1, flat(far), ['cluster1'])]);
  assert.deepEqual(endpointTexts(only(value)), [
    '10.1.0.3:9080 default/reviews-v1-0 cluster1 undefined 1',
    '10.2.0.2:9080 default/reviews-v2-0 cluster2 undefined 1',
    '10.2.0.3:9080 default/reviews-v3-0 cluster2 undefined 1',
  ]);
  assert.deepEqual(only(value).gateways, []);
  assert.equal(only(value).arrivals[1]?.outcome, 'delivered');
});

test('a cluster that is not read has nothing to say; alone, nobody names clusters', () => {
  const value = ask([cluster(0, near), cluster(1, far)]);
  assert.deepEqual(endpointTexts(only(value)), [
    '10.1.0.3:9080 default/reviews-v1-0 cluster1 one 1',
  ]);
  const alone = ask([cluster(0, near)]);
  assert.equal(alone.clusterId, undefined);
  assert.equal(only(alone).endpoints[0]?.clusterId, undefined);
  assert.equal(only(alone).arrivals[0]?.clusterId, undefined);
});

const policy = (principal: string): string => `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews }
spec:
  selector: { matchLabels: { app: reviews } }
  rules: [{ from: [{ source: { principals: ['${principal}'] } }] }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`;

test('policies of the other cluster judge the caller by its own identity', () => {
  for (const [principal, status] of [
    ['cluster.local/ns/default/sa/productpage', null],
    ['cluster.local/ns/default/sa/stranger', 403],
  ] as const) {
    const clusters = [
      cluster(0, near.replace(app('reviews', ['v1']), ''), ['cluster2']),
      cluster(1, far + policy(principal), ['cluster1']),
    ];
    const [arrival] = only(ask(clusters)).arrivals;
    assert.equal(arrival?.security?.principal, 'spiffe://cluster.local/ns/default/sa/productpage');
    assert.equal(arrival.mode, 'STRICT');
    assert.equal(arrival.status, status, principal);
    // The connection comes from the gateway there.
    assert.equal(arrival.security.remoteAddress, '10.2.0.1');
  }
});

test('without a Gateway that passes on, the connection ends there', () => {
  const closed = far.replace("'*.local', ", '');
  const value = ask([
    cluster(0, near.replace(app('reviews', ['v1']), ''), ['cluster2']),
    cluster(1, closed, ['cluster1']),
  ]);
  const [gateway] = only(value).gateways;
  assert.equal(gateway?.outcome, 'refused');
  assert.match(value.clientSees, /^503: a closed connection: no Gateway there passes outbound_/);
});

test('a cluster whose rules could not be read: what is known is told, and what is not', () => {
  const value = ask([
    cluster(0, near, ['cluster2']),
    cluster(1, far, ['cluster1'], { hasRules: false }),
  ]);
  assert.deepEqual(endpointTexts(only(value)), [
    '10.1.0.3:9080 default/reviews-v1-0 cluster1 one 1',
    '192.0.2.2:15443 gateway cluster2 two 2',
  ]);
  assert.equal(only(value).gateways[0]?.outcome, 'unknown');
  assert.match(value.clientSees, /the answer of default\/reviews-v1-0 in cluster1, or unknown: /);
});

/** Tutorial 003: no control plane reads the other cluster; a ServiceEntry names its gateway. */
const global = `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews-default }
spec:
  hosts: [reviews.default.global]
  location: MESH_INTERNAL
  ports: [{ name: http1, number: 9080, protocol: http }]
  resolution: DNS
  addresses: [127.255.0.3]
  endpoints: [{ address: 192.0.2.2, labels: { cluster: cluster2 }, ports: { http1: 15443 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews-global }
spec:
  host: reviews.default.global
  trafficPolicy: { tls: { mode: ISTIO_MUTUAL } }
  subsets: [{ name: v2, labels: { cluster: cluster2 } }, { name: v3, labels: { cluster: cluster2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
  - match: [{ headers: { end-user: { exact: jason } } }]
    route:
    - { destination: { host: reviews.default.global, subset: v2 }, weight: 50 }
    - { destination: { host: reviews.default.global, subset: v3 }, weight: 50 }
  - route: [{ destination: { host: reviews } }]
`;

const subsets = `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  trafficPolicy: { tls: { mode: ISTIO_MUTUAL } }
  subsets: [{ name: v2, labels: { version: v2 } }, { name: v3, labels: { version: v3 } }]
`;

const replicated = (farYaml: string): Simulation =>
  ask([cluster(0, near + global), cluster(1, farYaml)], undefined, {
    headers: ['end-user: jason'],
  });

test('replicated control planes: a .global name leads through the gateway to the subset there', () => {
  const { destinations, clientSees } = replicated(far + subsets);
  assert.deepEqual(
    destinations.map(({ cluster: name, percent, gateways: [gateway], arrivals }) => [
      name,
      percent,
      gateway?.serverName,
      gateway?.passesTo,
      gateway?.destinationRule?.name,
      arrivals.map(({ pod, clusterId }) => `${pod} in ${clusterId}`),
    ]),
    ['v2', 'v3'].map((version) => [
      `outbound|9080|${version}|reviews.default.global`,
      50,
      `outbound_.9080_.${version}_.reviews.default.global`,
      `outbound_.9080_.${version}_.reviews.default.svc.cluster.local`,
      'reviews',
      [`default/reviews-${version}-0 in cluster2`],
    ]),
  );
  assert.equal(
    clientSees,
    '50 % the answer of default/reviews-v2-0 in cluster2; 50 % the answer of default/reviews-v3-0 in cluster2',
  );
});

test('a subset that the other cluster does not have is refused at its gateway', () => {
  const { destinations, clientSees } = replicated(far);
  assert.equal(destinations[0]?.gateways[0]?.outcome, 'refused');
  assert.match(
    clientSees,
    /no Gateway there passes outbound_\.9080_\.v2_\.reviews\.default\.global/,
  );
});

test('a cluster without a control plane of its own is configured by another', () => {
  const rules = `
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec: { hosts: [reviews], http: [{ timeout: 7s, route: [{ destination: { host: reviews } }] }] }
`;
  const primary = cluster(0, near + rules, ['cluster2']);
  const remote = cluster(1, far + app('productpage', ['v1']), [], { configuredBy: 'cluster1' });
  const value = ask([remote, primary]);
  assert.equal(value.clusterId, 'cluster2');
  assert.equal(value.timeoutMs, 7_000);
  assert.deepEqual(endpointTexts(only(value)).toSorted(), [
    '10.2.0.2:9080 default/reviews-v2-0 cluster2 two 1',
    '10.2.0.3:9080 default/reviews-v3-0 cluster2 two 1',
    '192.0.2.1:15443 gateway cluster1 one 1',
  ]);
  assert.deepEqual(
    askedMesh([remote, { ...primary, hasRules: false }]).diagnostics.map(({ message }) => message),
    ['the rules of cluster1, whose control plane serves cluster2, cannot be read'],
  );
});

test('another root or trust domain is refused, until both sides trust it', () => {
  const trusting = (own: string, ...others: readonly string[]) => ({
    trust: { own: [own], trusted: [own, ...others] },
  });
  const east = { trustDomain: 'east', trustDomainAliases: [] };
  const seen = (nearMore: Partial<ClusterObjects>, farMore: Partial<ClusterObjects>) => {
    const clusters = [
      cluster(0, near.replace(app('reviews', ['v1']), ''), ['cluster2'], nearMore),
      cluster(1, far, ['cluster1'], farMore),
    ];
    const [arrival] = only(ask(clusters)).arrivals;
    return `${arrival?.outcome} ${arrival?.reason}`.trim();
  };
  const failed = 'refused a failed TLS handshake:';
  assert.equal(seen(trusting('a'), trusting('a')), 'delivered');
  assert.equal(seen(trusting('a'), {}), 'delivered');
  assert.equal(
    seen(trusting('a'), trusting('b', 'a')),
    `${failed} cluster1 does not trust the root of cluster2`,
  );
  assert.equal(
    seen(trusting('a', 'b'), trusting('b')),
    `${failed} cluster2 does not trust the root of cluster1`,
  );
  assert.equal(seen(trusting('a', 'b'), trusting('b', 'a')), 'delivered');
  assert.match(
    seen({}, { meshConfig: east }),
    /certificates of spiffe:\/\/cluster\.local\/ns\/default\/sa\/productpage are not trusted here/,
  );
  assert.equal(
    seen({}, { meshConfig: { ...east, trustDomainAliases: ['cluster.local'] } }),
    `${failed} the server is spiffe://east/ns/default/sa/reviews, and another is expected`,
  );
  assert.equal(
    seen(
      { meshConfig: { trustDomainAliases: ['east'] } },
      { meshConfig: { ...east, trustDomainAliases: ['cluster.local'] } },
    ),
    'delivered',
  );
});

test('a Service that only another cluster has is no name for the DNS of the caller', () => {
  const clusters = (dns: string) => [
    cluster(
      0,
      near
        .replace(app('reviews', ['v1']), '')
        .replace('[{ name: productpage }]', `[{ name: istio-proxy, env: [${dns}] }]`),
      ['cluster2'],
    ),
    cluster(1, far, ['cluster1']),
  ];
  const codes = (dns: string, more: Partial<SimulationInput> = {}) =>
    ask(clusters(dns), undefined, more).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes(''), ['ServiceElsewhere']);
  assert.deepEqual(codes('{ name: ISTIO_META_DNS_CAPTURE, value: "true" }'), []);
  assert.deepEqual(codes('', { interceptionMode: 'NONE' }), []);
});

test('by what a proxy runs: what it was sent while the other cluster could be read', () => {
  const both = [cluster(0, near, ['cluster2']), cluster(1, far, ['cluster1'])];
  const before = ask(both);
  const found = askedMesh(both).value;
  assert.ok(found);
  const push = buildPushContext(found.inputs);
  const caller = { kind: 'outbound', workload: 'productpage' } as const;
  const options = {
    push,
    inputs: found.inputs,
    interceptionMode: 'REDIRECT',
    live: false,
  } as const;
  const proxy = findCaller(caller, { ...options, certificates: true }).value?.proxy;
  assert.ok(proxy);
  const clusters = buildClusters(push, proxy).map(({ message }) => message);
  const listeners = buildListeners(push, proxy).map(({ message }) => message);
  const running = {
    ...{ clusters, listeners },
    routes: buildRoutes(push, proxy, ['9080']).map(({ message }) => message),
    endpoints: buildEndpoints(
      push,
      proxy,
      clusters.map(({ name }) => name),
    ).map(({ message }) => message),
  };
  const known = ask(both, undefined, { running });
  assert.deepEqual(known, before);
  const gone = { clusterId: 'cluster2', objects: [], reads: [], hasRules: false };
  const after = ask([both[0] as ClusterObjects, gone], undefined, { running });
  assert.deepEqual(
    only(after).endpoints.map(({ address }) => address),
    only(before).endpoints.map(({ address }) => address),
  );
  assert.match(after.clientSees, /one of default\/reviews-v1-0 in cluster1, 192\.0\.2\.2:15443$/);
});
