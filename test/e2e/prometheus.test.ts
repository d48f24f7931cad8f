/**
 * A real Prometheus finds and scrapes the mesh: what it answers to the queries of Istio's and Kiali's dashboards is what
 * the traffic was, our own query API answers the same, and a dashboard that reads it shows the same.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, root, run, startMesh, until } from './mesh.ts';
import { noPrometheus, type PrometheusServer, startPrometheus } from './prometheus-server.ts';

const options = { skip: missing === false ? noPrometheus : missing, timeout: 180_000 };
let mesh: Mesh;
let prometheus: PrometheusServer | undefined;
/** Base of the real one's API, and of ours. */
let real = '';
let ours = '';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const ask = async (base: string, query: string): Promise<readonly Sample[]> => {
  const page = await fetchPage(`${base}/api/v1/query?query=${encodeURIComponent(query)}`);
  assert.equal(page.status, 200, `${query}: ${page.body}`);
  return (JSON.parse(page.body) as { data: { result: readonly Sample[] } }).data.result;
};

const byLabels = (samples: readonly Sample[]): ReadonlyMap<string, number> =>
  new Map(
    samples.map(({ metric, value }) => [
      JSON.stringify(Object.entries(metric).sort()),
      Number(value[1]),
    ]),
  );

const total = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { value }) => sum + Number(value[1]), 0);

const kubeconfigOf = (): string => join(mesh.stateDir, 'kubeconfig');

before(async () => {
  if (options.skip !== false) return;
  mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
  ours = `${mesh.dashboard}/prometheus`;
  await mesh.kubectl(
    'apply -f samples/bookinfo/networking/destination-rule-all-mtls.yaml -f samples/bookinfo/networking/virtual-service-all-v1.yaml',
  );
  await mesh.kubectl('apply -f -', lateAndFailing);
  prometheus = await startPrometheus(mesh);
  real = prometheus.url;
}, options);
after(async () => {
  if (options.skip !== false) return;
  await prometheus?.stop();
  await mesh?.down();
}, options);

/** Calls of ratings are answered 503 by the caller's proxy, after 300 ms. */
const lateAndFailing = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ratings, namespace: default }
spec:
  hosts: [ratings]
  http:
  - fault:
      delay: { fixedDelay: 300ms, percentage: { value: 100 } }
      abort: { httpStatus: 503, percentage: { value: 100 } }
    route: [{ destination: { host: ratings, subset: v1 } }]
`;

/** The traffic that the numbers are of. */
const pages = 100;
const failing = 40;
const unknown = 40;
const seconds = 60;

/** Visitors at a time. */
const visitors = 4;

/** So often each of them. */
const send = async (times: { pages: number; failing: number; unknown: number }): Promise<void> => {
  const rows = [
    ['/productpage', times.pages, 200],
    ['/api/v1/products/0/ratings', times.failing, 503],
    ['/nowhere', times.unknown, 404],
  ] as const;
  const queue = rows.flatMap(([path, count, status]) =>
    Array.from({ length: count }, () => ({ path, status })),
  );
  const visit = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const page = await fetchPage(`${mesh.gateway}${next.path}`);
      assert.equal(page.status, next.status, `${next.path}: ${page.body.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: visitors }, visit));
};

const source = 'reporter=~"source|waypoint"';
const host = (name: string): string => `destination_service=~"${name}.default.svc.cluster.local"`;
const names =
  'source_cluster,source_workload_namespace,source_workload,source_canonical_service,source_canonical_revision,destination_cluster,destination_service_namespace,destination_service,destination_service_name,destination_workload_namespace,destination_workload,destination_canonical_service,destination_canonical_revision';
/** gateway > productpage > details and reviews for each page, productpage > ratings for each failing one. */
const requests = pages * 3 + failing * 2;
const perSecond = (count: number): number => count / seconds;

