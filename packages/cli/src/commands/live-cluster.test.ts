import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runWords } from '../testing/run-words.ts';
import { type ApiAnswers, kubeconfigOf, listOf, startTestApi } from '../testing/test-api.ts';

const startApi = async (t: TestContext, answers: ApiAnswers) => {
  const { url, asked } = await startTestApi(t, answers);
  const folder = mkdtempSync(join(tmpdir(), 'lateen-live-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf({ c: url }, 'shop'));
  return { kubeconfig, folder, asked };
};

const shop: ApiAnswers = {
  '/api/v1/namespaces/shop': { kind: 'Namespace', metadata: { name: 'shop' } },
  '/api/v1/namespaces': listOf({
    metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } },
  }),
  '/api/v1/nodes': listOf(),
  '/api/v1/secrets': listOf(),
  '/api/v1/services': listOf({
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }] },
  }),
  '/api/v1/pods': listOf({
    metadata: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' }, uid: '1' },
    spec: { containers: [{ name: 'cart', image: 'x' }] },
  }),
  '/apis/apps/v1/deployments': listOf(),
  '/apis/networking.istio.io/v1/virtualservices': listOf({
    metadata: { name: 'cart', namespace: 'shop', uid: '2' },
    spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'kart' } }] }] },
  }),
};

test('analyze reads the cluster of KUBECONFIG and the namespace of its context', async (t) => {
  const { kubeconfig, folder } = await startApi(t, shop);
  const words = ['analyze', '--state-dir', join(folder, 'none')];
  const { code, out } = await runWords(words, { KUBECONFIG: `/nonexistent:${kubeconfig}` });
  assert.equal(code, 79);
  assert.equal(
    out,
    'Error [IST0101] (VirtualService shop/cart) Referenced host not found: "kart"\n' +
      'Warning [IST0103] (Pod shop/cart-1) The pod shop/cart-1 is missing the Istio proxy. This can often be resolved by restarting or redeploying the workload.\n',
  );
});

test('--context chooses one cluster of several', async (t) => {
  const { kubeconfig, folder } = await startApi(t, shop);
  const file = join(folder, 'several');
  const text = readFileSync(kubeconfig, 'utf8').replace(
    '"current-context":"c"',
    '"current-context":"x"',
  );
  writeFileSync(file, text);
  const words = ['analyze', '--kubeconfig', file];
  assert.match((await runWords(words)).err, /contexts|"x"/);
  assert.equal((await runWords([...words, '--context', 'c'])).code, 79);
});

test('files are taken as if they were applied', async (t) => {
  const { kubeconfig, folder } = await startApi(t, shop);
  const file = join(folder, 'fix.yaml');
  writeFileSync(
    file,
    'apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: { name: cart }\nspec: { hosts: [cart], http: [{ route: [{ destination: { host: cart } }] }] }\n',
  );
  const { code, out } = await runWords(['analyze', '--kubeconfig', kubeconfig, file]);
  assert.equal(code, 0);
  assert.match(out, /^Warning \[IST0103\] [^\n]+\n$/);
});

test('a namespace that is not there is said, and nothing else', async (t) => {
  const { kubeconfig } = await startApi(t, shop);
  const result = await runWords(['analyze', '-n', 'gone', '--kubeconfig', kubeconfig]);
  assert.deepEqual(result, { code: 0, out: '', err: 'namespace "gone" not found\n' });
});

const clusterDump = JSON.stringify({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      static_clusters: [{ cluster: { name: 'xds-grpc' } }],
    },
  ],
});

const withProxy: ApiAnswers = {
  '/api/v1/namespaces/shop/pods/cart-1': { kind: 'Pod', metadata: { name: 'cart-1' } },
  '/api/v1/namespaces/prod/pods/cart-2': { kind: 'Pod', metadata: { name: 'cart-2' } },
  '/api/v1/namespaces/prod/pods': listOf(
    { metadata: { name: 'other', labels: { app: 'x' } }, status: { phase: 'Running' } },
    { metadata: { name: 'cart-old', labels: { app: 'cart' } }, status: { phase: 'Failed' } },
    { metadata: { name: 'cart-2', labels: { app: 'cart' } }, status: { phase: 'Running' } },
  ),
  '/apis/apps/v1/namespaces/prod/deployments/cart': {
    metadata: { name: 'cart' },
    spec: { selector: { matchLabels: { app: 'cart' } } },
  },
  '/api/v1/namespaces/shop/pods/cart-1:15000/proxy/config_dump': clusterDump,
  '/api/v1/namespaces/prod/pods/cart-2:15000/proxy/config_dump': clusterDump,
  '/api/v1/namespaces/shop/pods/cart-1:15000/proxy/clusters': '{}',
  '/api/v1/namespaces/shop/pods/cart-1:15000/proxy/logging': 'active loggers:\n  http: debug\n',
};

const table =
  'SERVICE FQDN     PORT     SUBSET     DIRECTION     TYPE       DESTINATION RULE\nxds-grpc         -        -          -             STATIC     \n';

test('pods are named as for istioctl, and asked through the API server', async (t) => {
  const { kubeconfig, asked } = await startApi(t, withProxy);
  const pc = (...words: readonly string[]) =>
    runWords(['pc', ...words, '--kubeconfig', kubeconfig]);
  for (const words of [['cart-1'], ['cart-1.shop'], ['cart-2', '-n', 'prod'], ['deploy/cart.prod']])
    assert.deepEqual(await pc('cluster', ...words), { code: 0, out: table, err: '' });
  assert.match((await pc('endpoints', 'cart-1')).out, /^ENDPOINT /);
  const log = await pc('log', 'cart-1', '--level', 'http:debug');
  assert.equal(log.out, 'cart-1.shop:\nactive loggers:\n  http: debug\n');
  assert.ok(
    asked.includes('POST /api/v1/namespaces/shop/pods/cart-1:15000/proxy/logging?http=debug'),
  );
});

