/** One request, one trace: through the gateway and every sidecar, as the Telemetry API says, in both formats. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';

// Spans are looked for in the mesh's own eyes, whatever is installed.
process.env['LATEEN_REAL_ADDONS'] = 'off';

const options = { skip: missing, timeout: 120_000 };
let mesh: Mesh;
let visits = 0;

before(
  async () => {
    mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
    await mesh.kubectl('apply -f samples/bookinfo/networking/destination-rule-all.yaml');
    // Reviews of one version with stars: every page asks every service.
    await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-all-v1.yaml');
    await mesh.kubectl('apply -f -', reviewsOf('v2'));
    await complete();
  },
  { timeout: 180_000 },
);

after(() => mesh?.down());

interface Span {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly status: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const reviewsOf = (subset: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http: [{ route: [{ destination: { host: reviews, subset: ${subset} } }] }]
`;

const ask = async (path: string): Promise<unknown> => {
  const page = await fetchPage(`${mesh.dashboard}/api/v1/${path}`);
  assert.equal(page.status, 200, page.body);
  return JSON.parse(page.body);
};

/** Visits the product page under a name that every span of the visit tells. */
const visit = async (headers: Record<string, string> = {}): Promise<string> => {
  visits += 1;
  const name = `visitor-${visits}`;
  const page = await fetchPage(`${mesh.gateway}/productpage`, {
    headers: { 'user-agent': name, ...headers },
  });
  assert.equal(page.status, 200);
  return name;
};

/** Spans of each trace that a visit left. */
const tracesOf = async (name: string): Promise<readonly (readonly Span[])[]> => {
  const query = `traces?limit=50&tag=${encodeURIComponent(`user_agent=${name}`)}`;
  const { traces } = (await ask(query)) as { traces: readonly { traceId: string }[] };
  const read = traces.map(
    async ({ traceId }) => ((await ask(`traces/${traceId}`)) as { spans: readonly Span[] }).spans,
  );
  return Promise.all(read);
};

/** The one trace of a visit, as soon as it has so many spans. */
const traceWith = (name: string, count: number): Promise<readonly Span[]> =>
  until(`${count} spans of ${name}`, async () => {
    const traces = await tracesOf(name);
    assert.ok(traces.length <= 1, `one request, one trace: ${traces.length}`);
    return traces[0] !== undefined && traces[0].length >= count ? traces[0] : undefined;
  });

const workload = (service: string): string => service.split('.', 1)[0] ?? '';

/** `service kind < parent's service kind`, sorted; every parent must be there but one. */
const hops = (spans: readonly Span[]): readonly string[] => {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans
    .map(({ service, kind, parentSpanId }) => {
      const parent = byId.get(parentSpanId);
      assert.ok(parent !== undefined || parentSpanId === '', `orphan: ${service} ${kind}`);
      const above = parent === undefined ? '-' : `${workload(parent.service)} ${parent.kind}`;
      return `${workload(service)} ${kind} < ${above}`;
    })
    .sort();
};

/** The way of a request to a product page with stars. */
const wholeWay = [
  'details server < productpage client',
  'istio-ingressgateway client < istio-ingressgateway server',
  'istio-ingressgateway server < -',
  'productpage client < productpage server',
  'productpage client < productpage server',
  'productpage server < istio-ingressgateway client',
  'ratings server < reviews client',
  'reviews client < reviews server',
  'reviews server < productpage client',
];

/** Spans of a visit while rules may still change: when there are so many, or none came for a while. */
const settled = async (name: string, count: number = wholeWay.length): Promise<readonly Span[]> => {
  const deadlineMs = performance.now() + 4_000;
  for (;;) {
    const traces = await tracesOf(name);
    const [spans = []] = traces;
    if (traces.length === 1 && spans.length >= count) return spans;
    if (performance.now() > deadlineMs) return spans;
    await new Promise((again) => setTimeout(again, 100));
  }
};

