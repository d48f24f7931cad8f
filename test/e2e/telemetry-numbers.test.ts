/**
 * Ten thousand requests of known outcomes: counters of the client's and the server's side, access logs,
 * spans, records sent to a collector and the graph tell the same story, to the last request.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';
import { type SpanTally, startSpanTally } from './span-tally.ts';

const options = { skip: missing, timeout: 240_000 };
let mesh: Mesh;
let spans: SpanTally;

/** Twenty requests of each block come out like this; each reaches the app so often. */
const mix = {
  ok: { share: 11, path: '/status/200', code: 200, flags: '-', tries: 1 },
  again: { share: 1, path: '/status/418', code: 418, flags: 'URX', tries: 3 },
  absent: { share: 3, path: '/status/404', code: 404, flags: '-', tries: 1 },
  fault: { share: 2, path: '/fault', code: 503, flags: 'FI', tries: 0 },
  moved: { share: 2, path: '/moved', code: 301, flags: '-', tries: 0 },
  late: { share: 1, path: '/delay/10', code: 504, flags: 'UT', tries: 1 },
} as const;

type Outcome = keyof typeof mix;

const outcomes = Object.keys(mix) as readonly Outcome[];
const blocks = 500;
const block = outcomes.flatMap((name) => Array.from({ length: mix[name].share }, () => name));
const total = blocks * block.length;
const countOf = (name: Outcome): number => blocks * mix[name].share;
/** How often requests of an outcome reach the app. */
const triesOf = (name: Outcome): number => countOf(name) * mix[name].tries;
const totalTries = outcomes.reduce((sum, name) => sum + triesOf(name), 0);

const rules = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: numbers }
spec:
  hosts: ["*"]
  gateways: [httpbin-gateway]
  http:
  - name: fault
    match: [{ uri: { prefix: /fault } }]
    fault: { abort: { percentage: { value: 100 }, httpStatus: 503 } }
    route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
  - name: moved
    match: [{ uri: { prefix: /moved } }]
    redirect: { uri: /status/200 }
  - name: late
    match: [{ uri: { prefix: /delay } }]
    timeout: 1s
    retries: { attempts: 0 }
    route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
  - name: again
    match: [{ uri: { prefix: /status/418 } }]
    retries: { attempts: 2, retryOn: '418', backoff: 1ms }
    route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
  - name: all
    retries: { attempts: 0 }
    route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: numbers, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  accessLogging:
  - providers: [{ name: envoy }]
  - providers: [{ name: otel-logs }]
    filter: { expression: "response.code >= 500" }
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: mesh-default, namespace: istio-system }
spec: { tracing: [{ providers: [{ name: tally }] }] }
`;

const tallyHost = 'tally.example.com';

/** Spans go to this process: the embedded store keeps only so many. */
const sendSpansHere = async (): Promise<void> => {
  await mesh.kubectl(
    'apply -f -',
    `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: tally, namespace: istio-system }
spec:
  hosts: [${tallyHost}]
  ports: [{ number: ${spans.port}, name: http-otlp, protocol: HTTP }]
  resolution: STATIC
  location: MESH_EXTERNAL
  endpoints: [{ address: 127.0.0.1 }]
`,
  );
  const json = await mesh.kubectl('get configmap istio -n istio-system -o json');
  const { data } = JSON.parse(json) as { data: { mesh: string } };
  const config = parse(data.mesh) as { extensionProviders: unknown[] };
  const opentelemetry = { service: tallyHost, port: spans.port, http: { path: '/v1/traces' } };
  config.extensionProviders.push({ name: 'tally', opentelemetry });
  const patch = JSON.stringify({ data: { mesh: stringify(config) } });
  const place = ['configmap', 'istio', '-n', 'istio-system'];
  const patched = await mesh.tryKubectl(['patch', ...place, '--type=merge', '-p', patch]);
  assert.equal(patched.code, 0, patched.stderr);
};

const gatewayPod = 'istio=ingressgateway';
const appPod = 'app=httpbin';

const podOf = async (namespace: string, label: string): Promise<string> =>
  (
    await mesh.kubectl(`get pods -n ${namespace} -l ${label} -o jsonpath={.items[0].metadata.name}`)
  ).trim();

/** Metrics of a pod, as a Prometheus reads them. */
const metricsOf = async (namespace: string, label: string): Promise<string> => {
  const ip = await mesh.kubectl(
    `get pods -n ${namespace} -l ${label} -o jsonpath={.items[0].status.podIP}`,
  );
  const page = await fetchPage(`http://${ip.trim()}:15020/stats/prometheus`);
  assert.equal(page.status, 200);
  return page.body;
};

