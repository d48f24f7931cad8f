import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { samplePath } from '../sample.ts';
import { runWords } from '../testing/run-words.ts';
import { kubeconfigOf, listOf, startTestApi } from '../testing/test-api.ts';

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-clusters-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

/** What `lateen up --clusters` installs of a cluster, as far as requests care. */
const installed = (network: string, address: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: istio-system, labels: { topology.istio.io/network: ${network} } }
---
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: istio-system
  labels: { topology.istio.io/network: ${network} }
spec:
  type: LoadBalancer
  loadBalancerIP: ${address}
  selector: { istio: ingressgateway }
  ports: [{ name: tls, port: 15443 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec: { template: { metadata: { labels: { istio: ingressgateway } } } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: cross-network-gateway, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
  - { port: { number: 15443, name: tls, protocol: TLS }, tls: { mode: AUTO_PASSTHROUGH }, hosts: ['*.local', '*.global'] }
`;

const sample = (name: string): string => samplePath(`multicluster/${name}.yaml`);

const remoteSecret = (cluster: string): string => `
apiVersion: v1
kind: Secret
metadata: { name: remote, namespace: istio-system, labels: { istio/multiCluster: 'true' } }
stringData: { ${cluster}: '' }
`;

test('tutorial 003 on manifests: through the gateway to the other cluster, each step with its file', async (t) => {
  const folder = folderFor(t);
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const one = file('one.yaml', installed('one', '192.0.2.1'));
  const two = file('two.yaml', installed('two', '192.0.2.2'));
  const entry = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: reviews-default }
spec:
  hosts: [reviews.default.global]
  location: MESH_INTERNAL
  ports: [{ name: http1, number: 9080, protocol: http }]
  resolution: DNS
  endpoints: [{ address: 192.0.2.2, labels: { cluster: cluster2 }, ports: { http1: 15443 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews-global }
spec:
  host: reviews.default.global
  trafficPolicy: { tls: { mode: ISTIO_MUTUAL } }
  subsets: [{ name: v2, labels: { cluster: cluster2 } }, { name: v3, labels: { cluster: cluster2 } }]
`;
  const near = [
    one,
    sample('cluster1'),
    file('entry.yaml', entry),
    sample('reviews-subsets'),
    sample('reviews-for-jason'),
  ];
  const far = [two, sample('cluster2'), sample('reviews-subsets')];
  const clusters = [
    ...near.flatMap((path) => ['--cluster', `cluster1=${path}`]),
    ...far.flatMap((path) => ['--cluster', `cluster2=${path}`]),
  ];
  const ask = [
    'explain',
    'http://reviews:9080/reviews/0',
    '--from',
    'productpage',
    '-H',
    'end-user: jason',
  ];
  const { out, err } = await runWords([...ask, ...clusters]);
  assert.equal(err, '');
  const text = out.replaceAll(samplePath(''), '').replaceAll(`${folder}/`, '');
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith('cluster   '));
  assert.deepEqual(lines.slice(from, from + 11), [
    'cluster        50 % outbound|9080|v2|reviews.default.global',
    '  rule         DestinationRule default/reviews-global (entry.yaml:15), subset v2',
    '  endpoints    192.0.2.2:15443 gateway of network two in cluster2',
    'gateway        istio-system/istio-ingressgateway-0 in cluster2, at 192.0.2.2:15443: passes TLS on by its server name, unopened',
    '  name         outbound_.9080_.v2_.reviews.default.global',
    '  by           servers[0] of Gateway istio-system/cross-network-gateway (two.yaml:29)',
    '  cluster      outbound_.9080_.v2_.reviews.default.svc.cluster.local',
    '  rule         DestinationRule default/reviews (multicluster/reviews-subsets.yaml:6)',
    '  endpoints    10.2.0.3:9080 default/reviews-v2-0 in cluster2',
    'arrives        default/reviews-v2-0 in cluster2: mutual TLS as spiffe://cluster.local/ns/default/sa/default, the port is PERMISSIVE',
    'cluster        50 % outbound|9080|v3|reviews.default.global',
  ]);
  assert.match(
    text,
    /^proxy +default\/productpage-v1-0 \(productpage-v1\) in cluster1, outbound$/m,
  );
  assert.match(text, /^info +cluster1 reads no other cluster: /m);
  const json = JSON.parse((await runWords([...ask, ...clusters, '-o', 'json'])).out) as {
    clusterId: string;
    destinations: { gateways: { clusterId: string }[] }[];
  };
  assert.equal(json.clusterId, 'cluster1');
  assert.equal(json.destinations[0]?.gateways[0]?.clusterId, 'cluster2');
  const alone = await runWords([...ask, ...near.flatMap((path) => ['-f', path]), '-o', 'json']);
  assert.doesNotMatch(alone.out, /clusterId/);
});

