import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { type ComparedCluster, findConflicts } from './cluster-conflicts.ts';

interface PodPlace {
  readonly ip: string;
  readonly network?: string;
  readonly phase?: string;
  readonly hostNetwork?: boolean;
}

interface Shape {
  readonly network?: string;
  readonly uid?: string;
  readonly ranges?: readonly string[];
  readonly pods?: readonly PodPlace[];
}

const label = (network: string | undefined): object =>
  network === undefined ? {} : { labels: { 'topology.istio.io/network': network } };

const object = (kind: string, fields: object): KubeObject =>
  ({ apiVersion: 'v1', kind, ...fields }) as unknown as KubeObject;

const clusterOf = (clusterId: string, shape: Shape): ComparedCluster => ({
  clusterId,
  namespaces: [
    object('Namespace', { metadata: { name: 'istio-system', ...label(shape.network) } }),
    object('Namespace', { metadata: { name: 'kube-system', uid: shape.uid } }),
  ],
  nodes: (shape.ranges ?? []).map((podCIDR) =>
    object('Node', { metadata: { name: podCIDR }, spec: { podCIDR } }),
  ),
  pods: (shape.pods ?? []).map(({ ip, network, phase = 'Running', hostNetwork }, at) =>
    object('Pod', {
      metadata: { name: `pod-${at}`, namespace: 'default', ...label(network) },
      spec: { containers: [], hostNetwork },
      status: { phase, podIP: ip },
    }),
  ),
});

const pod = (ip: string, more: Partial<PodPlace> = {}): PodPlace => ({ ip, ...more });
const five = [pod('10.0.0.5')];

const rows: readonly (readonly [string, Shape, Shape, RegExp | undefined])[] = [
  ['one address on no network', { pods: five }, { pods: five }, /at 10\.0\.0\.5, and neither says/],
  [
    'one address on one network',
    { network: 'n', pods: five },
    { network: 'n', pods: five },
    /both are on network "n": give one of the clusters a network of its own .*topology\.istio\.io/,
  ],
  [
    'one address on two networks',
    { network: 'n', pods: five },
    { network: 'm', pods: five },
    undefined,
  ],
  [
    'a pod that says it is on another network',
    { network: 'n', pods: five },
    { network: 'n', pods: [pod('10.0.0.5', { network: 'm' })] },
    undefined,
  ],
  [
    'a pod that has ended',
    { pods: five },
    { pods: [pod('10.0.0.5', { phase: 'Failed' })] },
    undefined,
  ],
  [
    'pods with the addresses of their nodes',
    { pods: five },
    { pods: [pod('10.0.0.5', { hostNetwork: true })] },
    undefined,
  ],
  [
    'a range within another',
    { ranges: ['10.0.0.0/16'], pods: five },
    { ranges: ['10.0.7.0/24'], pods: [pod('10.0.7.1')] },
    /pod addresses of both overlap in 10\.0\.7\.0\/24/,
  ],
  [
    'a range around another',
    { ranges: ['10.0.7.0/24'], pods: [pod('10.0.7.1')] },
    { ranges: ['10.0.0.0/16'], pods: five },
    /overlap in 10\.0\.7\.0\/24/,
  ],
  [
    'ranges of IPv6',
    { ranges: ['fd00:1::/64'], pods: [pod('fd00:1::1')] },
    { ranges: ['fd00:1::/80'], pods: [pod('fd00:1::2')] },
    /overlap in fd00:1::\/80/,
  ],
  [
    'ranges that the pods are not in',
    { ranges: ['10.0.0.0/16'], pods: [pod('192.168.0.1')] },
    { ranges: ['10.0.0.0/16'], pods: [pod('192.168.0.2')] },
    undefined,
  ],
  [
    'ranges side by side',
    { ranges: ['10.0.0.0/24'], pods: five },
    { ranges: ['10.0.1.0/24'], pods: [pod('10.0.1.5')] },
    undefined,
  ],
  [
    'one API server under two names',
    { uid: 'u' },
    { uid: 'u' },
    /is cluster "a" under another name/,
  ],
];

for (const [name, a, b, problem] of rows) {
  test(`two clusters: ${name}`, () => {
    const conflicts = findConflicts([clusterOf('a', a), clusterOf('b', b)], 'istio-system');
    assert.deepEqual([...conflicts.keys()], problem === undefined ? [] : ['b']);
    if (problem !== undefined) assert.match(conflicts.get('b') ?? '', problem);
  });
}

test('one that is left out is in nobody’s way', () => {
  const clusters = [
    clusterOf('a', { pods: five }),
    clusterOf('b', { pods: [...five, pod('10.0.0.6')] }),
    clusterOf('c', { pods: [pod('10.0.0.6')] }),
  ];
  assert.deepEqual([...findConflicts(clusters, 'istio-system').keys()], ['b']);
});
