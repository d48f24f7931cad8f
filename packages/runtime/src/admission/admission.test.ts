import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import type { AdmissionRequest } from '@lateen/apiserver';
import { FakeKubeClient, resources } from '@lateen/kube';
import { defaultInjectionOptions } from '@lateen/pilot';
import { istioValidationPlugin } from './istio-validation.ts';
import { injectionPlugin, serviceAccountPlugin } from './pod-plugins.ts';
import { remoteRulesPlugin } from './remote-rules.ts';

const requestFor = (
  plural: string,
  object: KubeObject,
  oldObject?: KubeObject,
): AdmissionRequest => ({
  group: '',
  version: 'v1',
  kind: object.kind,
  plural,
  object,
  oldObject,
  operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
  namespace: object.metadata.namespace,
  name: object.metadata.name,
  subresource: undefined,
  dryRun: false,
  user: { username: 'admin', groups: [] },
});

test('pods get their service account, and a proxy where the namespace wants one', async () => {
  const client = new FakeKubeClient();
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'mesh', labels: { 'istio-injection': 'enabled' } },
  };
  await client.create(resources.namespaces, namespace);
  const pod = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: name },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  const containers = async (name: string): Promise<string[]> => {
    const answer = await injectionPlugin(() => client, defaultInjectionOptions).admit(
      requestFor('pods', pod(name)),
    );
    const spec = answer.object?.spec as { containers: { name: string }[] };
    return spec.containers.map((container) => container.name);
  };
  assert.deepEqual(await containers('mesh'), ['app', 'istio-proxy']);
  assert.deepEqual(await containers('default'), ['app']);
  const { object } = await serviceAccountPlugin.admit(requestFor('pods', pod('mesh')));
  assert.equal((object!.spec as { serviceAccountName: string }).serviceAccountName, 'default');
});

test('Istio objects are checked, with the path of the field; others pass', async () => {
  const virtualService = (spec: object) => ({
    ...requestFor('virtualservices', {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      spec,
      metadata: { name: 'v', namespace: 'default' },
    }),
    group: 'networking.istio.io',
  });
  const refused = await istioValidationPlugin.admit(virtualService({ http: [] }));
  assert.ok(refused.diagnostics?.some(({ path }) => path?.startsWith('spec')));
  const http = [{ route: [{ destination: { host: 'a' } }] }];
  const accepted = await istioValidationPlugin.admit(virtualService({ hosts: ['a'], http }));
  assert.deepEqual(accepted.diagnostics, []);
  const match = [{ uri: { regex: 'a(?=b)' } }];
  const lookahead = [{ match, route: [{ destination: { host: 'a' } }] }];
  const answer = await istioValidationPlugin.admit(
    virtualService({ hosts: ['a'], http: lookahead }),
  );
  assert.deepEqual(
    answer.diagnostics?.map(({ path }) => path),
    ['spec.http[0].match[0].uri.regex'],
  );
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
  assert.deepEqual(await istioValidationPlugin.admit(requestFor('pods', pod)), {});
});

test('filters of access logs are read by the CEL of the proxy', async () => {
  const telemetry = (expression: string) =>
    istioValidationPlugin.admit({
      ...requestFor('telemetries', {
        apiVersion: 'telemetry.istio.io/v1',
        kind: 'Telemetry',
        metadata: { name: 'a', namespace: 'default' },
        spec: { accessLogging: [{ filter: { expression } }] },
      } as KubeObject),
      group: 'telemetry.istio.io',
    });
  assert.deepEqual((await telemetry('response.code >= 400')).diagnostics, []);
  const [refusal] = (await telemetry('response.code >=')).diagnostics ?? [];
  assert.equal(refusal?.path, 'spec.accessLogging[0].filter.expression');
  assert.match(refusal?.message ?? '', /not a valid CEL expression: /);
});

test('rules applied where the control plane does not read them get a warning', async () => {
  const plugin = remoteRulesPlugin('cluster1');
  const metadata = { name: 'v', namespace: 'default' };
  const rule = requestFor('virtualservices', {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata,
  });
  const { warnings = [] } = await plugin.admit({ ...rule, group: 'networking.istio.io' });
  assert.match(warnings[0] ?? '', /this VirtualService counts nowhere: .* is in cluster1/);
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata };
  assert.deepEqual(await plugin.admit(requestFor('pods', pod)), {});
});
