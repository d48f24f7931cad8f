/** Two control planes, one of them for a third cluster too, and all pods on one network. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Graph } from '@lateen/telemetry/contract';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { entrance, service } from './reviews-entrance.ts';

const options = { skip: missing, timeout: 240_000 };
const clusters = ['west', 'east', 'north'] as const;
type Cluster = (typeof clusters)[number];
let mesh: Mesh;
let gateways: ReadonlyMap<string, string>;

const context = (cluster: Cluster, command: string, input?: string): Promise<string> =>
  mesh.kubectl(`--context=${cluster} ${command}`, input);

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews-v1 }
spec:
  selector: { matchLabels: { app: reviews } }
  template:
    metadata: { labels: { app: reviews, version: v1 } }
    spec:
      containers:
      - name: reviews
        image: istio/examples-bookinfo-reviews-v1:1.20.1
        env: [{ name: CLUSTER_NAME, value: north }]
        ports: [{ containerPort: 9080 }]
`;

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`;

/** Which cluster answered at the gateway of one; undefined when the call failed. */
const call = async (cluster: Cluster): Promise<string | undefined> => {
  const url = `${gateways.get(cluster)}/reviews/0`;
  const page = await fetchPage(url).catch(() => undefined);
  if (page?.status !== 200) return undefined;
  return (JSON.parse(page.body) as { clustername: string }).clustername;
};

before(async () => {
  if (missing !== false) return;
  const names = ['--cluster', 'west', '--cluster', 'east', '--remote', 'north=west'];
  mesh = await startMesh({ flags: [...names, '--one-network'], dashboard: true });
  const { stdout } = await mesh.lateen('status', '-o', 'json');
  const { clusters: members } = JSON.parse(stdout) as {
    clusters: readonly { name: string; gateway: { http: string } }[];
  };
  gateways = new Map(members.map(({ name, gateway }) => [name, gateway.http]));
}, options);
after(async () => {
  await mesh?.down();
}, options);

test('status says who controls whom', options, async () => {
  const { stdout } = await mesh.lateen('status');
  assert.match(stdout, /^north +ready, remote cluster of west,/m);
  assert.match(stdout, /^topology +multi-primary and primary-remote: west controls north$/m);
  const remote = await mesh.lateen('remote-clusters', '--context', 'west');
  assert.match(remote.stdout, /^north +istio-system\/istio-remote-secret-north +synced/m);
  const east = await mesh.lateen('remote-clusters', '--context', 'east');
  assert.doesNotMatch(east.stdout, /north/);
});

test('its proxies belong to one control plane, its service to both', options, async () => {
  for (const cluster of clusters) {
    await context(cluster, 'label namespace default istio-injection=enabled');
    await context(cluster, 'apply -f -', service);
  }
  await context('north', 'apply -f -', deployment);
  for (const cluster of ['west', 'east'] as const)
    await context(cluster, 'apply -f -', `${entrance}---${strict}`);
  await context('north', 'wait --for=condition=Available deployment --all --timeout=60s');
  const secret = await mesh.lateen('create-remote-secret', '--context', 'north');
  await context('east', 'apply -f -', secret.stdout);
  for (const cluster of ['west', 'east'] as const)
    await until(`an answer at ${cluster}`, () => call(cluster));
  assert.deepEqual([await call('west'), await call('east')], ['north', 'north']);
  const proxies = async (cluster: Cluster): Promise<string> =>
    (await mesh.lateen('ps', '--context', cluster)).stdout;
  assert.match(await proxies('west'), /^reviews-v1\S+ +north /m);
  assert.doesNotMatch(await proxies('east'), / north /);
});

const gatewayOf = (cluster: Cluster): string =>
  `wl:${cluster}/istio-system/istio-ingressgateway|app:north/default/reviews@v1|http`;

test('each of three dashboards shows who calls whom', options, async () => {
  for (const cluster of clusters) {
    const { stdout } = await mesh.lateen('status', '--context', cluster, '-o', 'json');
    const { dashboard } = JSON.parse(stdout) as { dashboard: string };
    await until(`both callers in the dashboard of ${cluster}`, async () => {
      await Promise.all([call('west'), call('east')]);
      const page = await fetchPage(`${dashboard}/api/v1/graph?namespaces=default`);
      const edges = (JSON.parse(page.body) as Graph).edges.map(({ id }) => id);
      const isThere = edges.includes(gatewayOf('west')) && edges.includes(gatewayOf('east'));
      return isThere ? true : undefined;
    });
  }
});

test('pods are reached directly, without a gateway between', options, async () => {
  const address = await context(
    'north',
    'get pods -l app=reviews -o jsonpath={.items[0].status.podIP}',
  );
  for (const cluster of ['west', 'east'] as const) {
    const pods = await context(
      cluster,
      '-n istio-system get pods -l app=istio-ingressgateway -o name',
    );
    const gateway = pods.trim().replace('pod/', '');
    const words = ['--cluster', 'outbound|9080||reviews.default.svc.cluster.local'];
    const { stdout } = await mesh.lateen(
      ...['proxy-config', 'endpoints', `${gateway}.istio-system`, '--context', cluster, ...words],
    );
    assert.match(stdout, new RegExp(`^${address}:9080 +HEALTHY`, 'm'), stdout);
    assert.doesNotMatch(stdout, /:15443/);
  }
  for (const cluster of ['west', 'east'] as const) {
    const words = ['http://reviews.example:8080/reviews/0', '--gateway', 'entrance'];
    const { stdout, stderr } = await mesh.lateen('explain', 'GET', ...words, '--context', cluster);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`endpoints +${address}:9080 default/reviews-v1-\\S+ in north`));
    assert.match(stdout, /^arrives .* in north: mutual TLS .*, the port is STRICT/m);
  }
  await context('north', '-n istio-system scale deployment istio-ingressgateway --replicas=0');
  await until('no gateway in north', async () => {
    const pods = await context('north', '-n istio-system get pods -o name');
    return pods.trim() === '' ? true : undefined;
  });
  for (const cluster of ['west', 'east'] as const)
    for (let at = 0; at < 20; at++) assert.equal(await call(cluster), 'north');
});
