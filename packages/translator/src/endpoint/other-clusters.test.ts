import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketAddress } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type { ClusterLoadAssignment } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { buildClusters } from '../cluster/build-clusters.ts';
import { buildListeners } from '../listener/build-listeners.ts';
import type { RemoteCluster } from '../mesh/mesh-inputs.ts';
import { buildPushContext } from '../push-context/build-push-context.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { bookinfo, ingressGateway, inputsOf, objectsOf, sidecarOf } from '../testing/test-mesh.ts';
import { buildEndpoints } from './build-endpoints.ts';

const namespace = (network: string): string => `
---
apiVersion: v1
kind: Namespace
metadata: { name: istio-system, labels: { topology.istio.io/network: ${network} } }
`;

const remotePod = (name: string, version: string, address: string, mtls = true): string => `
---
apiVersion: v1
kind: Pod
metadata:
  name: ${name}-${version}-far
  labels: { app: ${name}, version: ${version}${mtls ? ', security.istio.io/tlsMode: istio' : ''} }
spec: { serviceAccountName: bookinfo-${name}, nodeName: far, containers: [{ name: ${name} }] }
status: { podIP: ${address} }
`;

const service = (name: string): string => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  clusterIP: 127.8.128.3
  selector: { app: ${name} }
  ports: [{ name: http, port: 9080, targetPort: 9080 }]
`;

const gatewayService = (addresses: readonly string[]): string => `
---
apiVersion: v1
kind: Service
metadata:
  name: istio-eastwestgateway
  namespace: istio-system
  labels: { topology.istio.io/network: far-network }
