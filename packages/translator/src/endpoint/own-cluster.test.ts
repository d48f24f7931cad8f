import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketAddress } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import { buildClusters } from '../cluster/build-clusters.ts';
import type { ServiceSetting } from '../mesh/mesh-config.ts';
import type { RemoteCluster } from '../mesh/mesh-inputs.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { proxyWorkload } from '../proxy/proxy-workload.ts';
import { buildPushContext } from '../push-context/build-push-context.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { buildRoutes } from '../route/build-routes.ts';
import { inputsOf, objectsOf, sidecarOf } from '../testing/test-mesh.ts';
import { buildEndpoints } from './build-endpoints.ts';

interface Piece {
  readonly name: string;
  readonly namespace?: string;
  readonly ip: string;
  readonly app?: string;
}

const service = ({ name, namespace = 'default', ip }: Piece, targetPort = 9080): string => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  clusterIP: ${ip}
  selector: { app: ${name} }
  ports: [{ name: http, port: 9080, targetPort: ${targetPort} }]
`;

const pod = ({ name, namespace = 'default', ip, app = name }: Piece): string => `
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}-0, namespace: ${namespace}, labels: { app: ${app} } }
spec: { serviceAccountName: ${app}, containers: [{ name: app }] }
status: { podIP: ${ip} }
`;

const parts = ['kube-system', 'istio-system'];

/** Two clusters with networks of their own, which use the same addresses for their pods. */
const cluster = (vip: string): string =>
  [
    service({ name: 'db', ip: `${vip}.1` }, vip === '10.1.0' ? 9080 : 7070),
    pod({ name: 'db', ip: '10.9.0.1' }),
    ...parts.flatMap((namespace) => {
      const name = namespace === 'istio-system' ? 'istiod' : 'dns';
      const at = { name, namespace };
      return [service({ ...at, ip: `${vip}.2` }), pod({ ...at, ip: `${vip}.3` })];
    }),
  ].join('');

const near = cluster('10.1.0') + pod({ name: 'web', ip: '10.9.0.2' });
const far =
  cluster('10.2.0') +
  service({ name: 'far-only', ip: '10.2.0.9' }) +
  pod({ name: 'web', ip: '10.9.0.2', app: 'far-only' });

const remote = (yaml: string): RemoteCluster => {
  const { services, endpointSlices, pods, namespaces, nodes } = inputsOf(objectsOf(yaml));
  return { clusterId: 'far', services, endpointSlices, pods, namespaces, nodes };
};

const pushWith = (serviceSettings: readonly ServiceSetting[] = []): PushContext =>
  buildPushContext({
    ...inputsOf(objectsOf(near), { serviceSettings }),
    clusterId: 'near',
    remoteClusters: [remote(far)],
  });

const proxyIn = (clusterId: string, name = 'db-0', address = '10.9.0.1'): ProxyDescriptor =>
  sidecarOf(name, address, { CLUSTER_ID: clusterId, NETWORK: '' });

const inboundOf = (push: PushContext, proxy: ProxyDescriptor): readonly string[] =>
  buildClusters(push, proxy)
    .map(({ name }) => name)
    .filter((name) => /^inbound\|\d/.test(name));

const addressesOf = (push: PushContext, proxy: ProxyDescriptor, host: string): readonly string[] =>
  (buildEndpoints(push, proxy, [`outbound|9080||${host}`])[0]?.message.endpoints ?? [])
    .flatMap(({ lbEndpoints }) => lbEndpoints)
    .map(({ hostIdentifier }) => {
      assert.equal(hostIdentifier.case, 'endpoint');
      const place = hostIdentifier.value.address?.address.value as SocketAddress;
      return place.address;
    });

test('a proxy is the pod of its name in its own cluster', () => {
  const push = pushWith();
  const labelOf = (id: string) =>
    proxyWorkload(push, proxyIn(id, 'web-0', '10.9.0.2')).labels.get('app');
  assert.equal(labelOf('near'), 'web');
  assert.equal(labelOf('far'), 'far-only');
  assert.equal(labelOf('unheard-of'), 'web');
});

test('a proxy serves what the services of its own cluster say', () => {
  const push = pushWith();
  assert.deepEqual(inboundOf(push, proxyIn('near')), ['inbound|9080||']);
  assert.deepEqual(inboundOf(push, proxyIn('far')), ['inbound|7070||']);
  // A service of another cluster does not lead here, whatever its selector and whoever has the address.
  const own = proxyIn('near', 'far-only-0', '10.9.0.2');
  assert.deepEqual(inboundOf(push, { ...own, labels: new Map([['app', 'far-only']]) }), []);
});

test('clients know a service by the address it has in their own cluster, if it is there', () => {
  const push = pushWith();
  const domainsOf = (id: string): readonly string[] =>
    (buildRoutes(push, proxyIn(id), ['9080'])[0]?.message.virtualHosts ?? []).flatMap(
      ({ domains }) => domains,
    );
  assert.ok(domainsOf('near').includes('10.1.0.1'));
  assert.ok(!domainsOf('near').includes('10.2.0.1'));
  assert.ok(domainsOf('far').includes('10.2.0.1'));
  assert.ok(!domainsOf('far').includes('10.1.0.1'));
  // One that only the other cluster has is known by the address there.
  assert.ok(domainsOf('near').includes('10.2.0.9'));
});

const istiod = 'istiod.istio-system.svc.cluster.local';
const dns = 'dns.kube-system.svc.cluster.local';
const db = 'db.default.svc.cluster.local';

test('parts of a cluster and its control plane are of that cluster only', () => {
  const push = pushWith();
  for (const host of [istiod, dns]) {
    assert.deepEqual(addressesOf(push, proxyIn('near'), host), ['10.1.0.3']);
    assert.deepEqual(addressesOf(push, proxyIn('far'), host), ['10.2.0.3']);
    assert.deepEqual(addressesOf(push, proxyIn('unheard-of'), host), ['10.1.0.3']);
  }
  assert.deepEqual(addressesOf(push, proxyIn('near'), db), ['10.9.0.1', '10.9.0.1']);
});

test('serviceSettings make services local to each cluster, and those of Istio common; the closest counts', () => {
  const push = pushWith([
    { hosts: ['*.default.svc.cluster.local'], clusterLocal: true },
    { hosts: [dns, '*'], clusterLocal: false },
  ]);
  assert.deepEqual(addressesOf(push, proxyIn('far'), db), ['10.9.0.1']);
  assert.deepEqual(addressesOf(push, proxyIn('far'), dns), ['10.1.0.3', '10.2.0.3']);
  assert.deepEqual(addressesOf(push, proxyIn('far'), istiod), ['10.2.0.3']);
});
