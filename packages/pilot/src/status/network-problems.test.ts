import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { buildPushContext, type MeshInputs } from '@lateen/translator';
import { defaultMeshSettings } from '../ingest/mesh-config-text.ts';
import { networkProblems } from './network-problems.ts';

const label = 'topology.istio.io/network';

const object = (kind: string, fields: object): KubeObject =>
  ({ apiVersion: 'v1', kind, ...fields }) as unknown as KubeObject;

interface Shape {
  readonly network?: string;
  /** Network in the label of its gateway. */
  readonly gateway?: string;
  readonly address?: string;
  readonly port?: number;
}

const clusterOf = ({ network, gateway, address = '10.0.0.1', port = 15_443 }: Shape) => ({
  namespaces: [
    object('Namespace', {
      metadata: { name: 'istio-system', labels: network === undefined ? {} : { [label]: network } },
    }),
  ],
  services:
    gateway === undefined
      ? []
      : [
          object('Service', {
            metadata: { name: 'gw', namespace: 'istio-system', labels: { [label]: gateway } },
            spec: { ports: [{ name: 'tls', port }] },
            status: { loadBalancer: { ingress: address === '' ? [] : [{ ip: address }] } },
          }),
        ],
  endpointSlices: [],
  pods: [],
  nodes: [],
});

const problemsOf = (own: Shape, far: Shape): ReadonlyMap<string, string> => {
  const empty = Object.fromEntries(
    [
      ...['virtualServices', 'destinationRules', 'gateways', 'serviceEntries', 'sidecars'],
      ...['workloadEntries', 'peerAuthentications', 'requestAuthentications'],
      ...['authorizationPolicies', 'telemetries'],
    ].map((name) => [name, []]),
  );
  const inputs = {
    ...empty,
    ...clusterOf(own),
    meshConfig: defaultMeshSettings,
    keySets: new Map(),
    clusterId: 'near',
    remoteClusters: [{ clusterId: 'far', ...clusterOf(far) }],
  };
  return networkProblems(buildPushContext(inputs as unknown as MeshInputs));
};

const rows: readonly (readonly [string, Shape, Shape, string | undefined, RegExp])[] = [
  ['one network', {}, {}, undefined, /./],
  ['two with gateways', { network: 'a' }, { network: 'b', gateway: 'b' }, undefined, /./],
  ['no gateway', { network: 'a' }, { network: 'b' }, 'far', /"b" has no gateway/],
  [
    'a gateway without an address',
    { network: 'a' },
    { network: 'b', gateway: 'b', address: '' },
    'far',
    /no gateway .*external address/,
  ],
  [
    'a gateway without the port',
    { network: 'a' },
    { network: 'b', gateway: 'b', port: 443 },
    'far',
    /no gateway .*port 15443/,
  ],
  ['one that does not say', { network: 'a' }, {}, 'far', /does not say on which network it is/],
  ['one here that does not say', {}, { network: 'b', gateway: 'b' }, 'far', /"near" does not say/],
  [
    'a gateway with the name of the other network',
    { network: 'a', gateway: 'a' },
    { network: 'b', gateway: 'a' },
    'far',
    /gateway 10\.0\.0\.1:15443 has the label .*=a, and nothing here is on that network/,
  ],
  [
    'the own gateway with the name of the other network',
    { network: 'a', gateway: 'b' },
    { network: 'b', gateway: 'b' },
    'near',
    /calls into "b" fail there/,
  ],
];

for (const [name, own, far, cluster, problem] of rows) {
  test(`networks of two clusters: ${name}`, () => {
    const found = problemsOf(own, far);
    assert.deepEqual([...found.keys()], cluster === undefined ? [] : [cluster]);
    if (cluster !== undefined) assert.match(found.get(cluster) ?? '', problem);
  });
}
