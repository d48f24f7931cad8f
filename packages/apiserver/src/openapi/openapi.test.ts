import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, istioKinds, type ResourceKind } from '@lateen/api';
import { definitionName } from './definition-name.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { openApiV2 } from './v2-document.ts';
import { openApiV3Document, openApiV3Index } from './v3-document.ts';

const documented = (kinds: readonly ResourceKind[], custom: boolean): readonly DocumentedKind[] =>
  kinds.flatMap((kind) => kind.versions.map((version) => ({ kind, version, custom })));

const all = [...documented(builtinKinds, false), ...documented(istioKinds, true)];

test('definition names are those of Kubernetes', () => {
  const rows: readonly [string, string, string, string][] = [
    ['', 'v1', 'Pod', 'io.k8s.api.core.v1.Pod'],
    ['apps', 'v1', 'Deployment', 'io.k8s.api.apps.v1.Deployment'],
    ['discovery.k8s.io', 'v1', 'EndpointSlice', 'io.k8s.api.discovery.v1.EndpointSlice'],
    ['networking.istio.io', 'v1', 'Gateway', 'io.istio.networking.v1.Gateway'],
    [
      'apiextensions.k8s.io',
      'v1',
      'CustomResourceDefinition',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    ],
  ];
  for (const [group, version, kind, name] of rows)
    assert.equal(definitionName(group, version, kind), name);
});

test('the index names one document a group version, with the revision in its URL', () => {
  const { paths } = openApiV3Index(all, 'a b');
  assert.deepEqual(paths['api/v1'], { serverRelativeURL: '/openapi/v3/api/v1?hash=a%20b' });
  assert.ok(paths['apis/networking.istio.io/v1alpha3']);
  for (const path of Object.keys(paths)) assert.ok(openApiV3Document(all, path), path);
});

test('nothing is served: no document', () => {
  assert.equal(openApiV3Document(all, 'apis/nothing.example/v1'), undefined);
});

test('PATCH offers what kubectl looks for, strategic merge for built-in kinds only', () => {
  const patchOf = (path: string, collection: string) => {
    const operations = openApiV3Document(all, path)?.paths[`/${path}${collection}/{name}`];
    const patch = operations?.['patch'];
    assert.ok(patch && 'responses' in patch);
    return patch;
  };
  const deployment = patchOf('apis/apps/v1', '/namespaces/{namespace}/deployments');
  const names = deployment.parameters?.map(({ name }) => name);
  assert.ok(names?.includes('fieldValidation') && names.includes('dryRun'));
  assert.ok(deployment.requestBody?.content['application/strategic-merge-patch+json']);
  const route = patchOf('apis/networking.istio.io/v1', '/namespaces/{namespace}/virtualservices');
  assert.equal(route.requestBody?.content['application/strategic-merge-patch+json'], undefined);
  assert.deepEqual(route['x-kubernetes-group-version-kind'], {
    group: 'networking.istio.io',
    version: 'v1',
    kind: 'VirtualService',
  });
});

test('version 2 has the definitions without keywords of version 3', () => {
  const text = JSON.stringify(openApiV2(all));
  assert.ok(text.includes('io.istio.networking.v1.VirtualService'));
  assert.ok(!text.includes('"oneOf":['));
  assert.ok(!text.includes('"nullable":true'));
});