test('Secrets among the manifests say which clusters are read; --context whose caller it is', async (t) => {
  const folder = folderFor(t);
  const words: string[] = [];
  for (const [cluster, other, address] of [
    ['one', 'two', '192.0.2.1'],
    ['two', 'one', '192.0.2.2'],
  ] as const) {
    const path = join(folder, `${cluster}.yaml`);
    writeFileSync(path, `${installed(cluster, address)}---${remoteSecret(other)}`);
    const app = sample(cluster === 'one' ? 'cluster1' : 'cluster2');
    words.push('--cluster', `${cluster}=${path}`, '--cluster', `${cluster}=${app}`);
  }
  const ask = (...more: readonly string[]) =>
    runWords(['explain', 'http://reviews:9080/', ...words, ...more]);
  const near = await ask('--from', 'productpage');
  assert.match(
    near.out,
    /endpoints +10\.1\.0\.\d+:9080 default\/reviews-v1-0 in one \(weight 1\), 192\.0\.2\.2:15443 gateway of network two in two \(weight 2\)/,
  );
  assert.match(
    near.out,
    /^client sees +the answer of one of default\/reviews-v1-0 in one, default\/reviews-v2-0 in two, /m,
  );
  const far = await ask('--from', 'ratings', '--context', 'two');
  assert.match(far.out, /^proxy +default\/ratings-v1-0 \(ratings-v1\) in two, outbound$/m);
  assert.match(far.out, /192\.0\.2\.1:15443 gateway of network one in one/);
  const wrong = await ask('--from', 'ratings', '--context', 'three');
  assert.equal(wrong.err, 'lateen: there is no cluster "three": there are one, two\n');
});

const pod = (cluster: string, name: string, podIP: string): unknown => ({
  metadata: {
    ...{ name, namespace: 'default' },
    labels: { app: name, 'security.istio.io/tlsMode': 'istio' },
  },
  spec: {
    containers: [{ name: 'istio-proxy', env: [{ name: 'ISTIO_META_CLUSTER_ID', value: cluster }] }],
  },
  status: { podIP },
});

const shop = (clusterIP: string): unknown => ({
  metadata: { name: 'shop', namespace: 'default' },
  spec: { clusterIP, selector: { app: 'shop' }, ports: [{ name: 'http', port: 80 }] },
});

const sliceOf = (name: string, address: string): unknown => ({
  metadata: {
    ...{ name: 'shop-1', namespace: 'default' },
    labels: { 'kubernetes.io/service-name': 'shop' },
  },
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: [
    { addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', name } },
  ],
});

test('a running mesh: clusters of its Secrets are read, and one that is away is told', async (t) => {
  const folder = folderFor(t);
  const far = await startTestApi(t, {
    '/api/v1/pods': listOf(pod('far', 'shop', '10.9.0.1')),
    '/api/v1/services': listOf(shop('10.99.0.1')),
    '/apis/discovery.k8s.io/v1/endpointslices': listOf(sliceOf('shop', '10.9.0.1')),
  });
  // Nobody serves tcpmux.
  const gone = 'http://127.0.0.1:1';
  const secret = (cluster: string, url: string): unknown => ({
    metadata: {
      ...{ name: `remote-${cluster}`, namespace: 'istio-system' },
      labels: { 'istio/multiCluster': 'true' },
    },
    data: { [cluster]: Buffer.from(kubeconfigOf({ c: url })).toString('base64') },
  });
  const near = await startTestApi(t, {
    '/api/v1/pods': listOf(pod('near', 'buyer', '10.8.0.1')),
    '/api/v1/services': listOf(shop('10.98.0.1')),
    '/api/v1/namespaces/istio-system/secrets': listOf(secret('far', far.url), secret('gone', gone)),
  });
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf({ unused: gone, near: near.url }));
  const words = ['explain', 'http://shop/', '--from', 'buyer', '--kubeconfig', kubeconfig];
  const { code, out, err } = await runWords([...words, '--context', 'near']);
  assert.equal(`${code} ${err}`, '0 ');
  assert.match(out, /^proxy +default\/buyer \(buyer\) in near, outbound$/m);
  assert.match(out, /endpoints +10\.9\.0\.1:8080 default\/shop in far\n/);
  assert.match(
    out,
    /^warning +cluster gone cannot be read: .*ECONNREFUSED.*Secret istio-system\/remote-gone/m,
  );
  assert.match(out, /^client sees +the answer of default\/shop in far$/m);
});