/** Routes and tracing are in force: a visit leaves the whole way. */
const complete = (): Promise<readonly Span[]> =>
  until(
    'a whole trace',
    async () => {
      const spans = await settled(await visit({ 'x-envoy-force-trace': 'true' }));
      return spans.length === wholeWay.length ? spans : undefined;
    },
    60_000,
  );

test(
  'one request to the product page is one trace with all hops, parents right',
  options,
  async () => {
    const name = await visit();
    const spans = await traceWith(name, wholeWay.length);
    assert.deepEqual(hops(spans), wholeWay);
    const named = (service: string, kind: string): Span | undefined =>
      spans.find((span) => workload(span.service) === service && span.kind === kind);
    const ratings = named('ratings', 'server');
    assert.equal(ratings?.name, 'ratings.default.svc.cluster.local:9080/*');
    assert.equal(ratings?.attributes['istio.canonical_service'], 'ratings');
    assert.equal(ratings?.attributes['istio.namespace'], 'default');
    assert.equal(ratings?.attributes['istio.mesh_id'], 'cluster.local');
    assert.equal(ratings?.attributes['http.status_code'], '200');
    assert.match(ratings?.attributes['upstream_cluster'] ?? '', /^inbound\|9080\|/);
    const client = named('reviews', 'client');
    assert.match(client?.attributes['upstream_cluster'] ?? '', /^outbound\|9080\|.*ratings/);
    assert.match(client?.attributes['node_id'] ?? '', /^sidecar~127\..*~reviews-v2-/);
    const ids = new Set(spans.flatMap(({ attributes }) => attributes['guid:x-request-id'] ?? []));
    assert.equal(ids.size, 1, 'one request id, all the way');
    // A call lies within the call that made it, as far as the clocks of processes agree: to 20 ms.
    for (const span of spans) {
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
      if (parent !== undefined) assert.ok(span.startUs >= parent.startUs - 25_000, span.name);
    }
    assert.ok(spans.every(({ status }) => status !== 'error'));
  },
);

test("a caller's context is continued", options, async () => {
  const traceId = `${'0'.repeat(24)}c0ffee01`;
  const name = await visit({ traceparent: `00-${traceId}-00000000000000a1-01` });
  const spans = await traceWith(name, wholeWay.length);
  const root = spans.find(({ parentSpanId }) => parentSpanId === '00000000000000a1');
  assert.equal(workload(root?.service ?? ''), 'istio-ingressgateway');
  const { traces } = (await ask('traces?limit=1')) as { traces: readonly { traceId: string }[] };
  assert.equal(traces[0]?.traceId, traceId);
  const refused = await visit({ traceparent: `00-${traceId}-00000000000000a2-00` });
  await traceWith(await visit(), wholeWay.length);
  assert.deepEqual(await tracesOf(refused), []);
});

test('retries and faults are seen: which call, how often, whose fault', options, async () => {
  await mesh.kubectl(
    'apply -f -',
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: details }
spec:
  hosts: [details]
  http:
  - route: [{ destination: { host: details, subset: v1 } }]
    retries: { attempts: 2, retryOn: '200', backoff: 1ms }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ratings }
spec:
  hosts: [ratings]
  http:
  - route: [{ destination: { host: ratings, subset: v1 } }]
    fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }
  - route: [{ destination: { host: ratings, subset: v1 } }]