spec: { ports: [{ name: tls, port: 15443 }] }
status: { loadBalancer: { ingress: [${addresses.map((ip) => `{ ip: ${ip} }`).join(', ')}] } }
`;

const remote = (yaml: string, clusterId = 'far'): RemoteCluster => {
  const { services, endpointSlices, pods, namespaces, nodes } = inputsOf(objectsOf(yaml));
  return { clusterId, services, endpointSlices, pods, namespaces, nodes };
};

const pushWith = (near: string, far: readonly RemoteCluster[]): PushContext => {
  const inputs = inputsOf(objectsOf(bookinfo + near));
  return buildPushContext({ ...inputs, clusterId: 'near', remoteClusters: far });
};

const client = sidecarOf('productpage-v1-abc-1', '127.9.0.1', {
  CLUSTER_ID: 'near',
  NETWORK: 'near-network',
});

const reviews = 'outbound|9080||reviews.default.svc.cluster.local';

/** `address:port weight`, in order. */
const endpointsOf = (assignment: ClusterLoadAssignment | undefined): readonly string[] =>
  (assignment?.endpoints ?? []).flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ hostIdentifier, loadBalancingWeight }) => {
      assert.equal(hostIdentifier.case, 'endpoint');
      const address = hostIdentifier.value.address?.address.value as SocketAddress;
      const port = address.portSpecifier.value;
      return `${address.address}:${port} ${loadBalancingWeight}`;
    }),
  );

const assignmentOf = (push: PushContext, name = reviews, proxy = client) =>
  endpointsOf(buildEndpoints(push, proxy, [name])[0]?.message);

const near = ['127.9.0.3:9080 1', '127.9.0.4:9080 1', '127.9.0.5:9080 1'];
const farPods = remotePod('reviews', 'v4', '127.8.0.1') + remotePod('reviews', 'v5', '127.8.0.2');

test('clusters on one network: a service has the endpoints of all, whichever knew it first', () => {
  const push = pushWith('', [remote(service('reviews') + farPods)]);
  assert.deepEqual(assignmentOf(push), [...near, '127.8.0.1:9080 1', '127.8.0.2:9080 1']);
  const elsewhere = pushWith('', [
    remote(service('prices') + remotePod('prices', 'v1', '127.8.0.9')),
  ]);
  const prices = 'outbound|9080||prices.default.svc.cluster.local';
  assert.deepEqual(assignmentOf(elsewhere, prices), ['127.8.0.9:9080 1']);
});

const otherNetwork = (addresses: readonly string[], pods = farPods): RemoteCluster =>
  remote(namespace('far-network') + gatewayService(addresses) + service('reviews') + pods);

test('endpoints of another network stand as its gateways, which share their weight', () => {
  const one = pushWith(namespace('near-network'), [otherNetwork(['127.8.127.10'])]);
  assert.deepEqual(assignmentOf(one), [...near, '127.8.127.10:15443 2']);
  const pods = farPods + remotePod('reviews', 'v6', '127.8.0.3');
  const two = pushWith(namespace('near-network'), [
    otherNetwork(['127.8.127.10', '127.8.127.11'], pods),
  ]);
  assert.deepEqual(assignmentOf(two), [
    ...near.map((line) => line.replace(/1$/, '2')),
    '127.8.127.10:15443 3',
    '127.8.127.11:15443 3',
  ]);
});

test('a gateway passes mTLS only: workloads without a sidecar cannot be reached through it', () => {
  const pods = remotePod('reviews', 'v4', '127.8.0.1', false);
  const push = pushWith(namespace('near-network'), [otherNetwork(['127.8.127.10'], pods)]);
  assert.deepEqual(assignmentOf(push), near);
});

test('a network without a known gateway counts as reachable', () => {
  const push = pushWith(namespace('near-network'), [otherNetwork([])]);
  assert.deepEqual(assignmentOf(push), [...near, '127.8.0.1:9080 1', '127.8.0.2:9080 1']);
});

const eastWest = (host: string): string => `
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: east-west, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
  - { port: { number: 15443, name: tls, protocol: TLS }, hosts: ['${host}'], tls: { mode: AUTO_PASSTHROUGH } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec: { host: reviews, subsets: [{ name: v4, labels: { version: v4 } }] }
`;

test('a gateway between networks leads to the workloads of its own', () => {
  const pods = remotePod('reviews', 'near', '127.9.0.7');
  const push = pushWith(namespace('near-network') + eastWest('*.local') + pods, [
    otherNetwork(['127.8.127.10']),
  ]);
  const gateway = ingressGateway({ CLUSTER_ID: 'near', NETWORK: 'near-network' });
  const sni = 'outbound_.9080_._.reviews.default.svc.cluster.local';
  assert.deepEqual(assignmentOf(push, sni, gateway), ['127.9.0.7:9080 1']);
});

test('*.global names of replicated control planes lead to the local service and its subsets', () => {
  const push = pushWith(eastWest('*.global') + farPods, []);
  const gateway = ingressGateway();
  const names = buildListeners(push, gateway)
    .flatMap(({ message }) => message.filterChains)
    .flatMap(({ filterChainMatch }) => filterChainMatch?.serverNames ?? []);
  assert.ok(names.includes('outbound_.9080_.v4_.reviews.default.global'));
  assert.ok(!names.some((name) => name.endsWith('.local')));
  const clusters = buildClusters(push, gateway).map(({ name }) => name);
  const local = 'outbound_.9080_.v4_.reviews.default.svc.cluster.local';
  assert.ok(clusters.includes(local));
  assert.deepEqual(assignmentOf(push, local, gateway), ['127.8.0.1:9080 1']);
});

test('what did not change in another cluster is taken over', () => {
  const inputs = inputsOf(objectsOf(bookinfo));
  const far = remote(service('reviews') + farPods);
  const first = buildPushContext({ ...inputs, remoteClusters: [far] });
  const second = buildPushContext({ ...inputs, remoteClusters: [{ ...far }] }, first);
  assert.equal(second.endpoints, first.endpoints);
  const without = buildPushContext({ ...inputs, remoteClusters: [] }, second);
  assert.deepEqual(assignmentOf(without), near);
});
