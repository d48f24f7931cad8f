/** Two clusters, and each one's dashboard shows both: the graph, whole traces, logs; also when the other one is gone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Graph, LogAnswer, Trace, TraceList } from '@lateen/telemetry/contract';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from '../../packages/dashboard/src/testing/browser.ts';
import { openGraph, photograph, readRows, showPicture, showTable } from './graph-page.ts';
import { fetchPage, type Mesh, missing, root, starsOf, startMesh, until } from './mesh.ts';
import { supervisorOf } from './processes.ts';
import { productPage, tallyStars } from './product-page.ts';
import { startVisitors, type Visitors } from './visitors.ts';

const options = { skip: missing, timeout: 240_000 };
const inBrowser = { ...options, skip: missing === false ? noBrowser : missing };
const clusters = ['cluster1', 'cluster2'] as const;
let mesh: Mesh;
let dashboards: readonly string[];
let jason: string;
let visitors: Visitors | undefined;
let browser: Browser | undefined;

const dashboardOf = async (cluster: string): Promise<string> => {
  const { stdout } = await mesh.lateen('status', '--context', cluster, '-o', 'json');
  return (JSON.parse(stdout) as { dashboard: string }).dashboard;
};

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh({ flags: ['--clusters', '2'], dashboard: true });
  dashboards = await Promise.all(clusters.map(dashboardOf));
  if (noBrowser === false) browser = await startBrowser();
}, options);
after(async () => {
  await visitors?.leave();
  await browser?.close();
  await mesh?.down();
}, options);

const read = async <T>(dashboard: string, path: string): Promise<T> => {
  const { status, body } = await fetchPage(`${dashboard}/api/v1/${path}`);
  assert.equal(status, 200, body);
  return JSON.parse(body) as T;
};

const sample = (name: string): string => `samples/multicluster/${name}.yaml`;

test('reviews of cluster2 for jason, as tutorial 003 has them', options, async () => {
  for (const cluster of clusters) {
    await mesh.kubectl(`--context=${cluster} label namespace default istio-injection=enabled`);
    await mesh.kubectl(`--context=${cluster} apply -f ${sample(cluster)}`);
    await mesh.kubectl(`--context=${cluster} apply -f ${sample('reviews-subsets')}`);
  }
  const gateway = await mesh.kubectl(
    '--context=cluster2 -n istio-system get svc istio-ingressgateway -o jsonpath={.status.loadBalancer.ingress[0].ip}',
  );
  const entry = readFileSync(join(root, sample('reviews-global')), 'utf8');
  const toGateway = entry.replace('address: GATEWAY', `address: ${gateway}`);
  await mesh.kubectl('--context=cluster1 apply -f -', toGateway);
  await mesh.kubectl(`--context=cluster1 apply -f ${sample('reviews-for-jason')}`);
  await mesh.kubectl(
    '--context=cluster1 apply -f samples/bookinfo/networking/bookinfo-gateway.yaml',
  );
  for (const cluster of clusters)
    await mesh.kubectl(
      `--context=${cluster} wait --for=condition=Available deployment --all --timeout=60s`,
    );
  jason = await mesh.signIn('jason');
  await until('stars for jason', async () => {
    const page = await productPage(mesh.gateway, jason);
    return page.status === 200 && starsOf(page.body) !== 'none' ? true : undefined;
  });
});

/** `cluster service kind`, as deep as it lies. */
const drawn = ({ spans }: Trace): readonly string[] =>
  spans.map(({ depth, service, kind, attributes }) =>
    [' '.repeat(depth), attributes['istio.cluster_id'], service.split('.')[0], kind].join(' '),
  );

const visit = [
  ' cluster1 istio-ingressgateway server',
  '  cluster1 istio-ingressgateway client',
  '   cluster1 productpage server',
  '    cluster1 productpage client',
  '     cluster1 details server',
  '    cluster1 productpage client',
  '     cluster2 reviews server',
  '      cluster2 reviews client',
  '       cluster2 ratings server',
];