/** Sum of all series of a family with these labels. */
const sumOf = (
  page: string,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): number => {
  let sum = 0;
  for (const line of page.split('\n')) {
    if (!line.startsWith(`${family}{`) && !line.startsWith(`${family} `)) continue;
    const matches = Object.entries(labels).every(([name, value]) =>
      line.includes(`${name}="${value}"`),
    );
    if (matches) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
};

/** Sends all requests over a few connections; the status of each must be what the mix says. */
const sendAll = async (): Promise<void> => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const send = (name: Outcome): Promise<void> =>
    new Promise((resolve, reject) => {
      const { path, code } = mix[name];
      const headers = { 'user-agent': `numbers-${name}` };
      const request = http.get(`${mesh.gateway}${path}`, { agent, headers }, (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === code) resolve();
          else reject(new Error(`${path}: ${response.statusCode}, not ${code}`));
        });
      });
      request.on('error', reject);
    });
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < total) await send(block[next++ % block.length] as Outcome);
  };
  await Promise.all(Array.from({ length: 64 }, work));
  agent.destroy();
};

const records = 'envoy_access_logs_open_telemetry_access_log_logs';

/** Records leave in the order of requests: when the last one is at the collector, no other is on its way. */
const recordsAreThere = async (): Promise<void> => {
  const written = async (): Promise<number> =>
    sumOf(await metricsOf('istio-system', gatewayPod), `${records}_written`);
  await until('the last record at the collector', async () => {
    const before = await written();
    await fetchPage(`${mesh.gateway}${mix.fault.path}`);
    const after = await until('one more record', async () => {
      const count = await written();
      return count > before ? count : undefined;
    });
    return after === before + 1 || undefined;
  });
};

const eyes = async (path: string): Promise<unknown> => {
  const page = await fetchPage(`${mesh.dashboard}/api/v1/${path}`);
  assert.equal(page.status, 200, page.body);
  return JSON.parse(page.body);
};

before(async () => {
  if (missing !== false) return;
  spans = await startSpanTally();
  mesh = await startMesh({ dashboard: true });
  await sendSpansHere();
  await mesh.kubectl('label namespace default istio-injection=enabled --overwrite');
  await mesh.kubectl('apply -f samples/httpbin/httpbin.yaml');
  await mesh.kubectl('rollout status deployment/httpbin --timeout=60s');
  await mesh.kubectl('apply -f samples/httpbin/httpbin-gateway.yaml');
  await mesh.kubectl('delete virtualservice httpbin');
  await mesh.kubectl('apply -f -', rules);
  await until('all routes', async () => {
    const codes = await Promise.all(
      outcomes.map(
        async (name) =>
          (await fetchPage(`${mesh.gateway}${mix[name].path}`).catch(() => undefined))?.status,
      ),
    );
    return codes.every((code, at) => code === mix[outcomes[at] as Outcome].code) || undefined;
  });
  await until('spans of both proxies here', markedTrace);
}, options);

after(async () => {
  if (missing !== false) return;
  await mesh?.down();
  await spans?.close();
});

/** The spans of a request of this outcome, each with those below it; flags such as URX and UT are of the whole request. */
const shapeOf = (name: Outcome): string => {
  const { code, flags, tries } = mix[name];
  const isLate = name === 'late';
  const ofApp = `httpbin server ${isLate ? '0 DC' : `${code} -`}`;
  const ofTry = `istio-ingressgateway client ${isLate ? 0 : code} -(${ofApp})`;
  const own = `istio-ingressgateway server ${code} ${flags}`;
  return tries === 0 ? own : `${own}(${Array<string>(tries).fill(ofTry).join(', ')})`;
};

let marks = 0;