/** As the dashboards ask; the sum of what is answered, per second or as a share. */
const rates: readonly (readonly [what: string, query: string, expected: number])[] = [
  [
    'Istio mesh: requests of the mesh, those that end at the gateway too',
    `round(sum(rate(istio_requests_total{${source}}[1m])), 0.01)`,
    perSecond(requests + unknown),
  ],
  [
    'Istio mesh: success rate',
    `sum(rate(istio_requests_total{${source}, response_code!~"5.*"}[1m])) / sum(rate(istio_requests_total{${source}}[1m]))`,
    1 - (failing * 2) / (requests + unknown),
  ],
  [
    'Istio mesh: 4xx',
    `round(sum(rate(istio_requests_total{${source}, response_code=~"4.*"}[1m])), 0.01) or vector(0)`,
    perSecond(unknown),
  ],
  [
    'Istio mesh: 5xx',
    `round(sum(rate(istio_requests_total{${source}, response_code=~"5.*"}[1m])), 0.01) or vector(0)`,
    perSecond(failing * 2),
  ],
  [
    'Istio mesh: requests of a workload, in the table',
    `label_join(sum(rate(istio_requests_total{${source}, response_code="200", destination_workload="details-v1"}[1m])) by (destination_workload, destination_workload_namespace, destination_service), "destination_workload_var", ".", "destination_workload", "destination_workload_namespace")`,
    perSecond(pages),
  ],
  [
    'Istio mesh: success rate of a workload, in the table',
    `label_join((sum(rate(istio_requests_total{${source}, response_code!~"5.*", destination_workload="productpage-v1"}[1m])) by (destination_workload, destination_workload_namespace) / sum(rate(istio_requests_total{${source}, destination_workload="productpage-v1"}[1m])) by (destination_workload, destination_workload_namespace)), "destination_workload_var", ".", "destination_workload", "destination_workload_namespace")`,
    pages / (pages + failing),
  ],
  [
    'Istio service: client request volume',
    `round(sum(rate(istio_requests_total{reporter=~"source",${host('productpage')}}[1m])), 0.001)`,
    perSecond(pages + failing),
  ],
  [
    'Istio service: client success rate',
    `sum(rate(istio_requests_total{reporter=~"source",${host('productpage')},response_code!~"5.*"}[1m])) / sum(rate(istio_requests_total{reporter=~"source",${host('productpage')}}[1m]))`,
    pages / (pages + failing),
  ],
  [
    'Istio service: server request volume',
    `round(sum(rate(istio_requests_total{reporter="destination",${host('reviews')}}[1m])), 0.001)`,
    perSecond(pages),
  ],
  [
    'Istio service: incoming requests by source and code, over mutual TLS',
    `round(sum(rate(istio_requests_total{connection_security_policy="mutual_tls",${host('details')},reporter="destination",source_workload=~"productpage-v1",source_workload_namespace=~"default"}[1m])) by (source_workload, source_workload_namespace, response_code), 0.001)`,
    perSecond(pages),
  ],
  [
    'Istio service: incoming requests without mutual TLS',
    `round(sum(rate(istio_requests_total{connection_security_policy!="mutual_tls",${host('details')},reporter="destination"}[1m])) by (source_workload, source_workload_namespace, response_code), 0.001) or vector(0)`,
    0,
  ],
  [
    'Istio workload: outgoing requests by destination',
    `round(sum(rate(istio_requests_total{source_workload=~"productpage-v1", source_workload_namespace=~"default", reporter=~"source"}[1m])) by (destination_service, response_code), 0.001)`,
    perSecond(pages * 2 + failing),
  ],
  [
    'Istio workload: bytes of requests are counted for each',
    `sum(rate(istio_request_bytes_count{reporter="destination",destination_workload="reviews-v1"}[1m]))`,
    perSecond(pages),
  ],
  [
    'Kiali graph: into a namespace',
    `sum(rate(istio_requests_total{${source},source_workload_namespace!="default",destination_service_namespace="default"}[60s])) by (${names},request_protocol,response_code,grpc_response_status,response_flags) > 0`,
    perSecond(pages + failing),
  ],
  [
    'Kiali graph: within a namespace',
    `sum(rate(istio_requests_total{${source},source_workload_namespace="default"}[60s])) by (${names},request_protocol,response_code,grpc_response_status,response_flags) > 0`,
    perSecond(pages * 2 + failing),
  ],
  [
    'Kiali graph: what a proxy answered in the place of a service',
    `sum(rate(istio_requests_total{${source},source_workload_namespace="default",response_flags=~".*FI.*"}[60s])) by (${names},response_flags) > 0`,
    perSecond(failing),
  ],
  [
    'Kiali graph: security',
    `sum(rate(istio_requests_total{reporter="destination",destination_service_namespace="default",connection_security_policy="mutual_tls"}[60s])) by (${names},connection_security_policy) > 0`,
    perSecond(pages * 3 + failing),
  ],
  [
    'Kiali health: a service, by code',
    `sum(rate(istio_requests_total{${source},destination_service_namespace="default",destination_service_name="productpage"}[60s])) by (destination_service_name,response_code,grpc_response_status)`,
    perSecond(pages + failing),
  ],
  [
    'Kiali metrics: requests of an app',
    `sum(rate(istio_requests_total{reporter="destination",destination_canonical_service="details",destination_workload_namespace="default"}[60s]))`,
    perSecond(pages),
  ],
];

