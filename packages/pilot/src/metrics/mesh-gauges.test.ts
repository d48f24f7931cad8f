import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { buildPushContext, type MeshInputs } from '@lateen/translator';
import { noInputs, objectOf, serviceOf, sliceOf } from '../testing/mesh-objects.ts';
import { createMeshGauges, type MeshGauges, observeMesh } from './mesh-gauges.ts';

const service = (name: string, portName: string, clusterIP = '127.9.128.9'): KubeObject =>
  objectOf('Service', name, {
    spec: { clusterIP, selector: { app: name }, ports: [{ name: portName, port: 9080 }] },
  });

/** Endpoints of the port `http`, or of another. */
const slice = (name: string, portName: string, ready = true): KubeObject =>
  objectOf('EndpointSlice', `${name}-y`, {
    metadata: {
      name: `${name}-y`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ports: [{ name: portName, port: 9080 }],
    endpoints: [{ addresses: ['127.9.1.1'], conditions: { ready } }],
  });

const pod = (name: string, status: object): KubeObject => objectOf('Pod', name, { status });

const cases: readonly (readonly [
  string,
  Partial<MeshInputs>,
  Partial<Record<keyof MeshGauges, number>>,
])[] = [
  [
    'a service with a pod is nothing odd',
    { services: [serviceOf('a')], endpointSlices: [sliceOf('a', '127.9.1.1')] },
    {},
  ],
  ['a port that nothing is behind', { services: [serviceOf('a')] }, { edsNoInstances: 1 }],
  [
    'an endpoint that is not ready',
    { services: [service('a', 'http')], endpointSlices: [slice('a', 'http', false)] },
    { endpointNotReady: 1 },
  ],
  [
    'a workload port that is HTTP to some and TCP to others',
    {
      services: [service('a', 'http'), service('b', 'tcp'), service('c', 'odd')],
      endpointSlices: [slice('a', 'http'), slice('b', 'tcp'), slice('c', 'odd')],
    },
    { inboundConflicts: 1 },
  ],
  [
    'TCP services without an address on one port, one of them with HTTP beside',
    {
      services: [
        service('a', 'tcp', 'None'),
        service('b', 'tcp', 'None'),
        service('c', 'tcp'),
        objectOf('Service', 'd', {
          spec: { clusterIP: 'None', selector: { app: 'd' }, ports: [{ name: 'tcp', port: 80 }] },
        }),
        serviceOf('e', 80),
      ],
    },
    { tcpOverTcp: 1, tcpOverHttp: 1 },
  ],
  [
    'pods without an address, except those that are done',
    { pods: [pod('a', {}), pod('b', { podIP: '127.9.1.1' }), pod('c', { phase: 'Failed' })] },
    { noIp: 1 },
  ],
];
for (const [name, inputs, expected] of cases)
  test(`gauges of the mesh: ${name}`, () => {
    const gauges = createMeshGauges();
    observeMesh(gauges, buildPushContext({ ...noInputs, ...inputs }), inputs.pods ?? []);
    const found = Object.fromEntries(
      Object.entries(gauges)
        .map(([key, gauge]) => [key, gauge.value()] as const)
        .filter(([, value]) => value !== 0),
    );
    const { edsNoInstances, ...others } = found;
    assert.deepEqual(
      'edsNoInstances' in expected ? { edsNoInstances, ...others } : others,
      expected,
    );
  });
