import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { type FakeKubeClient, resources } from '@lateen/kube';
import type { ExplainAnswer } from '../contract/explain.ts';
import { runningEyes } from '../testing/running-eyes.ts';
import { sampleObjects } from '../testing/sample-mesh.ts';

/** An API server of a few lists; others are 404. */
const startApi = async (
  t: TestContext,
  lists: Readonly<Record<string, readonly unknown[]>>,
): Promise<string> => {
  const server = createServer((request, response) => {
    const items = lists[(request.url ?? '').split('?', 1)[0] ?? ''];
    response.statusCode = items === undefined ? 404 : 200;
    response.end(JSON.stringify({ kind: 'List', metadata: {}, items: items ?? [] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const joins = (client: FakeKubeClient, clusterId: string, server: string): Promise<KubeObject> => {
  const kubeconfig = JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 't' } }],
  });
  const labels = { 'istio/multiCluster': 'true' };
  return client.create(resources.secrets, {
    metadata: { name: `remote-${clusterId}`, namespace: 'istio-system', labels },
    data: { [clusterId]: Buffer.from(kubeconfig).toString('base64') },
  } as unknown as KubeObject);
};

const labels = { app: 'reviews', version: 'v9', 'security.istio.io/tlsMode': 'istio' };
const farPod = {
  metadata: { name: 'reviews-far', namespace: 'default', labels },
  spec: {
    containers: [{ name: 'istio-proxy', env: [{ name: 'ISTIO_META_CLUSTER_ID', value: 'far' }] }],
  },
  status: { podIP: '10.99.0.9' },
};
const farSlice = {
  metadata: {
    name: 'reviews-far',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'reviews' },
  },
  ports: [{ name: 'http', port: 9080, protocol: 'TCP' }],
  endpoints: [
    {
      addresses: ['10.99.0.9'],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', name: 'reviews-far' },
    },
  ],
};

test('the dashboard follows requests into other clusters, as the command does', async (t) => {
  const server = await runningEyes(sampleObjects);
  t.after(() => server.close());
  const far = await startApi(t, {
    '/api/v1/pods': [farPod],
    '/apis/discovery.k8s.io/v1/endpointslices': [farSlice],
  });
  await joins(server.client, 'far', far);
  await joins(server.client, 'gone', 'http://127.0.0.1:1');
  const yaml = sampleObjects.some(({ kind }) => kind === 'VirtualService')
    ? `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec: { hosts: [reviews], http: [{ route: [{ destination: { host: reviews } }] }] }`
    : '';
  const from = { kind: 'outbound', workload: 'productpage' };
  const body = { url: 'http://reviews:9080/', from, yaml };
  const answer = await server.call('POST', 'explain', { body });
  const { simulation, path, diagnostics } = answer.body as ExplainAnswer;
  const arrivals = simulation?.destinations.flatMap((one) => one.arrivals) ?? [];
  assert.deepEqual(
    arrivals
      .filter(({ clusterId }) => clusterId === 'far')
      .map(({ pod, outcome }) => [pod, outcome]),
    [['default/reviews-far', 'delivered']],
  );
  assert.deepEqual(
    path?.ways.map(({ target }) => target).filter((target) => target.startsWith('app:far/')),
    ['app:far/default/reviews@v9'],
  );
  assert.match(
    diagnostics.find(({ code }) => code === 'ClusterUnreachable')?.message ?? '',
    /^cluster gone cannot be read: /,
  );
});