/**
 * Sends one more request, and waits two seconds at most until it is a whole trace: reports leave every second.
 * Undefined: some of its spans went elsewhere, or are late.
 */
const markedTrace = async (): Promise<true | undefined> => {
  marks += 1;
  const name = `mark-${marks}`;
  await fetchPage(`${mesh.gateway}${mix.ok.path}`, { headers: { 'user-agent': name } });
  const shape = `${name}: ${shapeOf('ok')}`;
  const deadlineMs = performance.now() + 2_000;
  while (performance.now() < deadlineMs) {
    if (spans.shapes().has(shape)) return true;
    await new Promise((again) => setTimeout(again, 100));
  }
  return undefined;
};

test('ten thousand requests are told alike by everybody', options, async () => {
  await recordsAreThere();
  const gatewayBefore = await metricsOf('istio-system', gatewayPod);
  const appBefore = await metricsOf('default', appPod);
  await graphIsRight();
  const spansBefore = spans.count();
  await sendAll();

  // Late requests are over for the app's proxy when its client has gone.
  const reached = outcomes.filter((name) => mix[name].tries > 0);
  const requests = 'istio_requests_total';
  const growth = async (
    namespace: string,
    label: string,
    earlier: string,
  ): Promise<(family: string, labels?: Readonly<Record<string, string>>) => number> => {
    const page = await metricsOf(namespace, label);
    return (family, labels) => sumOf(page, family, labels) - sumOf(earlier, family, labels);
  };
  await until('the app’s proxy has counted all', async () => {
    const grown = await growth('default', appPod, appBefore);
    return grown(requests) >= totalTries || undefined;
  });

  const atGateway = await growth('istio-system', gatewayPod, gatewayBefore);
  const atApp = await growth('default', appPod, appBefore);
  assert.equal(atGateway(requests), total);
  for (const name of outcomes) {
    const { code, flags } = mix[name];
    const labels = { reporter: 'source', response_code: String(code), response_flags: flags };
    assert.equal(atGateway(requests, labels), countOf(name), `${name} at the client's side`);
  }
  assert.equal(atApp(requests, { reporter: 'destination' }), totalTries);
  assert.equal(atApp(requests, { response_code: '200' }), countOf('ok'));
  assert.equal(atApp(requests, { response_code: '404' }), countOf('absent'));
  assert.equal(atApp(requests, { response_code: '418' }), triesOf('again'));
  assert.equal(atApp(requests, { response_code: '0', response_flags: 'DC' }), countOf('late'));
  for (const [grown, count] of [
    [atGateway, total],
    [atApp, totalTries],
  ] as const) {
    assert.equal(grown('istio_request_duration_milliseconds_count'), count);
    assert.equal(grown('istio_response_bytes_count'), count);
    assert.equal(grown('lateen_stats_overflow_total'), 0);
  }
  const byApp = { destination_service_name: 'httpbin', source_workload: 'istio-ingressgateway' };
  assert.equal(atApp(requests, byApp), totalTries, 'the app knows its client');

  await logsTellTheSame('istio-system', gatewayPod, outcomes);
  await logsTellTheSame('default', appPod, reached);

  // Envoy's view, connection managers and clusters, is the same.
  const manager = 'envoy_http_downstream_rq_xx';
  assert.equal(
    [2, 3, 4, 5].reduce(
      (sum, hundreds) => sum + atGateway(manager, { envoy_response_code_class: `${hundreds}` }),
      0,
    ),
    total,
  );
  const upstream = { envoy_cluster_name: 'outbound|8000||httpbin.default.svc.cluster.local' };
  assert.equal(atGateway('envoy_cluster_upstream_rq_total', upstream), totalTries);
  assert.equal(atGateway('envoy_cluster_upstream_rq_timeout', upstream), countOf('late'));
  const retries = triesOf('again') - countOf('again');
  assert.equal(atGateway('envoy_cluster_upstream_rq_retry', upstream), retries);

  await until('every record at the collector', async () => {
    const grown = await growth('istio-system', gatewayPod, gatewayBefore);
    return grown(`${records}_written`) >= countOf('fault') + countOf('late') || undefined;
  });
  const gateway = await growth('istio-system', gatewayPod, gatewayBefore);
  assert.equal(gateway(`${records}_written`), countOf('fault') + countOf('late'));
  assert.equal(gateway(`${records}_dropped`), 0);

  await spansTellTheSame(spansBefore);
  const sent = 'envoy_tracing_opentelemetry_spans_sent';
  const dropped = 'envoy_tracing_opentelemetry_spans_dropped';
  // The answer to a report may be on its way.
  await until('the proxies know that all spans were taken', async () => {
    const ofGateway = await growth('istio-system', gatewayPod, gatewayBefore);
    const ofApp = await growth('default', appPod, appBefore);
    assert.equal(ofGateway(dropped) + ofApp(dropped), 0);
    return (ofGateway(sent) >= total + totalTries && ofApp(sent) >= totalTries) || undefined;
  });

  await graphIsRight();
});