/** Percentiles and gauges: between which bounds. */
const bounded: readonly (readonly [what: string, query: string, least: number, most: number])[] = [
  [
    'Istio workload: incoming duration, average in milliseconds',
    `sum(rate(istio_request_duration_milliseconds_sum{reporter="source",source_workload="productpage-v1",${host('ratings')}}[1m])) / sum(rate(istio_request_duration_milliseconds_count{reporter="source",source_workload="productpage-v1",${host('ratings')}}[1m]))`,
    ...([300, 1000] as const),
  ],
  [
    'Istio mesh: p90 of late answers lies in their bucket',
    `histogram_quantile(0.90, sum(rate(istio_request_duration_milliseconds_bucket{reporter="source",${host('ratings')}}[1m])) by (le, destination_service))`,
    ...([250, 1000] as const),
  ],
  [
    'Kiali metrics: p95 of a service that is not late',
    `histogram_quantile(0.95, sum(rate(istio_request_duration_milliseconds_bucket{reporter="destination",destination_workload="details-v1"}[60s])) by (le))`,
    ...([0, 5000] as const),
  ],
  [
    'Istio service: p50 of response sizes',
    `histogram_quantile(0.50, sum(rate(istio_response_bytes_bucket{reporter="destination",${host('reviews')}}[1m])) by (source_workload, le))`,
    ...([200, 5000] as const),
  ],
  ['Istio control plane: proxies', 'sum(pilot_xds)', 8, 8],
  ['Istio control plane: services', 'max(pilot_services)', 8, 20],
  ['Istio control plane: nothing refused', 'sum(pilot_total_xds_rejects) or vector(0)', 0, 0],
  ['targets: every proxy and istiod', 'sum(up{job="kubernetes-pods"}) or vector(9)', 9, 9],
];

/** Answers that must be the same number here and there. */
const equal: readonly string[] = [
  'sum by (destination_workload) (istio_requests_total{reporter="destination"})',
  'sum(istio_requests_total) by (source_canonical_service, destination_canonical_service)',
  'topk(2, sum by (destination_service_name) (istio_requests_total{reporter="source"}))',
  'sum(istio_request_bytes_sum)',
  'sum by (le) (istio_request_duration_milliseconds_bucket{reporter="source"})',
  'histogram_quantile(0.50, sum by (le, destination_service_name) (istio_request_duration_milliseconds_bucket{reporter="source"}))',
  'sum(pilot_xds) by (type)',
];

const counted = (base: string): Promise<number> =>
  ask(base, 'sum(istio_requests_total)').then(total);

/** Both sides of each hop report; what ends at the gateway is reported by the gateway alone. */
const reportsOf = (times: { pages: number; failing: number; unknown: number }): number =>
  times.pages * 6 + times.failing * 3 + times.unknown;

