import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphNode } from '@lateen/telemetry/contract';
import { bookinfoMesh } from '../testing/fixture-mesh.ts';
import { nodeMatch, zeroWhereMissing } from './node-match.ts';

const nodeNamed = (id: string, change: Partial<GraphNode> = {}): GraphNode => {
  const node = bookinfoMesh.nodes.find((each) => each.id === id);
  assert.ok(node);
  return { ...node, ...change };
};

const traffic = (inward: number, outward: number): Pick<GraphNode, 'traffic'> => ({
  traffic: {
    inRequestsPerSecond: inward,
    outRequestsPerSecond: outward,
    inErrorShare: null,
    outErrorShare: null,
    inBytesPerSecond: 0,
    outBytesPerSecond: 0,
  },
});

test('a workload is what its own proxy reports', () => {
  assert.deepEqual(nodeMatch(nodeNamed('reviews-v2', traffic(3, 1)), false), [
    'reporter=destination',
    'destination_workload=reviews-v2',
    'destination_workload_namespace=default',
    'destination_cluster=Kubernetes',
  ]);
  assert.ok(
    nodeMatch(nodeNamed('reviews-v2', { cluster: 'west', ...traffic(3, 1) }), false).includes(
      'destination_cluster=west',
    ),
  );
});

test('what only sends is what it sends', () => {
  assert.deepEqual(nodeMatch(nodeNamed('istio-ingressgateway', traffic(0, 9)), false), [
    'reporter=source',
    'source_workload=istio-ingressgateway',
    'source_workload_namespace=istio-system',
    'source_cluster=Kubernetes',
  ]);
});

test('what has no proxy is what its callers report', () => {
  const outside = nodeNamed('api.books.example', traffic(1, 0));
  assert.deepEqual(nodeMatch(outside, false), [
    'reporter=source',
    'destination_service_name=api.books.example',
  ]);
  const gone = nodeNamed('details', traffic(1, 0));
  const flags = { ...gone.flags, isDead: true };
  assert.equal(nodeMatch({ ...gone, flags }, false)[0], 'reporter=source');
});

test('a service beside its workloads is what reached none of them', () => {
  const service = nodeNamed('ratings', { kind: 'service', ...traffic(1, 0) });
  const { workload, app, version, ...bare } = service;
  assert.deepEqual([workload, app, version], ['ratings-v1', 'ratings', 'v1']);
  assert.ok(nodeMatch(bare, false).includes('destination_workload=unknown'));
  assert.ok(!nodeMatch(bare, true).includes('destination_workload=unknown'));
});

test('no failures are none, not unknown', () => {
  const whole = { startMs: 5, stepMs: 1, values: [2, null, 3] };
  const none = { startMs: 0, stepMs: 1, values: [] };
  assert.deepEqual(zeroWhereMissing(none, whole).values, [0, null, 0]);
  assert.deepEqual(zeroWhereMissing(none, none).values, []);
  assert.equal(zeroWhereMissing(whole, whole), whole);
});
