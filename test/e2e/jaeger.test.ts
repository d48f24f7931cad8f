/** A real Jaeger as the addon's pod: spans of proxies by OTLP and Zipkin, and a dashboard that reads it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { fetchPage, type Mesh, missing, root, startMesh, until } from './mesh.ts';

/** Why the tests cannot run here, or false. */
const noJaeger = ((): string | false => {
  if (missing !== false) return missing;
  if (process.env['LATEEN_REAL_ADDONS'] === 'off') return 'LATEEN_REAL_ADDONS is off';
  try {
    execFileSync('jaeger-all-in-one', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'jaeger-all-in-one (Jaeger 1) is not on the PATH';
  }
})();
if (noJaeger !== false) console.log(`skipped: ${noJaeger}`);

const options = { skip: noJaeger, timeout: 180_000 };
let mesh: Mesh;
/** Of its query API, by the Service's address. */
let jaeger = '';

const telemetry = (provider: string): string => `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: mesh-default, namespace: istio-system }
spec: { tracing: [{ providers: [{ name: ${provider} }], customTags: { by: { literal: { value: ${provider} } } } }] }
`;

/** Providers that lead to the Services of the addon. */
const addProviders = async (): Promise<void> => {
  const text = await mesh.kubectl('get configmap istio -n istio-system -o json');
  const { data } = JSON.parse(text) as { data: { mesh: string } };
  const config = parse(data.mesh) as { extensionProviders: unknown[] };
  const collector = 'jaeger-collector.istio-system.svc.cluster.local';
  config.extensionProviders.push(
    { name: 'jaeger', opentelemetry: { service: collector, port: 4317 } },
    {
      name: 'jaeger-http',
      opentelemetry: { service: collector, port: 4318, http: { path: '/v1/traces' } },
    },
    {
      name: 'jaeger-zipkin',
      zipkin: { service: 'zipkin.istio-system.svc.cluster.local', port: 9411 },
    },
  );
  const patch = JSON.stringify({ data: { mesh: stringify(config) } });
  const place = ['configmap', 'istio', '-n', 'istio-system'];
  const patched = await mesh.tryKubectl(['patch', ...place, '--type=merge', '-p', patch]);
  assert.equal(patched.code, 0, patched.stderr);
};

before(async () => {
  if (noJaeger !== false) return;
  mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
  await mesh.kubectl('apply -f samples/bookinfo/networking/destination-rule-all.yaml');
  await mesh.kubectl('apply -f samples/bookinfo/networking/virtual-service-all-v1.yaml');
  await mesh.kubectl('apply -f samples/addons/jaeger.yaml');
  await mesh.kubectl(
    'wait -n istio-system --for=condition=Available deployment jaeger --timeout=60s',
  );
  const address = await mesh.kubectl(
    'get svc tracing -n istio-system -o jsonpath={.spec.clusterIP}',
  );
  jaeger = `http://${address}:80`;
  await addProviders();
}, options);

after(() => mesh?.down());

const json = async <T>(url: string): Promise<T> => {
  const page = await fetchPage(url);
  assert.equal(page.status, 200, page.body);
  return JSON.parse(page.body) as T;
};

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly processID: string;
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

let visits = 0;

/** A visit's trace in Jaeger, when it has all hops of version 1 (no ratings), all by this provider: undefined before. */
const visitedTrace = async (provider: string): Promise<JaegerTrace | undefined> => {
  visits += 1;
  const name = `visitor-${visits}`;
  const page = await fetchPage(`${mesh.gateway}/productpage`, { headers: { 'user-agent': name } });
  if (page.status !== 200) return undefined;
  const tags = encodeURIComponent(JSON.stringify({ user_agent: name }));
  const service = encodeURIComponent('istio-ingressgateway.istio-system');
  const deadlineMs = performance.now() + 4_000;
  while (performance.now() < deadlineMs) {
    const query = `service=${service}&tags=${tags}&lookback=1h`;
    const { data } = await json<{ data: readonly JaegerTrace[] }>(`${jaeger}/api/traces?${query}`);
    const [trace] = data;
    const isBy = (span: JaegerTrace['spans'][number]): boolean =>
      span.tags.some(({ key, value }) => key === 'by' && value === provider);
    if (trace !== undefined && trace.spans.filter(isBy).length >= 7) return trace;
    await new Promise((again) => setTimeout(again, 100));
  }
  return undefined;
};

test('the pod is the real program, which says so', options, async () => {
  const described = await mesh.kubectl('describe pod -n istio-system -l app=jaeger');
  assert.match(
    described,
    /lateen\.dev\/answered-by:\s+jaeger: the real program \/\S+\/jaeger-all-in-one$/m,
  );
  assert.deepEqual(await json(`${jaeger}/api/services`), {
    ...{ data: null, total: 0, limit: 0, offset: 0, errors: null },
  });
});

const services = ['details', 'istio-ingressgateway', 'productpage', 'reviews'];

const providers = ['jaeger', 'jaeger-http', 'jaeger-zipkin'];

for (const provider of providers) {
  test(
    `the provider ${provider}: one visit is one trace, with no parent missing`,
    options,
    async () => {
      await mesh.kubectl('apply -f -', telemetry(provider));
      const { spans, processes } = await until(
        'a whole trace',
        () => visitedTrace(provider),
        60_000,
      );
      const ids = new Set(spans.map(({ spanID }) => spanID));
      const roots = spans.filter(({ references }) => references.length === 0);
      assert.equal(roots.length, 1);
      for (const { references } of spans)
        for (const { spanID } of references) assert.ok(ids.has(spanID), `${spanID} is missing`);
      const told = spans.map(
        ({ processID }) => processes[processID]?.serviceName.split('.', 1)[0] ?? '',
      );
      assert.deepEqual([...new Set(told)].sort(), services);
      assert.equal(spans.length, 7);
    },
  );
}

test('a dashboard reads it', options, async () => {
  const trace = await until('a whole trace', () => visitedTrace(providers.at(-1) ?? ''), 60_000);
  const flags = ['--kubeconfig', join(mesh.stateDir, 'kubeconfig'), '--state-dir', mesh.stateDir];
  const child = spawn(
    process.execPath,
    [join(root, 'bin/lateen.mjs'), 'dashboard', ...flags, '--port', '20101', '--tracing', jaeger],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  try {
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { tracing } = await json<{ tracing: { source: string; error: string } }>(
      `${url}/api/v1/status`,
    );
    assert.deepEqual([tracing.source, tracing.error], ['jaeger', '']);
    const tag = encodeURIComponent(`user_agent=visitor-${visits}`);
    const { traces } = await json<{ traces: readonly { traceId: string }[] }>(
      `${url}/api/v1/traces?limit=5&tag=${tag}`,
    );
    assert.deepEqual(
      traces.map(({ traceId }) => traceId),
      [trace.traceID],
    );
    const { spans } = await json<{ spans: readonly { service: string; parentSpanId: string }[] }>(
      `${url}/api/v1/traces/${trace.traceID}`,
    );
    assert.equal(spans.length, 7);
    assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === '').length, 1);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
