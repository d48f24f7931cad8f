import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMeshConfigText } from '@lateen/pilot';
import { clusterTrust } from './cluster-trust.ts';

const pem = (name: string, between = '\n'): string =>
  ['-----BEGIN CERTIFICATE-----', btoa(name), '-----END CERTIFICATE-----', ''].join(between);

const mesh = readMeshConfigText('trustDomain: near\ntrustDomainAliases: [east]\n').value;
assert.ok(mesh);

const countsOf = (
  roots: string | undefined,
  foreignRoots: NonNullable<typeof mesh>['foreignRoots'],
): readonly (number | undefined)[] => {
  const trust = clusterTrust(roots, { ...mesh, foreignRoots });
  return [trust?.own.length, trust?.trusted.length];
};

test('roots of other meshes are trusted, and not its own', () => {
  const east = { certificates: [pem('b', '\r\n')], trustDomains: ['east'] };
  const west = { certificates: [pem('c')], trustDomains: ['west'] };
  assert.deepEqual(countsOf(pem('a') + pem('b'), []), [2, 2]);
  // As our control plane writes the ConfigMap, and as Istio's does.
  assert.deepEqual(countsOf(pem('a') + pem('b'), [east]), [1, 2]);
  assert.deepEqual(countsOf(pem('a'), [east]), [1, 2]);
  // For a trust domain that is none of the mesh's.
  assert.deepEqual(countsOf(pem('a'), [west]), [1, 1]);
  assert.deepEqual(countsOf(undefined, [east]), [undefined, undefined]);
});