const failures: readonly [readonly string[], RegExp][] = [
  [
    ['cluster', 'gone'],
    /^lateen: unable to retrieve Pod: pods "gone" not found in namespace shop\n$/,
  ],
  [['cluster', 'deploy/gone'], /^lateen: "deploy\/gone" does not refer to a pod\n$/],
  [['listener', 'serviceaccount/x'], /"serviceaccount\/x" does not refer to a pod/],
  [['listener', 'cart-1'], /config dump has no configuration type .*ListenersConfigDump/],
  [
    ['ep', 'cart-2.prod'],
    /the proxy of cart-2\.prod does not answer \/clusters\?format=json: status 404/,
  ],
  [['route'], /name a pod, or a file with --file/],
];
test('what goes wrong is said in one line', async (t) => {
  const { kubeconfig } = await startApi(t, withProxy);
  for (const [words, text] of failures) {
    const result = await runWords(['pc', ...words, '--kubeconfig', kubeconfig]);
    assert.equal(result.code, 1, words.join(' '));
    assert.match(result.err, text);
  }
});

test('a file stands for a proxy', async (t) => {
  const { folder } = await startApi(t, {});
  const file = join(folder, 'dump.json');
  writeFileSync(file, clusterDump);
  assert.equal((await runWords(['pc', 'c', '-f', file])).out, table);
  const json = await runWords(['proxy-config', 'clusters', '--file', file, '-o', 'json']);
  assert.equal(json.out, '[\n    {\n        "name": "xds-grpc"\n    }\n]\n');
  writeFileSync(file, 'nothing');
  assert.match((await runWords(['pc', 'c', '-f', file])).err, /dump\.json is not JSON/);
});

const dumpOf = (timeout: string, names: 'proto' | 'json'): unknown => {
  const name = (proto: string): string =>
    names === 'proto'
      ? proto
      : proto.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const section = (kind: string, list: string, entries: readonly unknown[]): unknown => ({
    '@type': `type.googleapis.com/envoy.admin.v3.${kind}`,
    [name(list)]: entries,
  });
  return {
    configs: [
      section('ClustersConfigDump', 'dynamic_active_clusters', [
        { cluster: { name: 'b', [name('connect_timeout')]: timeout } },
        { cluster: { name: 'a', [name('connect_timeout')]: '1s' } },
      ]),
      section('ListenersConfigDump', 'dynamic_listeners', [
        { name: 'l', [name('active_state')]: { listener: { name: 'l' } } },
      ]),
      section('RoutesConfigDump', 'dynamic_route_configs', [
        { [name('route_config')]: { name: '80' }, [name('last_updated')]: '2026-01-02T03:04:05Z' },
      ]),
    ],
  };
};

const istiodPage = '/api/v1/namespaces/istio-system/pods/istiod-1:15014/proxy/debug';
const withIstiod = (sent: unknown, runs: unknown): ApiAnswers => ({
  '/api/v1/namespaces/shop/pods/cart-1': { kind: 'Pod', metadata: { name: 'cart-1' } },
  '/api/v1/namespaces/shop/pods/cart-1:15000/proxy/config_dump': runs,
  '/api/v1/namespaces/istio-system/pods': listOf({
    metadata: { name: 'istiod-1', labels: { app: 'istiod' } },
    status: { phase: 'Running' },
  }),
  [`${istiodPage}/syncz`]: JSON.stringify([{ proxy: 'cart-1.shop', cluster_id: 'one' }]),
  [`${istiodPage}/config_dump`]: sent,
});

test('ps POD: what istiod sent last is what the proxy runs, or the difference', async (t) => {
  const same = await startApi(t, withIstiod(dumpOf('1s', 'json'), dumpOf('1s', 'proto')));
  const words = ['ps', 'cart-1', '--kubeconfig'];
  const { out } = await runWords([...words, same.kubeconfig]);
  assert.match(
    out,
    /^Clusters Match\nListeners Match\nRoutes Match \(RDS last loaded at \w{3}, 0[123] Jan 2026 \d\d:\d\d:05 \S+\)\n$/,
  );
  const other = await startApi(t, withIstiod(dumpOf('1s', 'json'), dumpOf('2s', 'proto')));
  const difference = (await runWords([...words, other.kubeconfig])).out;
  assert.match(
    difference,
    /^Clusters Don't Match\n--- Istiod Clusters\n\+\+\+ Envoy Clusters\n@@ /,
  );
  assert.match(difference, /\n-\s+"connectTimeout": "1s",\n\+\s+"connectTimeout": "2s",\n/);
  assert.match(difference, /\n\nListeners Match\nRoutes Match /);
});

test('ps POD of a proxy that no istiod serves says so', async (t) => {
  const answers = { ...withIstiod({}, dumpOf('1s', 'proto')), [`${istiodPage}/syncz`]: '[]' };
  const { kubeconfig } = await startApi(t, answers);
  const { code, err } = await runWords(['ps', 'cart-1', '--kubeconfig', kubeconfig]);
  assert.equal(`${code} ${err}`, '1 lateen: no istiod serves cart-1.shop: see lateen ps\n');
});