const callerPod = 'app=sleep';

/** Requests that a workload makes, by its sidecar; retries are the sidecar's. */
const callers = {
  ok: { path: '/status/200', code: 200, flags: '-', tries: 1, count: 300 },
  again: { path: '/status/418', code: 418, flags: 'URX', tries: 3, count: 100 },
} as const;

const callerRules = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: numbers-mesh }
spec:
  hosts: [httpbin]
  http:
  - match: [{ uri: { prefix: /status/418 } }]
    retries: { attempts: 2, retryOn: '418', backoff: 1ms }
    route: [{ destination: { host: httpbin } }]
  - retries: { attempts: 0 }
    route: [{ destination: { host: httpbin } }]
`;

/** A sidecar's span of a request has all its tries below it: tries have spans of their own at gateways only. */
const callerShape = (name: keyof typeof callers): string => {
  const { code, flags, tries } = callers[name];
  const below = Array<string>(tries).fill(`httpbin server ${code} -`).join(', ');
  return `sleep client ${code} ${flags}(${below})`;
};

test(
  'a sidecar that calls has one span for each request, however often it tries',
  options,
  async () => {
    await mesh.kubectl('apply -f samples/sleep/sleep.yaml');
    await mesh.kubectl('rollout status deployment/sleep --timeout=60s');
    await mesh.kubectl('apply -f -', callerRules);
    const host = await mesh.kubectl(
      `get pods -l ${callerPod} -o jsonpath={.items[0].status.podIP}`,
    );
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    // As an app would ask: by its sidecar's HTTP proxy.
    const call = (path: string, visitor: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const target = `http://httpbin:8000${path}`;
        const headers = { 'user-agent': visitor };
        const proxied = { host, port: 15002, path: target, agent, headers };
        const request = http.get(proxied, (response) => {
          response.resume();
          response.on('error', reject);
          response.on('end', () => resolve(response.statusCode ?? 0));
        });
        request.on('error', reject);
      });
    const marked = async (name: keyof typeof callers): Promise<true | undefined> => {
      marks += 1;
      const visitor = `mark-${marks}`;
      await call(callers[name].path, visitor);
      const deadlineMs = performance.now() + 2_000;
      while (performance.now() < deadlineMs) {
        if (spans.shapes().has(`${visitor}: ${callerShape(name)}`)) return true;
        await new Promise((again) => setTimeout(again, 100));
      }
      return undefined;
    };
    await until('the rules at the caller', () => marked('again'));
    const [callerBefore, appBefore] = [
      await metricsOf('default', callerPod),
      await metricsOf('default', appPod),
    ];
    for (const name of ['ok', 'again'] as const) {
      const { path, code, count } = callers[name];
      const codes = await Promise.all(
        Array.from({ length: count }, () => call(path, `caller-${name}`)),
      );
      assert.ok(codes.every((one) => one === code));
    }
    await until('a later trace', () => marked('ok'));
    agent.destroy();
    const told = [...spans.shapes()].filter(([shape]) => shape.startsWith('caller-'));
    assert.deepEqual(
      told.sort(([one], [other]) => (one < other ? -1 : 1)),
      (['again', 'ok'] as const).map((name) => [
        `caller-${name}: ${callerShape(name)}`,
        callers[name].count,
      ]),
    );
    // Marks are counted too: their answers are 200.
    const labels = { response_code: '418' };
    const { count, tries } = callers.again;
    const family = 'istio_requests_total';
    const callerNow = await metricsOf('default', callerPod);
    const appNow = await metricsOf('default', appPod);
    const ofCaller = { ...labels, reporter: 'source', response_flags: 'URX' };
    assert.equal(sumOf(callerNow, family, ofCaller) - sumOf(callerBefore, family, ofCaller), count);
    const ofApp = { ...labels, source_workload: 'sleep', response_flags: '-' };
    assert.equal(sumOf(appNow, family, ofApp) - sumOf(appBefore, family, ofApp), count * tries);
    const lines = async (name: keyof typeof callers): Promise<number> => {
      const text = await mesh.kubectl(`logs -l ${callerPod} -c istio-proxy --tail=-1`);
      return text.split(`"caller-${name}"`).length - 1;
    };
    for (const name of ['ok', 'again'] as const) {
      const wanted = callers[name].count;
      await until('all lines', async () => (await lines(name)) >= wanted || undefined);
      assert.equal(await lines(name), wanted, name);
    }
  },
);

