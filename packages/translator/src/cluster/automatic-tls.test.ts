import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Cluster } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedStructSchema } from '@lateen/xds/gen/udpa/type/v1/typed_struct_pb.js';
import { buildEndpoints } from '../endpoint/build-endpoints.ts';
import { buildPushContext } from '../index.ts';
import {
  bookinfo,
  ingressGateway,
  inputsOf,
  objectsOf,
  pushOf,
  sidecarOf,
} from '../testing/test-mesh.ts';
import { upstreamTlsOf } from '../testing/tls-context.ts';
import { buildClusters } from './build-clusters.ts';

const reviews = 'reviews.default.svc.cluster.local';
const holder = sidecarOf('productpage-v1-abc-1', '127.9.0.1', { LATEEN_SDS: 'true' });
const reviewsCluster = `outbound|9080||${reviews}`;

/** All pods of the test mesh have a sidecar that takes mTLS. */
const injected = (yaml: string): string =>
  yaml.replaceAll(
    'pod-template-hash: abc',
    'pod-template-hash: abc, security.istio.io/tlsMode: istio',
  );

const meshPush = (yaml = '', config = {}) =>
  buildPushContext(inputsOf(objectsOf(injected(bookinfo) + yaml), config));

const clusterOf = (yaml = '', name = reviewsCluster, config = {}, proxy = holder): Cluster => {
  const found = buildClusters(meshPush(yaml, config), proxy).find((one) => one.name === name);
  assert.ok(found, name);
  return found.message;
};

/** `plain`, `tls`, or what is done for each kind of endpoint. */
const security = ({ transportSocket, transportSocketMatches }: Cluster): string => {
  if (transportSocketMatches.length > 0) {
    return transportSocketMatches.map(({ name }) => name).join(' ');
  }
  return transportSocket === undefined ? 'plain' : 'tls';
};

const peer = (mode: string, selector = '', namespace = 'default'): string => `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p${mode.toLowerCase()}, namespace: ${namespace} }
spec: { ${selector} mtls: { mode: ${mode} } }
`;

const rule = (tls: string, subsets = ''): string => `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: r }
spec: { host: reviews, trafficPolicy: { tls: ${tls} }${subsets} }
`;

const automatic = 'tlsMode-istio tlsMode-disabled';

test('who uses mTLS towards whom', () => {
  const without = sidecarOf('productpage-v1-abc-1', '127.9.0.1');
  const gateway = ingressGateway({ LATEEN_SDS: 'true' });
  const rows: readonly (readonly [string, Cluster, string])[] = [
    ['by itself', clusterOf(), automatic],
    ['a gateway too', clusterOf('', reviewsCluster, {}, gateway), automatic],
    ['a proxy without a certificate', clusterOf('', reviewsCluster, {}, without), 'plain'],
    [
      'switched off for the mesh',
      clusterOf('', reviewsCluster, { enableAutoMtls: false }),
      'plain',
    ],
    ['the rule disables', clusterOf(rule('{ mode: DISABLE }')), 'plain'],
    ['a rule without mode is DISABLE', clusterOf(rule('{}')), 'plain'],
    ['the rule demands', clusterOf(rule('{ mode: ISTIO_MUTUAL }')), 'tls'],
    ['TLS of the rule', clusterOf(rule('{ mode: SIMPLE }')), 'tls'],
    ['the namespace takes none', clusterOf(peer('DISABLE')), 'plain'],
    ['the mesh takes none', clusterOf(peer('DISABLE', '', 'istio-system')), 'plain'],
    ['strict', clusterOf(peer('STRICT')), automatic],
  ];
  for (const [name, cluster, expected] of rows) assert.equal(security(cluster), expected, name);
  const never = clusterOf(rule('{ mode: ISTIO_MUTUAL }'), reviewsCluster, {}, without);
  assert.equal(security(never), 'tls', 'what a rule demands is not done in plaintext instead');
});

