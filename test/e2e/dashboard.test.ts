/** Tutorial 001, the part with the addons: what `kubectl apply -f samples/addons/` brings, and what Kiali shows. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';

const options = { skip: missing, timeout: 180_000 };
let mesh: Mesh;

before(async () => {
  if (missing === false) mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
}, options);
after(async () => {
  if (missing === false) await mesh.down();
}, options);

interface Edge {
  readonly source: string;
  readonly target: string;
  readonly requests: number;
  readonly share: number;
  readonly mtlsShare: number | null;
}

const graph = async (query: string): Promise<readonly Edge[]> => {
  const page = await fetchPage(`${mesh.dashboard}/api/v1/graph?${query}`);
  assert.equal(page.status, 200, page.body);
  return (JSON.parse(page.body) as { edges: readonly Edge[] }).edges;
};

const edgesTo = (edges: readonly Edge[], target: string): readonly Edge[] =>
  edges.filter((edge) => edge.target.endsWith(target));

/** The product page, so often. */
const visit = async (times: number, headers: Record<string, string> = {}): Promise<void> => {
  for (let count = 0; count < times; count++) {
    const page = await fetchPage(`${mesh.gateway}/productpage`, { headers });
    assert.equal(page.status, 200);
  }
};

test(
  'the addons: created as the tutorial prints it, ready, at their services',
  options,
  async () => {
    const printed = await mesh.kubectl('apply -f samples/addons/');
    assert.deepEqual(printed.trimEnd().split('\n'), [
      ...['serviceaccount/grafana created', 'configmap/grafana created', 'service/grafana created'],
      'deployment.apps/grafana created',
      'configmap/istio-grafana-dashboards created',
      'configmap/istio-services-grafana-dashboards created',
      ...['deployment.apps/jaeger created', 'service/tracing created', 'service/zipkin created'],
      ...['service/jaeger-collector created', 'serviceaccount/kiali created'],
      'configmap/kiali created',
      'clusterrole.rbac.authorization.k8s.io/kiali-viewer created',
      'clusterrole.rbac.authorization.k8s.io/kiali created',
      'clusterrolebinding.rbac.authorization.k8s.io/kiali created',
      'role.rbac.authorization.k8s.io/kiali-controlplane created',
      'rolebinding.rbac.authorization.k8s.io/kiali-controlplane created',
      ...['service/kiali created', 'deployment.apps/kiali created'],
      ...['serviceaccount/prometheus created', 'configmap/prometheus created'],
      'clusterrole.rbac.authorization.k8s.io/prometheus created',
      'clusterrolebinding.rbac.authorization.k8s.io/prometheus created',
      ...['service/prometheus created', 'deployment.apps/prometheus created'],
    ]);
    for (const name of ['grafana', 'jaeger', 'kiali', 'prometheus']) {
      await mesh.kubectl(`rollout status deployment/${name} -n istio-system --timeout=60s`);
    }
    const pods = await mesh.kubectl('get pods -n istio-system --no-headers');
    assert.match(pods, /^prometheus-\S+ +2\/2 +Running/m);
    assert.match(pods, /^kiali-\S+ +1\/1 +Running/m);
  },
);

const kialiObjects = `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: { name: kiali-gateway, namespace: istio-system }
spec:
  selector: { app: istio-ingressgateway }
  servers:
  - port: { number: 80, name: http-kiali, protocol: HTTP }
    hosts: ["kiali.ik8s.cc"]
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { name: kiali-virtualservice, namespace: istio-system }
spec:
  hosts: ["kiali.ik8s.cc"]
  gateways: [kiali-gateway]
  http:
  - match: [{ uri: { prefix: / } }]
    route: [{ destination: { host: kiali, port: { number: 20001 } } }]
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: { name: kiali, namespace: istio-system }
spec:
  host: kiali
  trafficPolicy: { tls: { mode: DISABLE } }
`;

