/** Tutorial 001 from its first command to its last: addons, Kiali's host, Bookinfo, and the graph in a real browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from '../../packages/dashboard/src/testing/browser.ts';
import {
  edgesOf,
  type GraphRow,
  openGraph,
  photograph,
  readRows,
  showPicture,
  showTable,
} from './graph-page.ts';
import { fetchPage, type Mesh, missing, pageWithStatus, startMesh, until } from './mesh.ts';
import { startVisitors, type Visitors } from './visitors.ts';

const skip = missing === false ? noBrowser : missing;
const options = { skip, timeout: 180_000 };
const kiali = 'http://kiali.ik8s.cc';
let mesh: Mesh;
let browser: Browser;
/** Kiali, open all the time. */
let page: Page;
let visitors: Visitors | undefined;
const errors: string[] = [];

before(async () => {
  if (skip !== false) return;
  mesh = await startMesh({ dashboard: true });
  await mesh.kubectl('label namespace default istio-injection=enabled');
  // The tutorial's reader writes the name into the hosts file of the machine with the browser.
  browser = await startBrowser({ hosts: { 'kiali.ik8s.cc:80': new URL(mesh.gateway).host } });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page.on('pageerror', (error) => errors.push(error.message));
}, options);
after(async () => {
  if (skip !== false) return;
  await visitors?.leave();
  await browser?.close();
  await mesh?.down();
}, options);

/** The words of a table's rows, without the heading. */
const rowsOf = (table: string): string[][] =>
  table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));

test('kubectl apply -f samples/addons/', options, async () => {
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
});

test('kubectl get pods -n istio-system: all seven run', options, async () => {
  const states = await until('seven pods', async () => {
    const rows = rowsOf(await mesh.kubectl('get pods -n istio-system'));
    const found = rows.map(([name = '', ready, status]) => [
      name.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, ''),
      ready,
      status,
    ]);
    return found.every(([, ready = '', status]) => {
      const [running, all] = ready.split('/');
      return status === 'Running' && running === all;
    })
      ? found
      : undefined;
  });
  assert.deepEqual(states, [
    ['grafana', '1/1', 'Running'],
    ['istio-egressgateway', '1/1', 'Running'],
    ['istio-ingressgateway', '1/1', 'Running'],
    ['istiod', '1/1', 'Running'],
    ['jaeger', '1/1', 'Running'],
    ['kiali', '1/1', 'Running'],
    ['prometheus', '2/2', 'Running'],
  ]);
});

test('kubectl get svc -n istio-system', options, async () => {
  const rows = rowsOf(await mesh.kubectl('get svc -n istio-system'));
  const found = rows.map(([name, type, , , ports = '']) => [
    name,
    type,
    ports.replace(/:\d+/g, ''),
  ]);
  assert.deepEqual(found, [
    ['grafana', 'ClusterIP', '3000/TCP'],
    ['istio-egressgateway', 'ClusterIP', '80/TCP,443/TCP'],
    ['istio-ingressgateway', 'LoadBalancer', '15021/TCP,80/TCP,443/TCP,31400/TCP,15443/TCP'],
    ['istiod', 'ClusterIP', '15010/TCP,15012/TCP,443/TCP,15014/TCP'],
    // Newer samples have OTLP's ports too.
    ['jaeger-collector', 'ClusterIP', '14268/TCP,14250/TCP,9411/TCP,4317/TCP,4318/TCP'],
    ['kiali', 'ClusterIP', '20001/TCP,9090/TCP'],
    ['prometheus', 'ClusterIP', '9090/TCP'],
    ['tracing', 'ClusterIP', '80/TCP,16685/TCP'],
    ['zipkin', 'ClusterIP', '9411/TCP'],
  ]);
});

test('kubectl get crds, kubectl api-resources', options, async () => {
  const names = rowsOf(await mesh.kubectl('get crds')).map(([name]) => name);
  for (const kind of ['gateways', 'virtualservices', 'destinationrules'])
    assert.ok(names.includes(`${kind}.networking.istio.io`), kind);
  const resources = await mesh.kubectl('api-resources --api-group=networking.istio.io');
  assert.match(
    resources,
    /^virtualservices +vs +networking\.istio\.io\/v1\S* +true +VirtualService$/m,
  );
});

/** The tutorial's three files, word for word. */
const kialiFiles = {
  'kiali-gateway.yaml': `apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata:
  name: kiali-gateway
  namespace: istio-system
spec:
  selector:
    app: istio-ingressgateway
  servers:
  - port:
      number: 80
      name: http-kiali
      protocol: HTTP
    hosts:
    - "kiali.ik8s.cc"
`,
  'kiali-virtualservice.yaml': `apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: kiali-virtualservice
  namespace: istio-system
spec:
  hosts:
  - "kiali.ik8s.cc"
  gateways:
  - kiali-gateway
  http:
  - match:
    - uri:
        prefix: /
    route:
    - destination:
        host: kiali
        port:
          number: 20001
`,
  'kiali-destinationrule.yaml': `apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata:
  name: kiali
  namespace: istio-system
spec:
  host: kiali
  trafficPolicy:
    tls:
      mode: DISABLE
`,
};

