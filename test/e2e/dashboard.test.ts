/** The dashboard on a real mesh, in a real browser: numbers, wizards and what they do to traffic, bad edits, access for all. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser } from '../../packages/dashboard/src/testing/browser.ts';
import { photograph } from './graph-page.ts';
import {
  type Page as Answer,
  fetchPage,
  type Mesh,
  missing,
  starsOf,
  startMesh,
  until,
} from './mesh.ts';

const options = { skip: missing, timeout: 180_000 };
const inBrowser = { skip: missing === false ? noBrowser : missing, timeout: 180_000 };
let mesh: Mesh;
let browser: Browser | undefined;
/** What went wrong in any page. */
const problems: string[] = [];

before(async () => {
  if (missing !== false) return;
  mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
  if (noBrowser === false) browser = await startBrowser();
}, options);
after(async () => {
  await browser?.close();
  if (missing === false) await mesh.down();
}, options);

interface Looks {
  readonly language?: 'en-US' | 'zh-CN';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
}

/** A fresh page at a place such as `#/config`. */
const openPage = async (place: string, looks: Looks = {}): Promise<Page> => {
  assert.ok(browser);
  const { language = 'en-US', theme = 'light', width = 1280 } = looks;
  const page = await browser.newPage({
    ...{ viewport: { width, height: 900 }, locale: language, colorScheme: theme },
    reducedMotion: 'reduce',
  });
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => problems.push(`${place}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${place}: ${message.text()}`);
  });
  await page.goto(`${mesh.dashboard}/${place}`);
  await page.locator('main').waitFor();
  return page;
};

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
  const rule = 'samples/bookinfo/networking/virtual-service-reviews-v3.yaml';
  await mesh.kubectl(`apply -f ${rule}`);
  assert.match(await promise, /"change":"added"/);
  await mesh.kubectl(`delete -f ${rule}`);
  request.destroy();
});

/** Opens a wizard for a service as a reader does: from the list of configuration. */
const openWizard = async (title: string, service: string): Promise<Page> => {
  const page = await openPage('#/config');
  await page.getByRole('link', { name: new RegExp(`^${title}`) }).click();
  await page
    .getByRole('combobox', { name: 'Service', exact: true })
    .selectOption(`default/${service}`);
  return page;
};

/** Waits for the preview and saves what it shows. */
const save = async (page: Page): Promise<void> => {
  await page.getByText('Valid, not saved yet').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. The proxies have it in a moment:').waitFor();
  await page.close();
};

/** What the preview says, when it says what is expected. */
const preview = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.preview').getByText(text).first().waitFor();

const api = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  fetchPage(`${mesh.gateway}/api/v1/products/0${path}`, { headers });

/** Stars of ten views. */
const stars = async (cookie = ''): Promise<string> => {
  const seen = new Set<string>();
  for (let view = 0; view < 10; view++) {
    const answer = await fetchPage(`${mesh.gateway}/productpage`, { headers: { cookie } });
    seen.add(starsOf(answer.body));
  }
  return [...seen].sort().join();
};

const soon = (what: string, holds: () => Promise<boolean>): Promise<true> =>
  until(what, async () => ((await holds()) ? true : undefined));

test('wizard: shifting traffic', inBrowser, async () => {
  const page = await openWizard('Shift traffic', 'reviews');
  await page.getByLabel('Part of v3 in percent').fill('100');
  await preview(page, '100 %');
  await page.getByText(/^1 route · \d clusters/).waitFor();
  await save(page);
  await soon('v3 only', async () => (await stars()) === 'red');
});

test('wizard: routing requests', inBrowser, async () => {
  const page = await openWizard('Route requests', 'reviews');
  await page.getByLabel('Value').fill('jason');
  await page.getByLabel('Goes to version').selectOption('v2');
  await preview(page, /end-user/);
  await save(page);
  const cookie = await mesh.signIn('jason');
  await soon('v2 for jason', async () => (await stars(cookie)) === 'black');
  assert.equal(await stars(), 'red');
});

test('explain: a request of jason goes where his requests went', inBrowser, async () => {
  const page = await openPage('#/explain');
  await page.getByLabel('Headers, one a line').fill('end-user: jason');
  await page.locator('.client-sees', { hasText: /reviews-v2-/ }).waitFor();
  await page.getByRole('link', { name: /VirtualService reviews spec\.http\[0\]/ }).waitFor();
  await page.close();
});

