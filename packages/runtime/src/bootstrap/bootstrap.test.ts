import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigMap, Deployment, EndpointSlice, Pod, Service } from '@lateen/api';
import { FakeKubeClient, resources } from '@lateen/kube';
import { readMeshConfigText } from '@lateen/pilot';
import { istioSystem } from './istio-system.ts';
import { namespacesOf } from './kube-system.ts';
import { keepsMeshConfig, meshConfigMap } from './mesh-config.ts';
import { applyObjects } from './object-applier.ts';
import { proxyBootstrap } from './proxy-bootstrap.ts';
import { publishTelemetry, telemetryService } from './telemetry-service.ts';

test('applying twice changes nothing; what the user changed stays; what is gone comes back', async () => {
  const client = new FakeKubeClient();
  const objects = [...namespacesOf(), ...istioSystem()];
  await applyObjects(client, objects);
  const gateway = { name: 'istio-ingressgateway', namespace: 'istio-system' };
  const scaled = { kind: 'merge', ...gateway, body: { spec: { replicas: 3 } } } as const;
  await client.patch(resources.deployments, scaled);
  await client.delete(resources.services, { ...gateway, name: 'istio-egressgateway' });
  const { resourceVersion } = await client.list(resources.pods);
  await applyObjects(client, objects);
  const deployment = await client.get<Deployment>(resources.deployments, gateway);
  assert.equal(deployment.spec?.replicas, 3);
  assert.equal(
    (await client.list(resources.pods)).resourceVersion,
    String(Number(resourceVersion) + 1),
  );
});

test('what we want differently from the last start is written', async () => {
  const client = new FakeKubeClient();
  await applyObjects(client, [meshConfigMap(true)]);
  await applyObjects(client, [{ ...meshConfigMap(true), ...{ data: { mesh: 'new' } } }]);
  const ref = { name: 'istio', namespace: 'istio-system' };
  const { data } = (await client.get(resources.configMaps, ref)) as unknown as {
    data: { mesh: string };
  };
  assert.equal(data.mesh, 'new');
});

test('without eyes nothing is traced by default, and what a user wrote stays', async () => {
  const client = new FakeKubeClient();
  const defaults = (map: ConfigMap) =>
    readMeshConfigText(map.data?.['mesh'] ?? '').value?.defaultProviders;
  assert.deepEqual(defaults(meshConfigMap(false)), {
    ...{ tracing: [], metrics: ['prometheus'], accessLogging: [] },
  });
  assert.equal(await keepsMeshConfig(client, false), false);
  await applyObjects(client, [meshConfigMap(true)]);
  assert.equal(await keepsMeshConfig(client, false), false);
  await applyObjects(client, [meshConfigMap(false)]);
  const body = { data: { mesh: 'defaultProviders: { tracing: [mine] }' } };
  const ref = { name: 'istio', namespace: 'istio-system' };
  await client.patch(resources.configMaps, { kind: 'merge', ...ref, body });
  // As it was started before, nothing is written anyway.
  assert.equal(await keepsMeshConfig(client, false), false);
  assert.equal(await keepsMeshConfig(client, true), true);
});

test('services have the ports of the demo profile', () => {
  const ports = (name: string) =>
    (
      istioSystem().find(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === name,
      ) as Service
    ).spec?.ports?.map(({ port, targetPort }) => [port, targetPort]);
  assert.deepEqual(ports('istio-ingressgateway'), [
    [15021, 15021],
    [80, 8080],
    [443, 8443],
    [31400, 31400],
    [15443, 15443],
  ]);
  assert.deepEqual(ports('istio-egressgateway'), [
    [80, 8080],
    [443, 8443],
  ]);
});

test('a cluster whose control plane is in another has the way there instead', () => {
  const objects = istioSystem({ networkId: 'n', controlPlane: 'elsewhere' });
  const named = (kind: string): readonly string[] =>
    objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  assert.deepEqual(named('Deployment'), ['istio-ingressgateway']);
  assert.deepEqual(named('ConfigMap'), []);
  const istiod = objects.find(({ metadata }) => metadata.name === 'istiod') as Service;
  assert.equal(istiod.spec?.selector, undefined);
  assert.deepEqual(
    istiod.spec?.ports?.map(({ port }) => port),
    [15_012],
  );
  const [root] = namespacesOf('n', 'cluster1').filter(
    ({ metadata }) => metadata.name === 'istio-system',
  );
  assert.deepEqual(root?.metadata.annotations, {
    'topology.istio.io/controlPlaneClusters': 'cluster1',
  });
});