test('Kiali by its name through the ingress gateway', options, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-kiali-'));
  for (const [name, text] of Object.entries(kialiFiles)) writeFileSync(join(folder, name), text);
  const printed = await mesh.kubectl(`apply -f ${folder}`);
  rmSync(folder, { recursive: true });
  assert.equal(
    printed,
    [
      'destinationrule.networking.istio.io/kiali created',
      'gateway.networking.istio.io/kiali-gateway created',
      'virtualservice.networking.istio.io/kiali-virtualservice created',
      '',
    ].join('\n'),
  );
  const [gateway] = rowsOf(await mesh.kubectl('get gw -n istio-system'));
  assert.equal(gateway?.[0], 'kiali-gateway');
  const [service] = rowsOf(await mesh.kubectl('get vs -n istio-system'));
  assert.deepEqual(service?.slice(0, 3), [
    'kiali-virtualservice',
    '["kiali-gateway"]',
    '["kiali.ik8s.cc"]',
  ]);
  const [rule] = rowsOf(await mesh.kubectl('get dr -n istio-system'));
  assert.deepEqual(rule?.slice(0, 2), ['kiali', 'kiali']);
  await until('an answer', () =>
    fetchPage(`${mesh.gateway}/`, { headers: { host: 'kiali.ik8s.cc' } }).then(
      ({ status }) => (status === 200 ? true : undefined),
      () => undefined,
    ),
  );
  await openGraph(page, kiali, 'default');
  assert.match(await page.title(), /Lateen/);
  await page.getByRole('link', { name: 'Configuration' }).waitFor();
});