/** The newest trace of a visit that went through both clusters. */
const wholeVisit = (dashboard: string): Promise<Trace> =>
  until('a whole trace', async () => {
    const { traces } = await read<TraceList>(dashboard, 'traces?service=ratings.default');
    const whole = traces.find(({ isWhole, spanCount }) => isWhole && spanCount === visit.length);
    return whole && read<Trace>(dashboard, `traces/${whole.traceId}`);
  });

test('a request through both clusters is one trace in both dashboards', options, async () => {
  const [first = '', second = ''] = dashboards;
  const trace = await wholeVisit(first);
  assert.deepEqual(drawn(trace), visit);
  const same = await until('the same trace', async () => {
    const found = await read<Trace>(second, `traces/${trace.traceId}`);
    return found.unreachable?.length === 0 ? found : undefined;
  });
  assert.deepEqual(drawn(same), visit);
  assert.deepEqual(drawn(await wholeVisit(second)), visit);
});

test('its log lines come from both clusters too', options, async () => {
  const trace = await wholeVisit(dashboards[0] ?? '');
  const requestId = trace.spans[0]?.attributes['guid:x-request-id'] ?? '';
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  for (const [at, dashboard] of dashboards.entries()) {
    const pods = await until('the lines of both sides of each call', async () => {
      const path = `logs?namespace=default&requestId=${requestId}`;
      const { lines, errors } = await read<LogAnswer>(dashboard, path);
      const ofProxies = lines.filter(({ access }) => access !== undefined);
      return ofProxies.length === 7 && errors.length === 0 ? ofProxies : undefined;
    });
    const told = pods.map(({ pod, cluster = clusters[at] }) => `${cluster} ${pod.split('-')[0]}`);
    assert.deepEqual([...new Set(told)].toSorted(), [
      ...['cluster1 details', 'cluster1 productpage', 'cluster2 ratings', 'cluster2 reviews'],
    ]);
  }
});

const productpage = 'app:cluster1/default/productpage@v1';
const across = [
  `${productpage}|app:cluster2/default/reviews@v2|http`,
  `${productpage}|app:cluster2/default/reviews@v3|http`,
];
const inside = [
  `${productpage}|app:cluster1/default/details@v1|http`,
  'app:cluster2/default/reviews@v2|app:cluster2/default/ratings@v1|http',
  'app:cluster2/default/reviews@v3|app:cluster2/default/ratings@v1|http',
];

/** Clusters that do not answer. */
const lostIn = ({ otherClusters = [] }: Graph): readonly string[] =>
  otherClusters.filter(({ error }) => error !== '').map(({ name }) => name);

test('both dashboards have the graph of both clusters', options, async () => {
  visitors = startVisitors(`${mesh.gateway}/productpage`, { cookie: jason });
  for (const dashboard of dashboards) {
    const graph = await until('all edges, as both sides report them', async () => {
      const found = await read<Graph>(dashboard, 'graph?namespaces=default');
      const mutual = found.edges.filter(({ mtlsShare }) => mtlsShare === 1).map(({ id }) => id);
      const isWhole = [...across, ...inside].every((id) => mutual.includes(id));
      return isWhole && lostIn(found).length === 0 ? found : undefined;
    });
    const dead = graph.nodes.filter(({ flags }) => flags.isDead).map(({ id }) => id);
    assert.deepEqual(dead, []);
  }
});

/** A proxy counts a request a moment after its client has the answer. */
const countedMs = 1_000;

/** Requests by edge, the same in both dashboards, when all that was asked before has been scraped. */
const settledCounts = async (): Promise<Record<string, number>> => {
  const askedMs = Date.now();
  const settled = async (): Promise<Record<string, number> | undefined> => {
    const graphs = await Promise.all(
      dashboards.map((one) =>
        read<Graph>(one, 'graph?namespaces=default&window=15m&moved=true&idle=false'),
      ),
    );
    const isScraped = graphs.every(({ storedToMs }) => storedToMs > askedMs + countedMs);
    const [one = [], two = []] = graphs.map(({ edges }) =>
      edges.map(({ id, requests }) => [id, requests] as const).toSorted(),
    );
    const isSame = JSON.stringify(one) === JSON.stringify(two);
    return isScraped && isSame ? Object.fromEntries(one) : undefined;
  };
  return until('the same numbers in both', settled, 60_000);
};