test('the numbers are those of the traffic, here and there', options, async () => {
  // Every series is there before the traffic that is counted.
  const once = { pages: 1, failing: 1, unknown: 1 };
  // The sample's start has asked for the page already.
  await send(once);
  const start = await until('the first of each', async () => {
    const [there, here] = [await counted(real), await counted(ours)];
    return there === here && there >= reportsOf(once) ? there : undefined;
  });
  // Rates are extrapolated by the distance of scrapes: the more of them, the less.
  await until('enough scrapes', async () => {
    const [least] = await ask(real, 'min(count_over_time(istio_requests_total[1m]))');
    return Number(least?.value[1]) >= 20 ? true : undefined;
  });
  await send({ pages, failing, unknown });
  const whole = start + reportsOf({ pages, failing, unknown });
  for (const base of [real, ours])
    await until(`all of it at ${base}`, async () =>
      (await counted(base)) >= whole ? true : undefined,
    );
  for (const base of [real, ours]) {
    assert.equal(await counted(base), whole, base);
    for (const [what, query, expected] of rates) {
      const found = total(await ask(base, query));
      // Prometheus extrapolates to the ends of the window; and the first of each is in it too.
      const tolerance = Math.max(0.08 * expected, 0.03);
      assert.ok(Math.abs(found - expected) <= tolerance, `${what} at ${base}: ${found}`);
    }
    for (const [what, query, least, most] of bounded) {
      const found = total(await ask(base, query));
      assert.ok(found >= least && found <= most, `${what} at ${base}: ${found}`);
    }
  }
  for (const query of equal) {
    const [expected, found] = [byLabels(await ask(real, query)), byLabels(await ask(ours, query))];
    assert.ok(expected.size > 0, query);
    for (const [labels, value] of expected) {
      const other = found.get(labels) ?? Number.NaN;
      const isSame = Math.abs(other - value) <= 1e-9 * Math.abs(value);
      assert.ok(isSame, `${query} ${labels}: ${value}, not ${other}`);
    }
    assert.equal(found.size, expected.size, query);
  }
});

interface GrafanaDashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** What there is none of here: TCP, refusals, conflicts. */
const mayBeEmpty = /tcp|rejects|errors|parsing_err|conflict|response_flags|no_ip/;

test(
  'the dashboards and rules that are shipped: every panel shows something',
  options,
  async () => {
    const folder = join(root, 'deploy/observability');
    const rules = await run('promtool', ['check', 'rules', join(folder, 'prometheus/rules.yaml')]);
    assert.equal(rules.code, 0, rules.stderr);
    const variables: Readonly<Record<string, string>> = {
      __rate_interval: '5m',
      namespace: 'default',
      service: 'details',
      workload: 'productpage-v1',
    };
    const empty: string[] = [];
    for (const file of readdirSync(join(folder, 'grafana'))) {
      const text = readFileSync(join(folder, 'grafana', file), 'utf8');
      for (const { title, targets } of (JSON.parse(text) as GrafanaDashboard).panels) {
        for (const { expr } of targets) {
          const query = expr.replaceAll(/\$(\w+)/g, (name, key: string) => variables[key] ?? name);
          const answer = await ask(real, query);
          if (answer.length === 0 && !mayBeEmpty.test(expr))
            empty.push(`${file}: ${title}: ${query}`);
        }
      }
    }
    assert.deepEqual(empty, []);
  },
);

/** Only one on the PATH is an addon's, unless that is turned off. */
const noAddon =
  process.env['PROMETHEUS'] !== undefined || process.env['LATEEN_REAL_ADDONS'] === 'off';
const addonOptions = { ...options, skip: options.skip || noAddon };

test('as an addon: the pod is the real program, which says so', addonOptions, async () => {
  await mesh.kubectl('apply -f samples/addons/prometheus.yaml');
  await mesh.kubectl(
    'wait -n istio-system --for=condition=Available deployment prometheus --timeout=60s',
  );
  const described = await mesh.kubectl(
    'describe pod -n istio-system -l app.kubernetes.io/name=prometheus',
  );
  assert.match(
    described,
    /lateen\.dev\/answered-by:\s+prometheus-server-configmap-reload: a part of Lateen; prometheus-server: the real program \/\S+\/prometheus$/m,
  );
  const address = await mesh.kubectl(
    'get svc prometheus -n istio-system -o jsonpath={.spec.clusterIP}',
  );
  const addon = `http://${address}:9090`;
  const built = await fetchPage(`${addon}/api/v1/status/buildinfo`);
  assert.match(built.body, /"goVersion":"go/);
  await send({ pages: 5, failing: 0, unknown: 0 });
  // The addon's configuration scrapes each 15 seconds.
  await until(
    'all requests, from every proxy',
    async () => {
      const [there, here] = [await counted(addon), await counted(ours)];
      return here >= 5 * 6 && there === here ? true : undefined;
    },
    60_000,
  );
  // The API server by its Service's name, asked with the pod's own token: what admission counts is there.
  const injected = encodeURIComponent('sum(sidecar_injection_success_total)');
  const injections = await until('metrics of the API server', async () => {
    const { body } = await fetchPage(`${addon}/api/v1/query?query=${injected}`);
    return /"value":\[[^\]]*"(\d+)"\]/.exec(body)?.[1];
  });
  assert.ok(Number(injections) >= 6, `${injections} pods of Bookinfo have proxies`);
  // A pod that comes later is found.
  await mesh.kubectl('apply -f samples/sleep/sleep.yaml');
  const sleep = encodeURIComponent('up{app="sleep"}');
  await until(
    'the new pod',
    async () => {
      const { body } = await fetchPage(`${addon}/api/v1/query?query=${sleep}`);
      return /"value":\[[^\]]*"1"\]/.test(body) ? true : undefined;
    },
    60_000,
  );
  await mesh.kubectl('delete -f samples/addons/prometheus.yaml --wait=true');
  await mesh.kubectl('delete -f samples/sleep/sleep.yaml');
});