test('a trace: every hop of a request, and its lines in the logs', inBrowser, async () => {
  const page = await openPage('#/traces');
  const whole = page.locator('.table tbody tr', { hasText: '/productpage' }).filter({
    has: page.getByRole('cell', { name: '9', exact: true }),
  });
  // Both proxies of each of four hops, and the one that asked first.
  await until('a whole trace', async () => {
    await visit(1);
    return (await whole.count()) > 0 ? true : undefined;
  });
  await whole.first().click();
  await page.getByRole('tab', { name: 'Waterfall' }).waitFor();
  const rows = await page.locator('.span-row .span-open').allInnerTexts();
  const sides = rows.map((row) => row.split(' · ')[0]?.split(/\s+/).join(' '));
  assert.deepEqual(sides.toSorted(), [
    'details server',
    'istio-ingressgateway client',
    'istio-ingressgateway server',
    'productpage client',
    'productpage client',
    'productpage server',
    'ratings server',
    'reviews client',
    'reviews server',
  ]);
  await photograph(page, 'dashboard-trace');
  await page.getByRole('tab', { name: 'Logs of this request' }).click();
  await page.locator('.log-line', { hasText: '/productpage' }).first().waitFor();
  await page.close();
});

test('wizard: faults, answers', inBrowser, async () => {
  const page = await openWizard('Inject faults', 'details');
  await page.getByLabel('Of how many requests').fill('0');
  await page.getByLabel('Answer with status').fill('418');
  await page.getByLabel('To how many requests').fill('100');
  await preview(page, /418/);
  await save(page);
  await soon('the fault', async () => (await api('')).status === 418);
});

test('wizard: faults, delays', inBrowser, async () => {
  const page = await openWizard('Inject faults', 'ratings');
  await page.getByLabel('Delay').fill('1500');
  await page.getByLabel('Of how many requests').fill('100');
  await save(page);
  await soon('the delay', async () => {
    const { status, elapsedMs } = await api('/ratings');
    return status === 200 && elapsedMs > 1_400;
  });
});

test('wizard: time-outs and retries', inBrowser, async () => {
  const page = await openWizard('Time-outs and retries', 'reviews');
  await page.getByLabel('Time-out (0: none)').fill('300');
  await page.getByLabel('Retries (0: as the mesh)').fill('2');
  await page.getByLabel('Time-out of each try').fill('100');
  await preview(page, /time-out 300 ms/);
  await save(page);
  // Version 3 waits for the ratings, which are late since the last test; the page asks reviews twice.
  await soon('the time-out', async () => {
    const { status, elapsedMs } = await api('/reviews');
    return status === 504 && elapsedMs < 1_400;
  });
});

/** A service outside of pods that fails a request so often as its path says, and counts. */
const startFlaky = async (): Promise<AsyncDisposable & { ask(fails: number): Promise<string> }> => {
  const tries = new Map<string, string[]>();
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    const seen = tries.get(path) ?? [];
    tries.set(path, seen);
    seen.push(String(request.headers['x-envoy-attempt-count']));
    response.writeHead(seen.length > Number(path.split('/')[1]) ? 200 : 500).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await mesh.kubectl(
    'apply -f -',
    `
apiVersion: v1
kind: Service
metadata: { name: flaky }
spec: { ports: [{ name: http, port: 8080, targetPort: ${port} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: flaky, labels: { kubernetes.io/service-name: flaky } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
ports: [{ name: http, port: ${port} }]
`,
  );
  const caller = 'get pods -l app=productpage -o jsonpath={.items[0].status.podIP}';
  const host = await mesh.kubectl(caller);
  let asked = 0;
  return {
    // As the product page would ask: by its sidecar's HTTP proxy.
    ask: (fails) => {
      asked += 1;
      const path = `/${fails}/${asked}`;
      return new Promise((resolve, reject) => {
        const url = `http://flaky:8080${path}`;
        const request = http.get({ host, port: 15002, path: url, agent: false }, (response) => {
          response.resume();
          const counted = tries.get(path) ?? [];
          response.on('end', () => resolve(`${response.statusCode} after ${counted.join()}`));
        });
        request.on('error', reject);
      });
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
};

test('wizard: retries, as often as said', inBrowser, async () => {
  await using flaky = await startFlaky();
  // The mesh's own retries are not for this status.
  await until('the service', async () => (await flaky.ask(9)) === '500 after 1' || undefined);
  const page = await openWizard('Time-outs and retries', 'flaky');
  await page.getByLabel('Retries (0: as the mesh)').fill('4');
  await page.getByLabel('Try again on').fill('5xx');
  await save(page);
  await soon('four more tries', async () => (await flaky.ask(9)) === '500 after 1,2,3,4,5');
  assert.equal(await flaky.ask(4), '200 after 1,2,3,4,5');
  assert.equal(await flaky.ask(1), '200 after 1,2');
});

test('wizard: breaking circuits', inBrowser, async () => {
  const page = await openWizard('Break circuits', 'ratings');
  await page.getByLabel('Connections, at most (0: no limit)').fill('1');
  await page.getByLabel('Requests waiting, at most').fill('1');
  await page.locator('.change summary', { hasText: 'outbound|9080||ratings' }).click();
  await page.locator('.change[open] code', { hasText: 'max_connections' }).waitFor();
  await save(page);
  // Two can be on their way: one on the connection and one waiting; each takes a second and a half.
  await soon('requests refused', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => api('/ratings')));
    return answers.filter(({ status }) => status === 503).length >= 3;
  });
});

