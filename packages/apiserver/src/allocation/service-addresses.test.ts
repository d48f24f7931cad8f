import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Service, ServiceSpec } from '@lateen/api';
import { ManualClock } from '@lateen/base';
import type { AdmissionRequest } from '../admission/admission.ts';
import { ServiceAddresses } from './service-addresses.ts';

const serviceOf = (name: string, spec: ServiceSpec): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec,
});

const setUp = () => {
  const stored = new Map<string, KubeObject>();
  const clock = new ManualClock();
  const plugin = new ServiceAddresses({
    addresses: { first: '127.1.128.1', last: '127.1.128.4' },
    nodePorts: { first: 30_000, last: 30_002 },
    services: () => stored.values(),
    clock,
  });
  const admit = (object: Service, more: Partial<AdmissionRequest> = {}) =>
    plugin.admit({
      operation: 'CREATE',
      group: '',
      version: 'v1',
      kind: 'Service',
      plural: 'services',
      namespace: 'default',
      name: object.metadata.name,
      subresource: undefined,
      object,
      oldObject: undefined,
      user: { username: 'jo', groups: [] },
      dryRun: false,
      ...more,
    });
  const put = (object: Service, oldObject?: Service): ServiceSpec => {
    const answer = admit(object, oldObject && { operation: 'UPDATE', oldObject });
    assert.deepEqual(answer.diagnostics, undefined);
    assert.ok(answer.object);
    stored.set(object.metadata.name, answer.object);
    return answer.object.spec as ServiceSpec;
  };
  const refusal = (object: Service, oldObject?: Service): string => {
    const answer = admit(object, oldObject && { operation: 'UPDATE', oldObject });
    return `${answer.diagnostics?.[0]?.path}: ${answer.diagnostics?.[0]?.message}`;
  };
  return { stored, clock, admit, put, refusal };
};

const web: ServiceSpec = { ports: [{ port: 80 }] };

test('a service gets an address, a target port and the defaults of its type', () => {
  const { put } = setUp();
  assert.deepEqual(put(serviceOf('web', web)), {
    type: 'ClusterIP',
    clusterIP: '127.1.128.2',
    clusterIPs: ['127.1.128.2'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
    ports: [{ port: 80, targetPort: 80 }],
  });
});

test('the first address is only for who asks for it, and the range has an end', () => {
  const { put, refusal } = setUp();
  for (const name of ['a', 'b', 'c']) put(serviceOf(name, web));
  assert.match(refusal(serviceOf('d', web)), /the range is full/);
  assert.equal(put(serviceOf('k', { ...web, clusterIP: '127.1.128.1' })).clusterIP, '127.1.128.1');
});

test('addresses that are taken, out of range or no addresses are refused', () => {
  const { put, refusal } = setUp();
  put(serviceOf('a', { ...web, clusterIP: '127.1.128.3' }));
  const ask = (clusterIP: string) => refusal(serviceOf('b', { ...web, clusterIP }));
  assert.match(ask('127.1.128.3'), /^spec.clusterIP: .*already allocated/);
  assert.match(ask('10.0.0.1'), /not in the valid range/);
  assert.match(ask('x'), /must be an IPv4 address/);
});

test('an address is kept by updates and never changed', () => {
  const { put, refusal, stored } = setUp();
  put(serviceOf('a', web));
  const old = stored.get('a') as Service;
  assert.equal(put(serviceOf('a', web), old).clusterIP, '127.1.128.2');
  assert.match(refusal(serviceOf('a', { ...web, clusterIP: '127.1.128.4' }), old), /immutable/);
});

test('headless and external services have no address', () => {
  const { put } = setUp();
  assert.equal(put(serviceOf('a', { ...web, clusterIP: 'None' })).clusterIP, 'None');
  const external = put(serviceOf('b', { type: 'ExternalName', externalName: 'x.example' }));
  assert.equal(external.clusterIP, undefined);
});

test('node ports are given by type, kept, and refused when taken or out of range', () => {
  const { put, refusal, stored } = setUp();
  const typed = (type: 'NodePort' | 'LoadBalancer' | 'ClusterIP', nodePort?: number) => ({
    type,
    ports: [{ port: 80, ...(nodePort !== undefined && { nodePort }) }],
  });
  assert.equal(put(serviceOf('a', typed('NodePort'))).ports?.[0]?.nodePort, 30_000);
  assert.equal(put(serviceOf('b', typed('LoadBalancer', 30_002))).ports?.[0]?.nodePort, 30_002);
  const old = stored.get('a') as Service;
  assert.equal(put(serviceOf('a', typed('NodePort')), old).ports?.[0]?.nodePort, 30_000);
  assert.match(refusal(serviceOf('c', typed('NodePort', 30_002))), /already allocated/);
  assert.match(refusal(serviceOf('c', typed('NodePort', 80))), /not in the valid range/);
  assert.match(refusal(serviceOf('c', typed('ClusterIP', 30_001))), /may not be used/);
  assert.equal(put(serviceOf('a', typed('ClusterIP')), old).ports?.[0]?.nodePort, undefined);
  assert.equal(put(serviceOf('c', typed('NodePort', 30_000))).ports?.[0]?.nodePort, 30_000);
});

test('two requests at once get two addresses; one that failed gives its own back', () => {
  const { admit, clock } = setUp();
  const addressOf = (name: string) =>
    (admit(serviceOf(name, web)).object?.spec as ServiceSpec | undefined)?.clusterIP;
  assert.deepEqual(['a', 'b', 'c', 'd'].map(addressOf), [
    '127.1.128.2',
    '127.1.128.3',
    '127.1.128.4',
    undefined,
  ]);
  clock.advance(10_000);
  assert.equal(addressOf('d'), '127.1.128.2');
});

test('the same service may ask again for what its failed request had', () => {
  const { admit } = setUp();
  const wanting = serviceOf('a', { ...web, clusterIP: '127.1.128.3' });
  assert.ok(admit(wanting).object);
  assert.ok(admit(wanting).object);
  assert.ok(admit(serviceOf('b', wanting.spec ?? {})).diagnostics);
});

test('a dry run takes nothing', () => {
  const { admit, put } = setUp();
  admit(serviceOf('a', { ...web, clusterIP: '127.1.128.3' }), { dryRun: true });
  assert.equal(put(serviceOf('b', { ...web, clusterIP: '127.1.128.3' })).clusterIP, '127.1.128.3');
});