test('to look at, not to change; and not under any other name', options, async () => {
  const host = { host: 'kiali.ik8s.cc' };
  const seen = await fetchPage(`${mesh.gateway}/`, { headers: host });
  assert.match(String(seen.headers['content-security-policy']), /script-src 'self'/);
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

const addressOf = (service: string): Promise<string> =>
  mesh.kubectl(`get svc ${service} -n istio-system -o jsonpath={.spec.clusterIP}`);

test('prometheus:9090 answers queries', options, async () => {
  const query = encodeURIComponent('count({__name__=~"istio_.*|pilot_.*"})');
  const base = `http://${await addressOf('prometheus')}:9090`;
  const answer = await fetchPage(`${base}/api/v1/query?query=${query}`);
  assert.equal((JSON.parse(answer.body) as { status: string }).status, 'success');
});

test('zipkin:9411 takes spans, and they can be looked up', options, async () => {
  const span = { traceId: 'abc', id: 'def', name: 'get', localEndpoint: { serviceName: 'me' } };
  const taken = await fetchPage(`http://${await addressOf('zipkin')}:9411/api/v2/spans`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([span]),
  });
  assert.equal(taken.status, 202);
  const found = await fetchPage(`${mesh.dashboard}/api/v1/traces?service=me`);
  assert.equal((JSON.parse(found.body) as { traces: readonly unknown[] }).traces.length, 1);
});

test('Bookinfo, in the mesh and from outside', options, async () => {
  await mesh.kubectl('apply -f samples/bookinfo/platform/kube/bookinfo.yaml');
  await mesh.kubectl('wait --for=condition=Available deployment --all --timeout=60s');
  const pods = rowsOf(await mesh.kubectl('get pods'));
  assert.deepEqual(new Set(pods.map(([, ready]) => ready)), new Set(['2/2']));
  assert.equal(rowsOf(await mesh.kubectl('get svc')).length, 5);
  await until('all proxies in sync', async () => {
    const { stdout } = await mesh.istioctl('ps');
    const table = rowsOf(stdout);
    return table.length === 8 && !/STALE/.test(stdout) ? true : undefined;
  });
  await mesh.kubectl('apply -f samples/sleep/sleep.yaml');
  await mesh.kubectl('wait --for=condition=Available deployment sleep --timeout=60s');
  const inside = await mesh.kubectl('exec deploy/sleep -- curl -s productpage:9080');
  assert.match(inside, /<title>Simple Bookstore App<\/title>/);
  await mesh.kubectl('apply -f samples/bookinfo/networking/bookinfo-gateway.yaml');
  await until('the product page', () => pageWithStatus(`${mesh.gateway}/productpage`, 200));
  visitors = startVisitors(`${mesh.gateway}/productpage`);
});

/** Waits until the table in the browser is as it should be; returns it. */
const untilRows = async (
  what: string,
  isRight: (rows: readonly GraphRow[]) => boolean,
  timeoutMs?: number,
): Promise<readonly GraphRow[]> => {
  let last: readonly GraphRow[] = [];
  const probe = async (): Promise<readonly GraphRow[] | undefined> => {
    last = await readRows(page);
    return isRight(last) ? last : undefined;
  };
  return until(what, probe, timeoutMs).catch((error: Error) =>
    assert.fail(`${error.message}\nshown: ${edgesOf(last).join(', ')}`),
  );
};

const always = [
  'istio-ingressgateway latest > productpage v1',
  'productpage v1 > details v1',
] as const;
const outside = /sleep/;
const shown = (rows: readonly GraphRow[]): readonly string[] =>
  edgesOf(rows.filter(({ edge }) => !outside.test(edge)));
const areShown = (rows: readonly GraphRow[], edges: readonly string[]): boolean =>
  JSON.stringify(shown(rows)) === JSON.stringify([...always, ...edges].sort());

test('the graph draws what the visitors cause', options, async () => {
  await showTable(page);
  const rows = await untilRows('all versions', (found) =>
    areShown(found, [
      'productpage v1 > reviews v1',
      'productpage v1 > reviews v2',
      'productpage v1 > reviews v3',
      'reviews v2 > ratings v1',
      'reviews v3 > ratings v1',
    ]),
  );
  for (const { edge, isLocked, errors: failed } of rows.filter((row) => !outside.test(row.edge))) {
    assert.equal(isLocked, true, edge);
    assert.ok(!(failed > 0), `${edge}: ${failed} %`);
  }
  await showPicture(page);
  await page
    .locator('#graph-said', { hasText: `${rows.length} edges` })
    .waitFor({ state: 'attached' });
  await photograph(page, 'tutorial-graph');
});

test('all v1: no edge to v2 or v3 within 15 s', options, async () => {
  await showTable(page);
  const rules = await mesh.kubectl(
    'apply -f samples/bookinfo/networking/destination-rule-all.yaml',
  );
  assert.match(rules, /^(destinationrule\S+ created\n){4}$/);
  const services = await mesh.kubectl(
    'apply -f samples/bookinfo/networking/virtual-service-all-v1.yaml',
  );
  assert.match(services, /^(virtualservice\S+ created\n){4}$/);
  await untilRows('only v1', (rows) => areShown(rows, ['productpage v1 > reviews v1']), 15_000);
  await showPicture(page);
  await photograph(page, 'tutorial-graph-v1');
});

const nearHalf = (share: number | undefined): boolean =>
  share !== undefined && share > 40 && share < 60;

test('50/50: two edges near one half', options, async () => {
  await showTable(page);
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-50-v3.yaml');
  await untilRows(
    'two halves',
    (rows) => {
      const toReviews = rows.filter(({ edge }) => edge.startsWith('productpage v1 > reviews'));
      return (
        shown(toReviews).join() === 'productpage v1 > reviews v1,productpage v1 > reviews v3' &&
        toReviews.every(({ share }) => nearHalf(share))
      );
    },
    // The share is of the last minute: the time before the rule has to pass.
    90_000,
  );
  await showPicture(page);
  await photograph(page, 'tutorial-graph-50');
});

test('jason signs in and sees v2, and the graph an edge to it', options, async () => {
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-reviews-test-v2.yaml');
  const reader = await browser.newPage({ locale: 'en-US' });
  await reader.goto(`${mesh.gateway}/productpage`);
  await reader.getByRole('button', { name: 'Sign in' }).click();
  await reader.locator('input[name=username]').fill('jason');
  await reader.locator('#sign-in button[type=submit]').click();
  await reader.getByText('sign out').waitFor();
  await until('black stars', async () => {
    if ((await reader.locator('.star-black').count()) > 0) return true;
    await reader.reload();
    return undefined;
  });
  const clicks = startVisitors(`${mesh.gateway}/productpage`, {
    cookie: await mesh.signIn('jason'),
  });
  await showTable(page);
  await untilRows('v2 for him, v1 for the others', (rows) =>
    areShown(rows, [
      'productpage v1 > reviews v1',
      'productpage v1 > reviews v2',
      'reviews v2 > ratings v1',
    ]),
  );
  await showPicture(page);
  await photograph(page, 'tutorial-graph-jason');
  await clicks.leave();
  await reader.getByRole('link', { name: 'sign out' }).click();
  await reader.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(await reader.locator('.star-black').count(), 0);
  await reader.close();
});

test('nothing went wrong on the way', options, async () => {
  await visitors?.leave();
  assert.deepEqual(
    [...(visitors?.seen ?? [])].filter(([status]) => status !== 200),
    [],
  );
  assert.deepEqual(errors, []);
});