test('kiali.ik8s.cc through the ingress gateway: to look at, not to change', options, async () => {
  await mesh.kubectl('apply -f -', kialiObjects);
  const host = { host: 'kiali.ik8s.cc' };
  const page = await until('the page of kiali.ik8s.cc', async () => {
    const found = await fetchPage(`${mesh.gateway}/`, { headers: host }).catch(() => undefined);
    return found?.status === 200 && /<html/.test(found.body) ? found : undefined;
  });
  assert.match(String(page.headers['content-security-policy']), /script-src 'self'/);
  const refused = await fetchPage(`${mesh.gateway}/api/v1/config/VirtualService/default/x`, {
    method: 'DELETE',
    headers: { ...host, 'x-lateen-request': '1' },
  });
  assert.equal(refused.status, 403);
  const foreign = await fetchPage(`${mesh.dashboard}/api/v1/status`, {
    headers: { host: 'evil.example' },
  });
  assert.equal(foreign.status, 403);
});

test('prometheus:9090 answers queries', options, async () => {
  const ip = await mesh.kubectl('get svc prometheus -n istio-system -o jsonpath={.spec.clusterIP}');
  const query = encodeURIComponent('count(istio_requests_total)');
  const page = await fetchPage(`http://${ip}:9090/api/v1/query?query=${query}`);
  assert.equal((JSON.parse(page.body) as { status: string }).status, 'success');
});

test('zipkin:9411 takes spans, and they can be looked up', options, async () => {
  const ip = await mesh.kubectl('get svc zipkin -n istio-system -o jsonpath={.spec.clusterIP}');
  const span = { traceId: 'abc', id: 'def', name: 'get', localEndpoint: { serviceName: 'me' } };
  const taken = await fetchPage(`http://${ip}:9411/api/v2/spans`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([span]),
  });
  assert.equal(taken.status, 202);
  const page = await fetchPage(`${mesh.dashboard}/api/v1/traces?service=me`);
  assert.equal((JSON.parse(page.body) as { traces: readonly unknown[] }).traces.length, 1);
});

test('the graph counts every request', options, async () => {
  const all = 'window=15m&namespaces=default';
  const counted = async (): Promise<number> =>
    edgesTo(await graph(all), 'productpage@v1').reduce((sum, { requests }) => sum + requests, 0);
  await visit(1);
  const start = await until('a first count', async () => (await counted()) || undefined);
  await visit(40);
  await until('40 more', async () => ((await counted()) >= start + 40 ? true : undefined));
  assert.ok((await counted()) <= start + 41);
  const [toDetails] = edgesTo(await graph(all), 'details@v1');
  assert.equal(toDetails?.mtlsShare, 1);
});

test('all v1: no edge to another version within 15 s', options, async () => {
  await mesh.kubectl(
    'apply -f samples/bookinfo/networking/destination-rule-all-mtls.yaml -f samples/bookinfo/networking/virtual-service-all-v1.yaml',
  );
  const startMs = performance.now();
  await until('only reviews v1', async () => {
    await visit(5);
    const edges = await graph('namespaces=default');
    const others = [...edgesTo(edges, 'reviews@v2'), ...edgesTo(edges, 'reviews@v3')];
    const isThere = edgesTo(edges, 'reviews@v1').length === 1;
    return isThere && others.length === 0 ? true : undefined;
  });
  const seconds = (performance.now() - startMs) / 1000;
  assert.ok(seconds < 20, `took ${seconds} s`);
});

test('50/50: two edges near 50 %; jason sees v2', options, async () => {
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-50-v3.yaml');
  await until('both edges near one half', async () => {
    await visit(40);
    const edges = await graph('window=15s&active=10s');
    const shares = ['reviews@v1', 'reviews@v3'].map((to) => edgesTo(edges, to)[0]?.share ?? 0);
    return shares.every((share) => share > 0.35 && share < 0.65) ? true : undefined;
  });
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-test-v2.yaml');
  const cookie = await mesh.signIn('jason');
  await until('an edge to v2', async () => {
    await visit(5, { cookie });
    return edgesTo(await graph('window=15s&active=10s'), 'reviews@v2')[0];
  });
});

test('pages hear of changes as they happen', options, async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const request = http.get(`${mesh.dashboard}/api/v1/events`, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      const found = /event: config\ndata: (.*"name":"reviews".*)\n/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  await mesh.kubectl('delete virtualservice reviews');
  assert.match(await promise, /"change":"deleted"/);
  request.destroy();
});