test('the same requests are counted in both, each once', options, async () => {
  await visitors?.leave();
  visitors = undefined;
  const before = await settledCounts();
  const { black = 0, red = 0 } = await tallyStars(mesh.gateway, 40, jason);
  const now = await settledCounts();
  const grown = [...across, ...inside].map((id) => (now[id] ?? 0) - (before[id] ?? 0));
  assert.equal(black + red, 40);
  assert.deepEqual(grown, [black, red, 40, black, red]);
});

const openPage = async (dashboard: string): Promise<Page> => {
  assert.ok(browser !== undefined);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  await openGraph(page, dashboard, 'default');
  return page;
};

test('a person sees both clusters on one page', inBrowser, async () => {
  visitors = startVisitors(`${mesh.gateway}/productpage`, { cookie: jason });
  for (const dashboard of dashboards.toReversed()) {
    const page = await openPage(dashboard);
    await showTable(page);
    await until('the way to ratings', async () => {
      const edges = (await readRows(page)).map(({ edge }) => edge);
      const isThere = ['productpage v1 > reviews v2', 'reviews v2 > ratings v1'].every((edge) =>
        edges.includes(edge),
      );
      return isThere ? true : undefined;
    });
    await showPicture(page);
    await photograph(page, 'dashboard-clusters');
    await page.close();
  }
});

test('what is in the other cluster leads to its dashboard', inBrowser, async () => {
  assert.ok(browser !== undefined);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  const node = encodeURIComponent('app:cluster2/default/reviews@v2');
  await page.goto(`${dashboards[0]}/#/graph?at=${node}`);
  const link = page.locator('.panel-links a').first();
  await link.waitFor();
  assert.equal(await link.getAttribute('href'), `${dashboards[1]}/#/workloads/default/reviews-v2`);
  // What it measured is drawn here.
  await page.locator('.line-chart, .chart').first().waitFor();
  await page.close();
});

test('a killed cluster is named, and the other one goes on', options, async () => {
  const [first = ''] = dashboards;
  process.kill(supervisorOf(join(mesh.stateDir, 'clusters', 'cluster2')), 'SIGKILL');
  const graph = await until('a cluster that is missed', async () => {
    const found = await read<Graph>(first, 'graph?namespaces=default');
    return lostIn(found).includes('cluster2') ? found : undefined;
  });
  assert.ok(graph.edges.some(({ source }) => source === productpage));
  const { traces, unreachable } = await read<TraceList>(first, 'traces?service=details.default');
  assert.deepEqual(unreachable, ['cluster2']);
  assert.ok(traces.length > 0);
});

test('the page says so, and still shows its own', inBrowser, async () => {
  const page = await openPage(dashboards[0] ?? '');
  await page.getByText(/cluster2 does not answer/).waitFor();
  await showTable(page);
  await until('its own edges', async () => {
    const edges = (await readRows(page)).map(({ edge }) => edge);
    return edges.includes('productpage v1 > details v1') ? true : undefined;
  });
  await page.goto(`${dashboards[0]}/#/traces`);
  await page
    .getByText(/cluster2/)
    .first()
    .waitFor();
  await page.close();
});

test('brought back, it is in the picture again', options, async () => {
  const up = await mesh.lateen('up', '--detach', '--context', 'cluster2');
  assert.equal(up.code, 0, up.stderr);
  const [first = ''] = dashboards;
  await until('nobody missed', async () => {
    const graph = await read<Graph>(first, 'graph?namespaces=default');
    return lostIn(graph).length === 0 ? true : undefined;
  });
  assert.deepEqual(drawn(await wholeVisit(first)), visit);
});
