import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildPushContext } from '@lateen/translator';
import { noInputs } from '../testing/mesh-objects.ts';
import { serviceAddress } from './service-address.ts';

describe('serviceAddress', () => {
  const push = buildPushContext({
    ...noInputs,
    services: [
      { metadata: { name: 'keys', namespace: 'auth' }, spec: { clusterIP: '10.9.0.1' } },
      { metadata: { name: 'own', namespace: 'istio-system' }, spec: { clusterIP: '10.9.0.2' } },
      { metadata: { name: 'headless', namespace: 'auth' }, spec: { clusterIP: 'None' } },
    ].map(({ metadata, spec }) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ...spec, ports: [{ name: 'http', port: 80 }] },
    })),
  });
  const names: readonly (readonly [string, string | undefined])[] = [
    ['keys.auth.svc.cluster.local', '10.9.0.1'],
    ['keys.auth.svc', '10.9.0.1'],
    ['keys.auth', '10.9.0.1'],
    ['keys', undefined],
    ['own', '10.9.0.2'],
    ['headless.auth', undefined],
    ['keys.auth.example.com', undefined],
    ['example.com', undefined],
  ];
  for (const [name, address] of names) {
    it(`${name}: ${address}`, () => assert.equal(serviceAddress(push, name), address));
  }
});
