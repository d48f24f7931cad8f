import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import type { AdmissionRequest } from '@lateen/apiserver';
import { FakeKubeClient, resources } from '@lateen/kube';
import { defaultInjectionOptions } from '@lateen/pilot';
import { type AdmissionMetrics, createAdmissionMetrics } from './admission-metrics.ts';
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

const validation = istioValidationPlugin(createAdmissionMetrics());

test('pods get their service account, and a proxy where the namespace wants one', async () => {
  const client = new FakeKubeClient();
  const metrics = createAdmissionMetrics();
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
    const answer = await injectionPlugin(() => client, defaultInjectionOptions, metrics).admit(
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
  const refused = await validation.admit(virtualService({ http: [] }));
  assert.ok(refused.diagnostics?.some(({ path }) => path?.startsWith('spec')));
  const http = [{ route: [{ destination: { host: 'a' } }] }];
  const accepted = await validation.admit(virtualService({ hosts: ['a'], http }));
  assert.deepEqual(accepted.diagnostics, []);
  const match = [{ uri: { regex: 'a(?=b)' } }];
  const lookahead = [{ match, route: [{ destination: { host: 'a' } }] }];
  const answer = await validation.admit(virtualService({ hosts: ['a'], http: lookahead }));
  assert.deepEqual(
    answer.diagnostics?.map(({ path }) => path),
    ['spec.http[0].match[0].uri.regex'],
  );
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
  assert.deepEqual(await validation.admit(requestFor('pods', pod)), {});
});

test('filters of access logs are read by the CEL of the proxy', async () => {
  const telemetry = (expression: string) =>
    validation.admit({
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

/** Lines of metrics that are not 0. */
const counted = ({ families }: AdmissionMetrics): readonly string[] =>
  families
    .flatMap((metric) => metric.render().split('\n'))
    .filter((line) => line !== '' && !line.startsWith('#') && !line.endsWith(' 0'));

test('injection and validation are counted under the names of istiod', async () => {
  const client = new FakeKubeClient();
  const metrics = createAdmissionMetrics();
  const labels = { 'istio-injection': 'enabled' };
  for (const metadata of [{ name: 'mesh', labels }, { name: 'plain' }])
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const plugin = injectionPlugin(() => client, defaultInjectionOptions, metrics);
  const inject = 'sidecar.istio.io/inject';
  const pods: readonly { namespace: string; metadata?: object; spec?: object }[] = [
    { namespace: 'plain' },
    { namespace: 'plain', metadata: { annotations: { [inject]: 'true' } } },
    { namespace: 'plain', metadata: { labels: { [inject]: 'true' } } },
    { namespace: 'mesh' },
    // The webhook of Istio never hears of the label; of the annotation it does.
    { namespace: 'mesh', metadata: { labels: { [inject]: 'false' } } },
    { namespace: 'mesh', metadata: { annotations: { [inject]: 'false' } } },
    { namespace: 'mesh', spec: { hostNetwork: true } },
  ];
  const podOf = ({ namespace, metadata, spec }: (typeof pods)[number]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace, ...metadata },
    spec: { containers: [{ name: 'app', image: 'x' }], ...spec },
  });
  for (const pod of pods) await plugin.admit(requestFor('pods', podOf(pod)));
  assert.deepEqual(counted(metrics), [
    'sidecar_injection_requests_total 4',
    'sidecar_injection_success_total 2',
    'sidecar_injection_skip_total 2',
  ]);
  const broken = injectionPlugin(
    () => assert.fail('the API server does not answer'),
    defaultInjectionOptions,
    metrics,
  );
  await assert.rejects(async () => broken.admit(requestFor('pods', podOf({ namespace: 'mesh' }))));
  assert.ok(counted(metrics).includes('sidecar_injection_failure_total 1'));
  const rule = (spec: object) =>
    istioValidationPlugin(metrics).admit({
      ...requestFor('virtualservices', {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'v', namespace: 'default' },
        spec,
      }),
      group: 'networking.istio.io',
    });
  const http = [{ route: [{ destination: { host: 'a' } }] }];
  for (const spec of [{ hosts: ['a'], http }, { hosts: ['a'], http }, {}]) await rule(spec);
  const labelled = 'group="networking.istio.io",version="v1",resource="virtualservices"';
  assert.deepEqual(counted(metrics).slice(-2), [
    `galley_validation_passed{${labelled}} 2`,
    `galley_validation_failed{${labelled},reason="invalid_resource"} 1`,
  ]);
});
