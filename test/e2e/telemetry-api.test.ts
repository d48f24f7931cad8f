/** What a Telemetry says of metrics and logs is what proxies do, from kubectl to the page that Prometheus reads. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';

const options = { skip: missing, timeout: 120_000 };
let mesh: Mesh;

before(
  async () => {
    if (missing !== false) return;
    mesh = await startMesh({ sample: 'bookinfo' });
  },
  { timeout: 180_000 },
);

after(() => (missing === false ? mesh?.down() : undefined));

const telemetry = (namespace: string, spec: string): string => `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: tested, namespace: ${namespace} }
spec: ${spec}
`;

const podOf = async (app: string, field: string): Promise<string> =>
  (await mesh.kubectl(`get pods -n default -l app=${app} -o jsonpath={.items[0].${field}}`)).trim();

/** Series of a family at a pod of productpage, as Prometheus reads them, after another visit. */
const seriesOf = async (family: string): Promise<readonly string[]> => {
  const page = await fetchPage(`${mesh.gateway}/productpage`);
  assert.equal(page.status, 200);
  const { body } = await fetchPage(
    `http://${await podOf('productpage', 'status.podIP')}:15020/stats/prometheus`,
  );
  return body.split('\n').filter((line) => line.startsWith(`${family}{`));
};

test('labels of a metric, on the side that is meant', options, async () => {
  const overrides = `
      - match: { metric: REQUEST_COUNT, mode: CLIENT }
        tagOverrides: { request_method: { value: request.method }, source_principal: { operation: REMOVE } }`;
  await mesh.kubectl(
    'apply -f -',
    telemetry('default', `\n  metrics:\n  - overrides:${overrides}`),
  );
  const labelled = await until('a series with the label', async () => {
    const all = await seriesOf('istio_requests_total');
    return all.find((line) => line.includes('request_method="GET"'));
  });
  assert.match(labelled, /reporter="source"/);
  assert.doesNotMatch(labelled, /source_principal=/);
  const others = await seriesOf('istio_requests_total');
  const inbound = others.filter((line) => line.includes('reporter="destination"'));
  assert.ok(inbound.length > 0);
  for (const line of inbound) assert.match(line, /source_principal=/);
  await mesh.kubectl('delete telemetry tested -n default');
});

test('a metric switched off counts no more', options, async () => {
  const spec =
    '{ metrics: [{ overrides: [{ match: { metric: REQUEST_SIZE }, disabled: true }] }] }';
  await mesh.kubectl('apply -f -', telemetry('default', spec));
  const counts = async (): Promise<readonly [requests: string, sizes: string]> => [
    (await seriesOf('istio_requests_total')).join(),
    (await seriesOf('istio_request_bytes_count')).join(),
  ];
  await until('sizes stand still while requests are counted', async () => {
    const [requests, sizes] = await counts();
    const [moreRequests, sameSizes] = await counts();
    return (moreRequests !== requests && sameSizes === sizes) || undefined;
  });
  await mesh.kubectl('delete telemetry tested -n default');
});

test('a filter keeps from the log what it does not want', options, async () => {
  const spec =
    '{ selector: { matchLabels: { app: productpage } }, accessLogging: [{ providers: [{ name: envoy }], filter: { expression: "request.url_path == \'/wanted\'" } }] }';
  await mesh.kubectl('apply -f -', telemetry('default', spec));
  const pod = await podOf('productpage', 'metadata.name');
  const logOf = (): Promise<string> =>
    mesh.kubectl(`logs ${pod} -n default -c istio-proxy --tail=200`);
  const ip = await podOf('productpage', 'status.podIP');
  await until('the wanted request alone', async () => {
    const before = (await logOf()).split('\n').length;
    for (const path of ['/unwanted', '/wanted']) await fetchPage(`http://${ip}:9080${path}`);
    const lines = await until('a line', async () => {
      const all = (await logOf()).split('\n');
      return all.some((line) => line.includes('/wanted')) ? all : undefined;
    });
    const isQuiet = !lines.slice(before - 1).some((line) => line.includes('/unwanted'));
    return isQuiet || undefined;
  });
  await mesh.kubectl('delete telemetry tested -n default');
});

test('what a proxy could not read is refused, with its place', options, async () => {
  const spec = "{ accessLogging: [{ filter: { expression: 'response.code >=' } }] }";
  const refused = await mesh.tryKubectl(['apply', '-f', '-'], telemetry('default', spec));
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /spec\.accessLogging\[0\]\.filter\.expression/);
  assert.match(refused.stderr, /not a valid CEL expression/);
});

test('a provider that nobody has is found by analyze', options, async () => {
  const spec = '{ tracing: [{ providers: [{ name: nobody }] }] }';
  await mesh.kubectl('apply -f -', telemetry('default', spec));
  const found = await mesh.lateen('analyze', '-n', 'default');
  assert.match(found.stdout + found.stderr, /TelemetryProviderUnusable.*Telemetry default\/tested/);
  await mesh.kubectl('delete telemetry tested -n default');
});