test('wizard: mutual TLS', inBrowser, async () => {
  const ip = await mesh.kubectl('get pods -l app=details -o jsonpath={.items[0].status.podIP}');
  const plain = (): Promise<number> =>
    fetchPage(`http://${ip}:9080/details/0`).then(
      ({ status }) => status,
      () => 0,
    );
  assert.equal(await plain(), 200);
  const page = await openWizard('Mutual TLS', 'details');
  await page.getByRole('combobox', { name: 'For', exact: true }).selectOption('workload');
  await page.getByLabel('Inbound connections').selectOption('STRICT');
  await preview(page, /1 listener would change/);
  await save(page);
  await soon('plain text refused', async () => (await plain()) === 0);
});

test('wizard: exposure through a gateway', inBrowser, async () => {
  const page = await openWizard('Expose through a gateway', 'ratings');
  await page.getByLabel('Host outside').fill('ratings.example.com');
  await page.getByLabel('Path begins with').fill('/ratings');
  await preview(page, /ratings\.example\.com/);
  await save(page);
  await soon('an answer from outside', async () => {
    const headers = { host: 'ratings.example.com' };
    return (await fetchPage(`${mesh.gateway}/ratings/0`, { headers })).status === 200;
  });
});

test('a bad edit: its line is marked, and nothing is saved', inBrowser, async () => {
  const version = (): Promise<string> =>
    mesh.kubectl('get virtualservice reviews -o jsonpath={.metadata.resourceVersion}');
  const before = await version();
  const page = await openPage('#/config/VirtualService/default/reviews');
  await page.getByRole('textbox', { name: 'YAML of the object' }).waitFor();
  const lines = await page.locator('.cm-line').allTextContents();
  const row = lines.findIndex((line) => line.trim().startsWith('subset:'));
  await page.locator('.cm-line').nth(row).click();
  await page.keyboard.press('End');
  await page.keyboard.type('9');
  const finding = page.locator('.findings button').first();
  await finding.waitFor();
  assert.match((await finding.textContent()) ?? '', new RegExp(`v\\d9.*line ${row + 1}$`));
  await page.keyboard.press('Home');
  await page.keyboard.type('x');
  await page
    .locator('.findings button', { hasText: `line ${row + 1}` })
    .first()
    .waitFor();
  await page.getByText('Has errors: nothing can be saved').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
  await page.close();
  assert.equal(await version(), before);
});

const places = (pod: string): readonly string[] => [
  ...['graph', 'graph?as=table', 'services', 'services/default/reviews', 'workloads'],
  ...['workloads/default/reviews-v2', 'proxies', `proxies/default/${pod}`, 'traces', 'logs'],
  ...['config', 'config/VirtualService/default/reviews', 'config/history', 'explain'],
  'config/new?wizard=routing',
];

const looks: readonly (Looks & { readonly name: string })[] = [
  { name: 'light, English', language: 'en-US', theme: 'light' },
  { name: 'dark, Chinese, narrow', language: 'zh-CN', theme: 'dark', width: 390 },
];

for (const { name, ...look } of looks) {
  test(`every page can be read by everybody: ${name}`, inBrowser, async () => {
    const pod = await mesh.kubectl('get pods -l app=reviews -o jsonpath={.items[0].metadata.name}');
    const page = await openPage('#/graph', look);
    await page.evaluate(axe.source);
    const found: string[] = [];
    for (const place of places(pod)) {
      await page.evaluate(`location.hash = '#/${place}'`);
      await page.locator('main .skeleton').first().waitFor({ state: 'detached' });
      const { violations } = (await page.evaluate(
        `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })`,
      )) as axe.AxeResults;
      found.push(
        ...violations.map(({ id, nodes }) => `${place}: ${id}: ${nodes[0]?.html.slice(0, 160)}`),
      );
      const overhang = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (Number(overhang) > 0) found.push(`${place}: ${overhang} px wider than the screen`);
    }
    await page.close();
    assert.deepEqual(found, []);
  });
}

test('nothing went wrong in any page', inBrowser, () => assert.deepEqual(problems, []));