`,
  );
  const seen = await until('retries and fault in force', async () => {
    // Two more of details, none of ratings' own.
    const spans = await settled(await visit(), wholeWay.length + 1);
    const flags = spans.map(({ attributes }) => attributes['response_flags']);
    return flags.includes('FI') && spans.length === wholeWay.length + 1 ? spans : undefined;
  });
  const aborted = seen.find(({ attributes }) => attributes['response_flags'] === 'FI');
  assert.equal(workload(aborted?.service ?? ''), 'reviews');
  assert.equal(aborted?.attributes['http.status_code'], '418');
  assert.ok(!seen.some(({ service }) => workload(service) === 'ratings'));
  const repeated = seen.find(({ attributes }) => attributes['retry.count'] === '2');
  assert.equal(repeated?.name, 'details.default.svc.cluster.local:9080/*');
  const answered = seen.filter(({ parentSpanId }) => parentSpanId === repeated?.spanId);
  assert.deepEqual(
    answered.map(({ service, kind }) => `${workload(service)} ${kind}`),
    ['details server', 'details server', 'details server'],
  );
  await mesh.kubectl('delete virtualservice details ratings');
  await complete();
});

const telemetry = (tracing: string): string => `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: mesh-default, namespace: istio-system }
spec:
  tracing:
  - ${tracing}
`;

test(
  'a rate of 0 stops traces, x-envoy-force-trace asks for one all the same',
  options,
  async () => {
    await mesh.kubectl('apply -f -', telemetry('randomSamplingPercentage: 0'));
    await until('nothing sampled', async () => {
      const plain = await visit();
      const forced = await visit({ 'x-envoy-force-trace': 'true' });
      // What came later is there: what is not there yet never comes.
      assert.deepEqual(hops(await traceWith(forced, wholeWay.length)), wholeWay);
      return (await tracesOf(plain)).length === 0 ? true : undefined;
    });
    await mesh.kubectl('delete telemetry mesh-default -n istio-system');
    await until('sampled again', async () => {
      const plain = await visit();
      await traceWith(await visit({ 'x-envoy-force-trace': 'true' }), wholeWay.length);
      return (await tracesOf(plain)).length === 1 ? true : undefined;
    });
  },
);

for (const provider of ['zipkin', 'otel-tracing-http']) {
  test(`the provider ${provider}: the same trace`, options, async () => {
    const tags = 'customTags: { by: { literal: { value: PROVIDER } } }'.replace(
      'PROVIDER',
      provider,
    );
    await mesh.kubectl('apply -f -', telemetry(`{ providers: [{ name: ${provider} }], ${tags} }`));
    const spans = await until('spans by that provider', async () => {
      const found = await settled(await visit());
      const isDone =
        found.length === wholeWay.length &&
        found.every(({ attributes }) => attributes['by'] === provider);
      return isDone ? found : undefined;
    });
    assert.deepEqual(hops(spans), wholeWay);
    await mesh.kubectl('delete telemetry mesh-default -n istio-system');
  });
}

test("Istio's task: Jaeger from samples/addons as a provider of MeshConfig", options, async () => {
  await mesh.kubectl('apply -f samples/addons/jaeger.yaml');
  await mesh.kubectl('rollout status deployment/jaeger -n istio-system --timeout=60s');
  const json = await mesh.kubectl('get configmap istio -n istio-system -o json');
  const { data } = JSON.parse(json) as { data: { mesh: string } };
  const config = parse(data.mesh) as { extensionProviders: unknown[] };
  const service = 'jaeger-collector.istio-system.svc.cluster.local';
  config.extensionProviders.push({ name: 'jaeger', opentelemetry: { service, port: 4317 } });
  const patch = JSON.stringify({ data: { mesh: stringify(config) } });
  const patched = await mesh.tryKubectl([
    'patch',
    'configmap',
    'istio',
    '-n',
    'istio-system',
    '--type=merge',
    '-p',
    patch,
  ]);
  assert.equal(patched.code, 0, patched.stderr);
  const tags = 'customTags: { by: { formatter: { value: "%PROTOCOL% %RESPONSE_CODE%" } } }';
  await mesh.kubectl('apply -f -', telemetry(`{ providers: [{ name: jaeger }], ${tags} }`));
  const spans = await until('spans by Jaeger', async () => {
    const found = await settled(await visit());
    const isDone = found.every(({ attributes }) => attributes['by'] === 'HTTP/1.1 200');
    return isDone && found.length === wholeWay.length ? found : undefined;
  });
  assert.deepEqual(hops(spans), wholeWay);
});
