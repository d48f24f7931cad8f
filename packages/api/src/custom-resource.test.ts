import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, crdFromKind, kindFromCrd } from './custom-resource.ts';
import { istioCrds } from './istio/istio-crds.ts';
import { istioKinds } from './istio/istio-kinds.ts';
import { builtinKinds } from './kubernetes/builtin-kinds.ts';
import type { CustomResourceDefinition } from './kubernetes/custom-resource-definition.ts';
import { findUnknownFields } from './schema/unknown-fields.ts';
import { validateSchema } from './schema/validation.ts';

test('a kind survives the way through its CRD', () => {
  for (const kind of istioKinds) assert.deepEqual(kindFromCrd(crdFromKind(kind)), kind);
});

test('the CRDs are the fifteen of an Istio installation, and valid objects themselves', () => {
  assert.deepEqual(istioCrds.map((crd) => crd.metadata.name).toSorted(), [
    'authorizationpolicies.security.istio.io',
    'destinationrules.networking.istio.io',
    'envoyfilters.networking.istio.io',
    'gateways.networking.istio.io',
    'istiooperators.install.istio.io',
    'peerauthentications.security.istio.io',
    'proxyconfigs.networking.istio.io',
    'requestauthentications.security.istio.io',
    'serviceentries.networking.istio.io',
    'sidecars.networking.istio.io',
    'telemetries.telemetry.istio.io',
    'virtualservices.networking.istio.io',
    'wasmplugins.extensions.istio.io',
    'workloadentries.networking.istio.io',
    'workloadgroups.networking.istio.io',
  ]);
  const crdKind = builtinKinds.find((kind) => kind.kind === 'CustomResourceDefinition');
  const schema = crdKind?.versions[0]?.schema;
  assert.ok(schema !== undefined);
  for (const crd of istioCrds) {
    const plain: unknown = JSON.parse(JSON.stringify(crd));
    assert.deepEqual(plain, crd);
    assert.deepEqual(validateSchema(schema, plain), []);
    assert.deepEqual(findUnknownFields(schema, plain), []);
    assert.equal(crd.spec.versions.filter((version) => version.storage).length, 1);
  }
});

test('versions that are not served are left out, the preferred one comes first', () => {
  const version = { served: true, storage: false };
  const crd: CustomResourceDefinition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'things', kind: 'Thing' },
      scope: 'Cluster',
      versions: [
        { ...version, name: 'v1alpha1', storage: true },
        { ...version, name: 'v2', deprecated: true },
        { ...version, name: 'v0', served: false },
        { ...version, name: 'v1beta2' },
      ],
    },
  };
  const kind = kindFromCrd(crd);
  assert.deepEqual(
    kind.versions.map((one) => one.name),
    ['v2', 'v1beta2', 'v1alpha1'],
  );
  assert.equal(kind.versions[0]?.deprecationWarning, 'example.com/v2 Thing is deprecated');
  assert.equal(kind.storageVersion, 'v1alpha1');
  assert.equal(kind.namespaced, false);
  assert.equal(kind.singular, 'thing');
  // Without a schema every field is taken, but metadata keeps its own.
  const schema = kind.versions[0]?.schema ?? {};
  const object = { metadata: { name: 'a', nmae: 'b' }, spec: { anything: 1 } };
  assert.deepEqual(
    findUnknownFields(schema, object).map((one) => one.path),
    ['metadata.nmae'],
  );
});

test('versions are ordered as Kubernetes prefers them', () => {
  const names = ['foo', 'v1alpha2', 'v1beta1', 'v1', 'v10', 'v2', 'v2beta1', 'v1alpha10', 'bar'];
  assert.deepEqual(names.toSorted(compareVersions), [
    'v10',
    'v2',
    'v1',
    'v2beta1',
    'v1beta1',
    'v1alpha10',
    'v1alpha2',
    'bar',
    'foo',
  ]);
});

test('no two kinds of a group share a plural or a short name', () => {
  const seen = new Set<string>();
  for (const kind of [...builtinKinds, ...istioKinds])
    for (const name of new Set([kind.plural, ...(kind.shortNames ?? [])])) {
      const key = `${kind.group}/${name}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
    }
});
