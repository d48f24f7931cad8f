import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthStatus } from '@lateen/xds/gen/envoy/config/core/v3/health_check_pb.js';
import type { ClusterLoadAssignment } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { describeProxy } from '../proxy/proxy-descriptor.ts';
import { pushOf, sidecarOf } from '../testing/test-mesh.ts';
import { buildEndpoints } from './build-endpoints.ts';

const reviews = 'reviews.default.svc.cluster.local';
const subsets = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec: { host: reviews, subsets: [{ name: v2, labels: { version: v2 } }] }
---
`;

const assignmentOf = (yaml: string, cluster: string): ClusterLoadAssignment => {
  const proxy = sidecarOf('productpage-v1-abc-1', '127.9.0.1');
  const [resource] = buildEndpoints(pushOf(yaml), proxy, [cluster]);
  assert.equal(resource?.name, cluster);
  return resource!.message;
};

const addressesOf = ({ endpoints }: ClusterLoadAssignment): string[] =>
  endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' && hostIdentifier.value.address?.address;
      return address && address.case === 'socketAddress'
        ? `${address.value.address}:${address.value.portSpecifier.value}`
        : '?';
    }),
  );

test('a subset has the pods with its labels, the whole service has all', () => {
  assert.deepEqual(addressesOf(assignmentOf(subsets, `outbound|9080|v2|${reviews}`)), [
    '127.9.0.4:9080',
  ]);
  assert.deepEqual(addressesOf(assignmentOf(subsets, `outbound|9080||${reviews}`)), [
    '127.9.0.3:9080',
    '127.9.0.4:9080',
    '127.9.0.5:9080',
  ]);
});

test('what does not exist has an empty assignment, so that nobody waits for it', () => {
  for (const cluster of [
    `outbound|9080|v9|${reviews}`,
    `outbound|1||${reviews}`,
    'outbound|80||nowhere',
    'PassthroughCluster',
  ]) {
    assert.deepEqual(assignmentOf(subsets, cluster).endpoints, [], cluster);
  }
});

test('endpoints carry the workload for telemetry labels', () => {
  const [group] = assignmentOf(subsets, `outbound|9080|v2|${reviews}`).endpoints;
  const [endpoint] = group!.lbEndpoints;
  assert.deepEqual(endpoint?.metadata?.filterMetadata, {
    istio: { workload: 'reviews-v2;default;reviews;v2;Kubernetes' },
  });
  assert.equal(endpoint?.healthStatus, HealthStatus.HEALTHY);
  assert.equal(group?.loadBalancingWeight, 1);
});

test('pods that are not ready are sent as unhealthy, leaving ones not at all', () => {
  const slice = `
apiVersion: v1
kind: Service
metadata: { name: own }
spec: { clusterIP: 127.9.128.50, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: own-1, labels: { kubernetes.io/service-name: own } }
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
- { addresses: [10.0.0.1], conditions: { ready: true } }
- { addresses: [10.0.0.2], conditions: { ready: false } }
- { addresses: [10.0.0.3], conditions: { ready: false, serving: false, terminating: true } }
`;
  const assignment = assignmentOf(slice, 'outbound|80||own.default.svc.cluster.local');
  assert.deepEqual(addressesOf(assignment), ['10.0.0.1:8080', '10.0.0.2:8080']);
  assert.deepEqual(
    assignment.endpoints[0]?.lbEndpoints.map(({ healthStatus }) => healthStatus),
    [HealthStatus.HEALTHY, HealthStatus.UNHEALTHY],
  );
});

const entry = (trafficPolicy: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry }
spec:
  hosts: [api.example.com]
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 8080 }]
  resolution: STATIC
  endpoints:
  - { address: 10.0.0.1, locality: r1/z1, weight: 2 }
  - { address: 10.0.0.2, locality: r1/z2, ports: { http: 9090 } }
  - { address: 10.0.0.3, locality: r2/z1 }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: entry }
spec: { host: api.example.com, trafficPolicy: ${trafficPolicy} }
`;

const groupsOf = (trafficPolicy: string): string[] => {
  const { value } = describeProxy({
    id: 'sidecar~10.9.9.9~x.default~default.svc.cluster.local',
    cluster: 'x',
    metadata: {},
    locality: { region: 'r1', zone: 'z1', subZone: '' },
  });
  const [resource] = buildEndpoints(pushOf(entry(trafficPolicy)), value!, [
    'outbound|80||api.example.com',
  ]);
  return resource!.message.endpoints.map(
    ({ locality, priority, loadBalancingWeight }) =>
      `${locality?.region}/${locality?.zone} p${priority} w${loadBalancingWeight}`,
  );
};

test('localities: equal without outlier detection, by distance with it, by shares when distributed', () => {
  const flat = ['r1/z1 p0 w2', 'r1/z2 p0 w1', 'r2/z1 p0 w1'];
  const distance = ['r1/z1 p0 w2', 'r1/z2 p1 w1', 'r2/z1 p2 w1'];
  assert.deepEqual(groupsOf('{}'), flat);
  assert.deepEqual(groupsOf('{ outlierDetection: {} }'), distance);
  assert.deepEqual(
    groupsOf('{ outlierDetection: {}, loadBalancer: { localityLbSetting: { enabled: false } } }'),
    flat,
  );
  assert.deepEqual(
    groupsOf(
      '{ loadBalancer: { localityLbSetting: { enabled: true, distribute: [{ from: r1/*, to: { "r1/z1/*": 80, "r2/*": 20 } }] } } }',
    ),
    ['r1/z1 p0 w80', 'r2/z1 p0 w20'],
  );
  assert.deepEqual(
    groupsOf(
      '{ outlierDetection: {}, loadBalancer: { localityLbSetting: { failoverPriority: [topology.kubernetes.io/region] } } }',
    ),
    ['r1/z1 p0 w2', 'r1/z2 p0 w1', 'r2/z1 p1 w1'],
  );
});

test('ServiceEntry endpoints take their own port, the target port, or the number', () => {
  assert.deepEqual(addressesOf(assignmentOf(entry('{}'), 'outbound|80||api.example.com')), [
    '10.0.0.1:8080',
    '10.0.0.2:9090',
    '10.0.0.3:8080',
  ]);
});

test('a ServiceEntry may select pods and WorkloadEntries of its namespace', () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry }
spec:
  hosts: [ratings.example.com]
  ports: [{ number: 80, name: http, protocol: HTTP, targetPort: 9080 }]
  resolution: STATIC
  workloadSelector: { labels: { app: ratings } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: vm }
spec: { address: 10.1.1.1, labels: { app: ratings } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: elsewhere, namespace: other }
spec: { address: 10.1.1.2, labels: { app: ratings } }
`;
  assert.deepEqual(addressesOf(assignmentOf(yaml, 'outbound|80||ratings.example.com')), [
    '127.9.0.6:9080',
    '10.1.1.1:9080',
  ]);
});