test("the telemetry Service leads to the eyes' receivers, and nowhere without them", async () => {
  const client = new FakeKubeClient();
  await applyObjects(client, [telemetryService()]);
  const ref = { name: 'lateen-telemetry', namespace: 'kube-system' };
  const ports = async () => {
    const slice = await client.get<EndpointSlice>(resources.endpointSlices, ref);
    const { ports: real = [], endpoints } = slice as unknown as EndpointSlice;
    return [
      endpoints.flatMap(({ addresses }) => addresses),
      Object.fromEntries(real.map(({ name, port }) => [name, port])),
    ];
  };
  await publishTelemetry(client, {
    dashboard: 'http://127.0.0.1:20001',
    otlp: 'http://127.0.0.1:4319',
    otlpGrpc: 'http://127.0.0.1:4317',
    zipkin: 'http://127.0.0.1:9412',
  });
  assert.deepEqual(await ports(), [
    ['127.0.0.1'],
    { 'grpc-otlp': 4317, 'http-otlp': 4319, 'http-zipkin': 9412 },
  ]);
  await publishTelemetry(client, undefined);
  assert.deepEqual(await ports(), [[], {}]);
});

test('each provider of the mesh is at a port of the telemetry Service', () => {
  const { value, diagnostics } = readMeshConfigText(meshConfigMap(true).data?.['mesh'] ?? '');
  assert.deepEqual(diagnostics, []);
  const served = (telemetryService() as Service).spec?.ports?.map(({ port }) => port);
  for (const { name, opentelemetry, zipkin, envoyOtelAls } of value?.extensionProviders ?? []) {
    const { service, port } = opentelemetry ?? zipkin ?? envoyOtelAls ?? assert.fail(name);
    assert.equal(service, 'lateen-telemetry.kube-system.svc.cluster.local');
    assert.ok(served?.includes(port ?? 0), name);
  }
  assert.deepEqual(value?.defaultProviders.tracing, ['otel-tracing']);
});

test('a proxy is told who it is, where its app is and where istiod is', () => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'reviews-v1-abc-xyz',
      namespace: 'default',
      labels: { app: 'reviews', 'pod-template-hash': 'abc' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'reviews-v1-abc',
          uid: '1',
          controller: true,
        },
      ],
    },
    spec: { containers: [] },
  };
  const env = [{ name: 'ISTIO_META_MESH_ID', value: 'mesh-1' }];
  const bootstrap = proxyBootstrap({
    pod,
    role: 'sidecar',
    podAddress: '127.9.0.5',
    clusterId: 'cluster1',
    networkId: 'network1',
    container: { name: 'istio-proxy', env },
    appPorts: new Map([[9080, 20_001]]),
    discovery: { host: '127.9.128.7', port: 15_012 },
    secretSocket: '/pods/u/sds.sock',
    adminSocket: '/pods/u/15000.sock',
  }) as { node: { id: string; cluster: string; metadata: Record<string, unknown> } };
  const { id, cluster, metadata } = bootstrap.node;
  assert.equal(id, 'sidecar~127.9.0.5~reviews-v1-abc-xyz.default~default.svc.cluster.local');
  assert.equal(cluster, 'reviews.default');
  assert.equal(metadata['WORKLOAD_NAME'], 'reviews-v1');
  assert.equal(metadata['MESH_ID'], 'mesh-1');
  assert.equal(metadata['CLUSTER_ID'], 'cluster1');
  assert.equal(metadata['NETWORK'], 'network1');
  assert.equal(metadata['HTTP_PROXY_PORT'], '15002');
  assert.equal(metadata['LATEEN_APP_PORTS'], '{"9080":"127.0.0.1:20001"}');
});

test('buckets of histograms are what the pod says of them', () => {
  const statsConfig = (annotation: string): unknown => {
    const annotations = { 'sidecar.istio.io/statsHistogramBuckets': annotation };
    const bootstrap = proxyBootstrap({
      pod: {
        ...{ apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } },
        metadata: { name: 'a', namespace: 'default', annotations },
      },
      ...{ role: 'sidecar', podAddress: '127.9.0.5', clusterId: 'c', appPorts: new Map() },
      container: { name: 'istio-proxy' },
      discovery: { host: '127.9.128.7', port: 15_012 },
      ...{ secretSocket: '/s', adminSocket: '/a' },
    });
    return (bootstrap as { readonly stats_config?: unknown }).stats_config;
  };
  assert.deepEqual(statsConfig('{"istiocustom":[1,5,10],"bad":[2,1],"none":[]}'), {
    histogram_bucket_settings: [{ match: { prefix: 'istiocustom' }, buckets: [1, 5, 10] }],
  });
  for (const nonsense of ['', '{', '7', 'null', '{"a":["x"]}']) {
    assert.equal(statsConfig(nonsense), undefined, nonsense);
  }
});