test('services outside the mesh and headless ones', () => {
  const entry = (location: string) => `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: e }
spec:
  hosts: [out.example.com]
  location: ${location}
  ports: [{ number: 80, name: http, protocol: HTTP }]
  resolution: STATIC
  endpoints: [{ address: 127.9.0.200, labels: { security.istio.io/tlsMode: istio } }]
`;
  const name = 'outbound|80||out.example.com';
  assert.equal(security(clusterOf(entry('MESH_EXTERNAL'), name)), 'plain');
  assert.equal(security(clusterOf(entry('MESH_INTERNAL'), name)), automatic);
  const headless = `
---
apiVersion: v1
kind: Service
metadata: { name: bare }
spec: { clusterIP: None, selector: { app: ratings }, ports: [{ name: tcp, port: 9080 }] }
`;
  const bare = 'outbound|9080||bare.default.svc.cluster.local';
  const capturing = sidecarOf('productpage-v1-abc-1', '127.9.0.1', {
    LATEEN_SDS: 'true',
    INTERCEPTION_MODE: 'REDIRECT',
  });
  assert.equal(security(clusterOf(headless, bare, {}, capturing)), 'tls');
  const plain = buildClusters(pushOf(headless), capturing).find((one) => one.name === bare);
  assert.equal(security(plain!.message), 'plain', 'an endpoint without a sidecar is among them');
  assert.equal(security(clusterOf(headless, bare)), automatic);
});

test('a cluster says who the client is wherever it offers to', () => {
  const cluster = clusterOf('', reviewsCluster);
  const exchange = cluster.filters.map(({ name, typedConfig }) => [
    name,
    typedConfig && anyUnpack(typedConfig, TypedStructSchema)?.value,
  ]);
  const protocol = 'istio-peer-exchange';
  assert.deepEqual(exchange, [['istio.metadata_exchange', { protocol }]]);
});

test('the client shows its certificate and wants an identity of the service', () => {
  const socket = clusterOf('', reviewsCluster, { trustDomainAliases: ['old'] })
    .transportSocketMatches[0]?.transportSocket;
  assert.deepEqual(upstreamTlsOf(socket), {
    certificates: ['default agent'],
    roots: 'ROOTCA agent',
    names: [
      'exact spiffe://cluster.local/ns/default/sa/bookinfo-reviews',
      'exact spiffe://old/ns/default/sa/bookinfo-reviews',
    ],
    alpn: ['istio-peer-exchange', 'istio'],
    sni: `outbound_.9080_._.${reviews}`,
  });
  const subset = rule(
    '{ mode: ISTIO_MUTUAL }',
    ', subsets: [{ name: v1, labels: { version: v1 } }]',
  );
  const mutual = clusterOf(subset, `outbound|9080|v1|${reviews}`);
  assert.equal(upstreamTlsOf(mutual.transportSocket).sni, `outbound_.9080_.v1_.${reviews}`);
  const own = clusterOf(
    rule('{ mode: ISTIO_MUTUAL, sni: other, subjectAltNames: ["spiffe://a/b"] }'),
  );
  const { sni, names } = upstreamTlsOf(own.transportSocket);
  assert.deepEqual([sni, names], ['other', ['exact spiffe://a/b']]);
});

test('endpoints say whether they take mTLS', () => {
  const modesOf = (yaml: string): readonly (string | undefined)[] => {
    const [resource] = buildEndpoints(meshPush(yaml), holder, [reviewsCluster]);
    return resource!.message.endpoints
      .flatMap(({ lbEndpoints }) => lbEndpoints)
      .map(({ metadata }) =>
        String(metadata?.filterMetadata['envoy.transport_socket_match']?.['tlsMode'] ?? ''),
      );
  };
  const version = (value: string) => `selector: { matchLabels: { version: ${value} } },`;
  const port = `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: port }
spec: { ${version('v3')} portLevelMtls: { 9080: { mode: DISABLE } } }
`;
  assert.deepEqual(modesOf(''), ['istio', 'istio', 'istio']);
  assert.deepEqual(modesOf(peer('DISABLE', version('v2'))), ['istio', '', 'istio']);
  assert.deepEqual(modesOf(port), ['istio', 'istio', '']);
  assert.deepEqual(modesOf(rule('{ mode: DISABLE }')), ['', '', '']);
  assert.deepEqual(modesOf(rule('{ mode: ISTIO_MUTUAL }') + peer('DISABLE', version('v2'))), [
    'istio',
    'istio',
    'istio',
  ]);
});

test('endpoints that come and go leave the identities alone; another account does not', () => {
  const objects = objectsOf(injected(bookinfo));
  const first = buildPushContext(inputsOf(objects));
  const fewer = objects.filter(({ metadata }) => metadata.name !== 'reviews-v2-abc-1');
  const second = buildPushContext(inputsOf(fewer), first);
  assert.equal(second.serviceAccounts, first.serviceAccounts);
  const none = objects.filter(({ metadata }) => !metadata.name.startsWith('reviews-v'));
  assert.notEqual(buildPushContext(inputsOf(none), second).serviceAccounts, first.serviceAccounts);
});
