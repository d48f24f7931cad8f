/** Real Envoys in a running mesh: as sidecars and as the ingress gateway, beside our own proxies. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { envoyMissing } from '../conformance/envoy/envoy-program.ts';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { productPage, tallyStars } from './product-page.ts';

const options = { skip: missing || envoyMissing, timeout: 300_000 };
/** Of one thing after another on a busy machine; an Envoy that lost istiod may wait half a minute. */
const patienceMs = 90_000;

const envoyImage = 'envoyproxy/envoy';
const ownImage = 'lateen/proxyv2:0.1.0';

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;

/** Jason gets v2, behind an Envoy; all others v1 and v3, behind our own proxies. */
const reviews = (others: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
  - match: [{ headers: { end-user: { exact: jason } } }]
    route: [{ destination: { host: reviews, subset: v2 } }]
  - route: ${others}
`;
const halves =
  '[{ destination: { host: reviews, subset: v1 }, weight: 50 }, { destination: { host: reviews, subset: v3 }, weight: 50 }]';
const allToV3 = '[{ destination: { host: reviews, subset: v3 } }]';
const allToV1 = '[{ destination: { host: reviews, subset: v1 } }]';

const detailsOnly = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: reviews-v2 }
spec:
  selector: { matchLabels: { app: reviews, version: v2 } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/default/sa/bookinfo-details] } }] }]
`;

let mesh: Mesh;
let jason = '';

before(async () => {
  if (options.skip !== false) return;
  mesh = await startMesh({ sample: 'bookinfo', flags: ['--proxy', 'envoy'] });
  await mesh.kubectl('apply -f samples/bookinfo/networking/destination-rule-all.yaml');
  const annotations = { 'sidecar.istio.io/proxyImage': ownImage };
  const template = { metadata: { annotations } };
  const patch = JSON.stringify({ spec: { template } });
  for (const name of ['reviews-v1', 'reviews-v3']) {
    const args = ['patch', 'deployment', name, '--type=merge', '-p', patch];
    const patched = await mesh.tryKubectl(args);
    assert.equal(patched.code, 0, patched.stderr);
  }
  await mesh.kubectl('rollout status deploy/reviews-v1 --timeout=90s');
  await mesh.kubectl('rollout status deploy/reviews-v3 --timeout=90s');
  jason = await mesh.signIn('jason');
}, options);
after(async () => {
  if (options.skip === false) await mesh.down();
}, options);

const podOf = (label: string): Promise<string> =>
  mesh.kubectl(`get pods -A -l ${label} -o jsonpath={.items[0].metadata.name}`);

/** Rows of `lateen ps` by the name of the pod. */
const proxyStatus = async (): Promise<ReadonlyMap<string, string>> => {
  const { stdout } = await mesh.lateen('ps');
  return new Map(stdout.split('\n').map((line) => [line.split('.')[0] ?? '', line]));
};

const envoyPods = (): Promise<readonly string[]> =>
  Promise.all(['app=productpage', 'app=reviews,version=v2', 'istio=ingressgateway'].map(podOf));

const inSync = async (): Promise<void> => {
  const pods = await envoyPods();
  await until(
    'every Envoy in sync',
    async () => {
      const rows = await proxyStatus();
      const synced = pods.filter((pod) => /(\s+SYNCED){4}/.test(rows.get(pod) ?? ''));
      return synced.length === pods.length ? true : undefined;
    },
    patienceMs,
  );
};

const seen = (stars: string, cookie?: string): Promise<true> =>
  until(
    `${stars} only`,
    async () => {
      const tally = await tallyStars(mesh.gateway, 6, cookie);
      return Object.keys(tally).toSorted().join() === stars ? true : undefined;
    },
    patienceMs,
  );

test('Envoys take all of the configuration', options, async () => {
  await inSync();
  const versions = await Promise.all(
    (await envoyPods()).map((pod) =>
      mesh.kubectl(
        `get pods -A --field-selector=metadata.name=${pod} -o jsonpath={.items[0].spec.containers[?(@.name=="istio-proxy")].image}`,
      ),
    ),
  );
  assert.deepEqual(versions, [envoyImage, envoyImage, envoyImage]);
});

test('a route by header and by weight, under mutual TLS both ways', options, async () => {
  await mesh.kubectl('apply -f -', strict);
  await mesh.kubectl('apply -f -', reviews(halves));
  // An Envoy calls ours ...
  await until(
    'v1 and v3 for others',
    async () => {
      const tally = await tallyStars(mesh.gateway, 24);
      return Object.keys(tally).toSorted().join() === 'none,red' ? true : undefined;
    },
    patienceMs,
  );
  // ... and an Envoy, which takes no plaintext.
  await seen('black', jason);
  const address = await mesh.kubectl(
    'get pods -l app=reviews,version=v2 -o jsonpath={.items[0].status.podIP}',
  );
  await assert.rejects(fetchPage(`http://${address}:9080/reviews/0`));
});

test('our proxy knows by the certificate which Envoy called it', options, async () => {
  const address = await mesh.kubectl(
    'get pods -l app=reviews,version=v3 -o jsonpath={.items[0].status.podIP}',
  );
  const { body } = await fetchPage(`http://${address}:15090/stats/prometheus`);
  const served = body
    .split('\n')
    .filter((line) => /^istio_requests_total\{.*reporter="destination"/.test(line))
    .filter((line) => line.includes('connection_security_policy="mutual_tls"'));
  const principal = 'source_principal="spiffe://cluster.local/ns/default/sa/bookinfo-productpage"';
  assert.ok(
    served.some((line) => line.includes(principal)),
    served.join('\n'),
  );
});

test('an Envoy holds a policy by the principal of its caller', options, async () => {
  await mesh.kubectl('apply -f -', detailsOnly);
  await until(
    'a refusal',
    async () => {
      const { body } = await productPage(mesh.gateway, jason);
      return body.includes('currently unavailable') ? true : undefined;
    },
    patienceMs,
  );
  await mesh.kubectl('delete authorizationpolicy reviews-v2');
  await seen('black', jason);
});

test('what an Envoy has is shown as of any proxy, and so are its metrics', options, async () => {
  const listeners = await mesh.lateen('proxy-config', 'listener', 'deploy/productpage-v1');
  assert.match(listeners.stdout, /15002 +ALL +Route: http_proxy/);
  const routes = await mesh.lateen('proxy-config', 'route', 'deploy/productpage-v1');
  assert.match(routes.stdout, /reviews\.default/);
  const secrets = await mesh.lateen('proxy-config', 'secret', 'deploy/productpage-v1');
  assert.match(secrets.stdout, /^default\s+Cert Chain\s+ACTIVE\s+true\s/m);
  const address = await mesh.kubectl(
    'get pods -l app=productpage -o jsonpath={.items[0].status.podIP}',
  );
  const { body } = await fetchPage(`http://${address}:15090/stats/prometheus`);
  assert.match(body, /^envoy_cluster_upstream_rq_total\{/m);
});

test('a changed VirtualService is followed', options, async () => {
  await mesh.kubectl('apply -f -', reviews(allToV3));
  await seen('red');
  await seen('black', jason);
});

test(
  'without a control plane Envoys serve on, and follow it when it is back',
  options,
  async () => {
    await mesh.kubectl('scale deploy/istiod -n istio-system --replicas=0');
    await mesh.kubectl('wait --for=delete pod -l app=istiod -n istio-system --timeout=60s');
    assert.deepEqual(await tallyStars(mesh.gateway, 12), { red: 12 });
    assert.deepEqual(await tallyStars(mesh.gateway, 6, jason), { black: 6 });
    await mesh.kubectl('scale deploy/istiod -n istio-system --replicas=1');
    await mesh.kubectl('rollout status deploy/istiod -n istio-system --timeout=90s');
    await mesh.kubectl('apply -f -', reviews(allToV1));
    await seen('none');
    await inSync();
  },
);