/** Lines of an access log by their user agent: as many as requests, with the right code and flags. */
const logsTellTheSame = async (
  namespace: string,
  label: string,
  names: readonly Outcome[],
): Promise<void> => {
  const pod = await podOf(namespace, label);
  const read = async (): Promise<readonly string[]> => {
    const text = await mesh.kubectl(`logs -n ${namespace} ${pod} -c istio-proxy --tail=-1`);
    return text.split('\n').filter((line) => line.includes('"numbers-'));
  };
  const isApp = label === appPod;
  const linesOf = isApp ? triesOf : countOf;
  const wanted = names.reduce((sum, name) => sum + linesOf(name), 0);
  const lines = await until(`all lines of ${pod}`, async () => {
    const found = await read();
    return found.length >= wanted ? found : undefined;
  });
  assert.equal(lines.length, wanted);
  for (const name of names) {
    const { code, flags } = mix[name];
    const own = lines.filter((line) => line.includes(`"numbers-${name}"`));
    const atApp = name === 'late' ? '" 0 DC ' : `" ${code} - `;
    const outcome = isApp ? atApp : `" ${code} ${flags} `;
    assert.equal(own.length, linesOf(name), `${name} in the log of ${pod}`);
    assert.ok(
      own.every((line) => line.includes(outcome)),
      `${name} in the log of ${pod}: ${own.find((line) => !line.includes(outcome))}`,
    );
  }
};

/**
 * A gateway has one server's span for each request and one client's for each try (`spawn_upstream_span`), the app's
 * sidecar a server's span for each try that came: as many as counters, lines of logs and edges of the graph.
 */
const spansTellTheSame = async (earlier: number): Promise<void> => {
  const wanted = outcomes
    .map((name) => [`numbers-${name}: ${shapeOf(name)}`, countOf(name)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  await until(
    'as many spans as requests and tries',
    async () => spans.count() - earlier >= total + 2 * totalTries || undefined,
  ).catch(() => undefined);
  // What leaves later than all of them is there: what is not there yet never comes.
  await until('a later trace', markedTrace);
  const told = [...spans.shapes()].filter(([shape]) => shape.startsWith('numbers-'));
  assert.deepEqual(
    told.sort(([one], [other]) => (one < other ? -1 : 1)),
    wanted,
  );
};

interface Graph {
  readonly edges: readonly { readonly target: string; readonly requests: number }[];
}

/** Waits until the graph has as many requests to httpbin as the gateway has counted, faults included. */
async function graphIsRight(): Promise<void> {
  await until('the graph has them all', async () => {
    const page = await metricsOf('istio-system', gatewayPod);
    const counted = sumOf(page, 'istio_requests_total', { destination_service_name: 'httpbin' });
    const graph = (await eyes('graph?window=15m&namespaces=default,istio-system')) as Graph;
    const told = graph.edges
      .filter(({ target }) => target.includes('httpbin'))
      .reduce((sum, { requests }) => sum + requests, 0);
    assert.ok(told <= counted, `${told} requests in the graph, of ${counted}`);
    return told === counted || undefined;
  });
}