interface Edge {
  readonly source: string;
  readonly target: string;
  readonly requests: number;
  readonly errorShare: number | null;
}

const json = async <T>(url: string): Promise<T> => {
  const page = await fetchPage(url);
  assert.equal(page.status, 200, page.body);
  return JSON.parse(page.body) as T;
};

/** `lateen dashboard` in the foreground. */
const startDashboard = async (
  ...words: readonly string[]
): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const flags = ['--kubeconfig', kubeconfigOf(), '--state-dir', mesh.stateDir, '--port', '20101'];
  const child = spawn(
    process.execPath,
    [join(root, 'bin/lateen.mjs'), 'dashboard', ...flags, ...words],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout });
  const [url = ''] = (await once(lines, 'line')) as [string];
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
};

interface SourceStates {
  readonly metrics: { readonly source: string; readonly error: string };
  readonly tracing: { readonly source: string; readonly error: string };
}

test(
  'a dashboard that reads it: what was before it started, what comes, and when it is gone',
  options,
  async () => {
    const dashboard = await startDashboard('--prometheus', real, '--tracing', 'http://127.0.0.1:9');
    try {
      const toDetails = async (): Promise<Edge | undefined> => {
        const { edges } = await json<{ edges: readonly Edge[] }>(
          `${dashboard.url}/api/v1/graph?window=15m&namespaces=default`,
        );
        return edges.find(({ target }) => target.endsWith('details@v1'));
      };
      const past = await until('the past', toDetails);
      // The very first samples of a series are not what it grew by.
      assert.ok(past.requests >= pages * 0.9, `${past.requests} requests before it started`);
      await send({ pages: 10, failing: 0, unknown: 0 });
      await until('what came since', async () =>
        (await toDetails())?.requests === past.requests + 10 ? true : undefined,
      );
      const states = (): Promise<SourceStates> => json(`${dashboard.url}/api/v1/status`);
      const { metrics, tracing } = await states();
      assert.deepEqual(metrics.error, '');
      assert.match(tracing.error, /^Jaeger at http:\/\/127\.0\.0\.1:9: /);
      const traces = await fetchPage(`${dashboard.url}/api/v1/traces`);
      assert.equal(traces.status, 503);
      assert.match(traces.body, /Jaeger at http:\/\/127\.0\.0\.1:9/);
      await prometheus?.stop();
      prometheus = undefined;
      const reason = await until(
        'the state',
        async () => (await states()).metrics.error || undefined,
      );
      assert.match(reason, /^Prometheus at http:\S+: .*(ECONNREFUSED|socket hang up|ECONNRESET)/);
      assert.equal((await toDetails())?.requests, past.requests + 10, 'what is known stays');
    } finally {
      await dashboard.stop();
    }
  },
);

test(
  'an address that is none is refused; lateen up passes them on, and status tells',
  options,
  async () => {
    const bad = await mesh.lateen('dashboard', '--prometheus', 'localhost:9090');
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /write an address like http:\/\/localhost:9090/);
    const flags = ['--prometheus', 'http://127.0.0.1:9/base', '--tracing', 'http://127.0.0.1:9'];
    const other = await startMesh({ dashboard: true, flags });
    try {
      const { stdout } = await until('both states', async () => {
        const result = await other.lateen('status');
        return /Prometheus at .*; Jaeger at /.test(result.stdout) ? result : undefined;
      });
      assert.match(stdout, /^dashboard +http:\S+ \(Prometheus at http:\/\/127\.0\.0\.1:9\/base: /m);
    } finally {
      await other.down();
    }
  },
);
