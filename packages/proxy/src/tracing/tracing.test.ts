import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { createLogger } from '@lateen/base';
import type { ProxyDependencies } from '../proxy.ts';
import { echoServer, grpcEcho } from '../testing/grpc-echo.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { grpcCollector, httpCollector, type SpanCollector } from '../testing/span-collector.ts';
import {
  clusterJson,
  http2Protocol,
  httpListenerJson,
  routesJson,
} from '../testing/static-bootstrap.ts';
import { collectorCluster, overGrpc, overHttp, toZipkin } from '../testing/tracing-json.ts';
import { httpUpstream, refusedPort, type Upstream } from '../testing/upstream.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

const outbound = { trafficDirection: 'OUTBOUND' };
const inbound = { trafficDirection: 'INBOUND' };

const decorated = (cluster: string, more: JsonObject = {}): JsonObject => ({
  ...routeTo(cluster),
  decorator: { operation: `${cluster}.default.svc.cluster.local:9080/*` },
  ...more,
});

/** An upstream that keeps the headers it gets. */
const listening = async (
  status: (count: number) => number = () => 200,
): Promise<Upstream & { readonly seen: Record<string, string | undefined>[] }> => {
  const seen: Record<string, string | undefined>[] = [];
  const upstream = await httpUpstream((request, response) => {
    seen.push(request.headers as Record<string, string | undefined>);
    request.resume();
    response.writeHead(status(seen.length), { 'content-length': 5 }).end('hello');
  });
  return Object.assign(upstream, { seen });
};

interface TracedProxy {
  readonly upstream: number;
  readonly collector: SpanCollector;
  readonly isGrpc?: boolean;
  readonly tracing: JsonObject;
  readonly routes?: readonly JsonObject[];
  readonly listener?: JsonObject;
  readonly manager?: JsonObject;
  readonly clusters?: readonly JsonObject[];
}

const run = (parts: TracedProxy, deps: ProxyDependencies = {}): Promise<RunningProxy> =>
  runProxy(
    {
      clusters: [
        clusterJson('reviews', [parts.upstream]),
        collectorCluster(parts.collector.port, parts.isGrpc ?? true),
        ...(parts.clusters ?? []),
      ],
      routes: parts.routes ?? [decorated('reviews')],
      manager: { tracing: parts.tracing, ...parts.manager },
      listener: parts.listener ?? outbound,
    },
    deps,
  );

const fields = (traceparent: string | undefined): readonly string[] =>
  (traceparent ?? '').split('-');

const stat = (proxy: RunningProxy, name: string): number => {
  const series = proxy.proxy.stats.series().find(({ statName }) => statName === name);
  return (series?.metric as { readonly value: number } | undefined)?.value ?? -1;
};

test('OTLP over gRPC: one span of an outbound request, with what Envoy says of it', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  await using proxy = await run({
    upstream: upstream.port,
    collector,
    tracing: overGrpc({
      verbose: true,
      maxPathTagLength: 10,
      customTags: [
        { tag: 'istio.mesh_id', literal: { value: 'cluster.local' } },
        { tag: 'who', requestHeader: { name: 'end-user', defaultValue: 'nobody' } },
        { tag: 'empty', requestHeader: { name: 'not-there' } },
        { tag: 'path', environment: { name: 'LATEEN_TEST_UNSET', defaultValue: 'h\u00f6he' } },
        {
          tag: 'of route',
          metadata: {
            kind: { route: {} },
            metadataKey: { key: 'istio', path: [{ key: 'config' }] },
          },
        },
      ],
    }),
    routes: [
      decorated('reviews', { metadata: { filterMetadata: { istio: { config: '/vs/reviews' } } } }),
    ],
  });
  const before = BigInt(Date.now()) * 1_000_000n;
  const response = await proxy.fetch('/reviews/0?long=path', {
    method: 'POST',
    headers: { 'end-user': 'jos\u00e9', 'user-agent': 'test/1' },
    body: 'four',
  });
  await response.text();
  const [span] = await collector.take(1);
  assert.ok(span);
  const [head] = upstream.seen;
  assert.deepEqual(fields(head?.['traceparent']), ['00', span.traceId, span.spanId, '01']);
  assert.equal(head?.['x-request-id']?.[14], 'a');
  assert.equal(head?.['x-envoy-decorator-operation'], 'reviews.default.svc.cluster.local:9080/*');
  assert.equal(span.name, 'reviews.default.svc.cluster.local:9080/*');
  assert.equal(span.kind, 3);
  assert.equal(span.parentId, '');
  assert.equal(span.resource['service.name'], 'test.default');
  assert.equal(span.isError, false);
  // The proxy's clock follows the machine's: within a second is the time of the request.
  const second = 1_000_000_000n;
  assert.ok(span.startNs >= before - second && span.endNs > span.startNs);
  assert.ok(span.endNs <= BigInt(Date.now()) * 1_000_000n + second);
  assert.deepEqual(
    { ...span.tags },
    {
      component: 'proxy',
      node_id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local',
      'istio.mesh_id': 'cluster.local',
      path: 'h\u00f6he',
      'guid:x-request-id': head?.['x-request-id'],
      'http.url': `http://127.0.0.1:${proxy.port}/reviews/0`,
      'http.method': 'POST',
      downstream_cluster: '-',
      user_agent: 'test/1',
      'http.protocol': 'HTTP/1.1',
      'peer.address': '127.0.0.1',
      request_size: '4',
      response_size: '5',
      upstream_cluster: 'reviews',
      'upstream_cluster.name': 'reviews',
      upstream_address: `127.0.0.1:${upstream.port}`,
      'http.status_code': '200',
      response_flags: '-',
      // The byte e9 alone is no UTF-8: collectors refuse batches with such.
      who: 'jos\ufffd',
      'of route': '/vs/reviews',
    },
  );
  assert.deepEqual(span.events, [
    'last_downstream_rx_byte_received',
    'first_upstream_rx_byte_received',
    'last_downstream_tx_byte_sent',
  ]);
  // A collector's own proxy is asked not to trace reports.
  assert.match(String(collector.headers[0]?.['traceparent']), /-00$/);
  await eventually(() => stat(proxy, 'tracing.opentelemetry.spans_sent') === 1);
  assert.equal(stat(proxy, 'tracing.opentelemetry.timer_flushed'), 1);
  assert.equal(stat(proxy, 'http.test.tracing.random_sampling'), 1);
});

test('two proxies and an app between: each span is the child of the one before', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const tracing = overGrpc();
  await using second = await run({
    upstream: upstream.port,
    collector,
    tracing,
    listener: inbound,
  });
  await using first = await run({ upstream: second.port, collector, tracing });
  const response = await first.fetch('/', { headers: { tracestate: 'a=1', baggage: 'b=2' } });
  assert.equal(response.headers.get('x-envoy-decorator-operation'), null);
  const spans = await collector.take(2);
  const client = spans.find(({ kind }) => kind === 3);
  const server = spans.find(({ kind }) => kind === 2);
  assert.ok(client && server);
  assert.equal(server.traceId, client.traceId);
  assert.equal(server.parentId, client.spanId);
  assert.equal(client.parentId, '');
  const [head] = upstream.seen;
  assert.deepEqual(fields(head?.['traceparent']), ['00', server.traceId, server.spanId, '01']);
  assert.equal(head?.['tracestate'], 'a=1');
  assert.equal(head?.['baggage'], 'b=2');
  assert.equal(head?.['x-envoy-decorator-operation'], undefined);
});

const contexts: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly rate?: number;
  /** Parent of the span; undefined: there is no span. */
  readonly parent: string | undefined;
  /** What goes upstream: the header as it came, or flags of a new one. */
  readonly upstream: string;
}[] = [
  {
    name: 'sampled',
    headers: { traceparent: `00-${traceId}-${parentId}-01` },
    rate: 0,
    parent: parentId,
    upstream: 'new 01',
  },
  {
    name: 'not sampled, whatever is forced here',
    headers: { traceparent: `00-${traceId}-${parentId}-00`, 'x-envoy-force-trace': '1' },
    parent: undefined,
    upstream: `00-${traceId}-${parentId}-00`,
  },
  {
    name: 'no ids',
    headers: { traceparent: 'nonsense' },
    parent: undefined,
    upstream: 'nonsense',
  },
  {
    name: 'ids of zeros',
    headers: { traceparent: `00-${'0'.repeat(32)}-${parentId}-01` },
    parent: undefined,
    upstream: `00-${'0'.repeat(32)}-${parentId}-01`,
  },
  { name: 'none, all sampled', headers: {}, parent: '', upstream: 'new 01' },
  { name: 'none, nothing sampled', headers: {}, rate: 0, parent: undefined, upstream: 'new 00' },
  {
    name: 'none, nothing sampled, forced',
    headers: { 'x-envoy-force-trace': 'true' },
    rate: 0,
    parent: '',
    upstream: 'new 01',
  },
  {
    name: 'none, asked for by a client',
    headers: { 'x-client-trace-id': 'ticket-7' },
    rate: 0,
    parent: '',
    upstream: 'new 01',
  },
];

for (const row of contexts) {
  test(`W3C context: ${row.name}`, async () => {
    await using upstream = await listening();
    await using collector = await grpcCollector();
    {
      await using proxy = await run({
        upstream: upstream.port,
        collector,
        tracing: overGrpc({ randomSampling: { value: row.rate ?? 100 } }),
        listener: inbound,
      });
      await proxy.fetch('/', { headers: row.headers });
    }
    // A proxy that stops reports first: what is not there now never comes.
    assert.deepEqual(
      collector.spans.map((span) => span.parentId),
      row.parent === undefined ? [] : [row.parent],
    );
    const sent = upstream.seen[0]?.['traceparent'];
    if (!row.upstream.startsWith('new')) assert.equal(sent, row.upstream);
    else {
      assert.match(
        sent ?? '',
        new RegExp(`^00-[0-9a-f]{32}-[0-9a-f]{16}-${row.upstream.slice(4)}$`),
      );
      assert.ok(!sent?.includes(parentId));
      if (row.parent === parentId) assert.ok(sent?.includes(traceId));
    }
  });
}

test('tries have spans where a gateway asks for them: a retry is seen, and which try failed', async () => {
  await using upstream = await listening((count) => (count === 1 ? 503 : 200));
  await using collector = await grpcCollector();
  await using proxy = await run({
    upstream: upstream.port,
    collector,
    tracing: overGrpc({ spawnUpstreamSpan: true }),
    routes: [
      decorated('reviews', {
        route: {
          cluster: 'reviews',
          retryPolicy: { retryOn: '5xx', numRetries: 2, retryBackOff: { baseInterval: '0.001s' } },
        },
      }),
    ],
  });
  await proxy.fetch('/');
  const spans = await collector.take(3);
  const root = spans.find(({ parentId: parent }) => parent === '');
  assert.equal(root?.kind, 2);
  const tries = spans.filter(({ parentId: parent }) => parent === root?.spanId);
  assert.deepEqual(
    tries.map(({ name, kind, isError, tags }) => [
      ...[name, kind, isError, tags['http.status_code'], tags['retry.count']],
      tags['peer.address'],
    ]),
    [
      ['router reviews egress', 3, true, '503', undefined, `127.0.0.1:${upstream.port}`],
      ['router reviews egress', 3, false, '200', '1', `127.0.0.1:${upstream.port}`],
    ],
  );
  assert.deepEqual(
    upstream.seen.map((head) => fields(head['traceparent'])[2]),
    tries.map(({ spanId }) => spanId),
  );
  assert.equal(root?.tags['retry.count'], '1');
});

test('a try that cannot connect, a fault, a reset: errors say why', async () => {
  await using collector = await grpcCollector();
  const abort = {
    'envoy.filters.http.fault': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
      abort: { httpStatus: 555, percentage: { numerator: 100 } },
    },
  };
  await using upstream = await httpUpstream((request) => request.socket.destroy());
  await using proxy = await run({
    upstream: refusedPort,
    collector,
    tracing: overGrpc({ spawnUpstreamSpan: true }),
    clusters: [clusterJson('resetting', [upstream.port])],
    routes: [
      { ...routeTo('reviews', '/fault'), typedPerFilterConfig: abort },
      routeTo('resetting', '/reset'),
      routeTo('reviews'),
    ],
  });
  for (const path of ['/fault', '/connect', '/reset']) await (await proxy.fetch(path)).text();
  const spans = await collector.take(5);
  const summary = spans.map(({ name, isError, tags }) => [
    ...[name.replace(/127.*/, ''), isError, tags['http.status_code']],
    ...[tags['response_flags'], tags['error'], tags['error.reason']],
  ]);
  assert.deepEqual(summary, [
    ['egress ', true, '555', 'FI', 'true', undefined],
    ['router reviews egress', true, '0', 'UF', 'true', 'remote connection failure'],
    ['egress ', true, '503', 'UF', 'true', undefined],
    ['router resetting egress', true, '0', 'UC', 'true', 'connection termination'],
    ['egress ', true, '503', 'UC', 'true', undefined],
  ]);
});

test('a copy of a request is not part of its trace where the route says so', async () => {
  await using upstream = await listening();
  await using copies = await listening();
  await using collector = await grpcCollector();
  await using proxy = await run({
    upstream: upstream.port,
    collector,
    tracing: overGrpc(),
    clusters: [clusterJson('copies', [copies.port])],
    routes: [
      decorated('reviews', {
        route: {
          cluster: 'reviews',
          requestMirrorPolicies: [{ cluster: 'copies', traceSampled: false }],
        },
      }),
    ],
  });
  await proxy.fetch('/');
  await eventually(() => copies.seen.length === 1);
  assert.equal(fields(upstream.seen[0]?.['traceparent'])[3], '01');
  assert.equal(fields(copies.seen[0]?.['traceparent'])[3], '00');
});

test('contexts are not handed on where the listener says so; spans are made all the same', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const tracing = overGrpc({ spawnUpstreamSpan: true, noContextPropagation: true });
  await using proxy = await run({ upstream: upstream.port, collector, tracing });
  const caller = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await (await proxy.fetch('/')).text();
  await (await proxy.fetch('/', { headers: { traceparent: caller, tracestate: 'x=y' } })).text();
  const spans = await collector.take(4);
  assert.deepEqual(
    upstream.seen.map((head) => [head['traceparent'], head['tracestate']]),
    [
      [undefined, undefined],
      [caller, 'x=y'],
    ],
  );
  const continued = spans.filter(({ traceId }) => traceId === 'a'.repeat(32));
  assert.deepEqual(
    continued.map(({ kind }) => kind),
    [3, 2],
  );
  assert.equal(continued[1]?.parentId, 'b'.repeat(16));
});

test('OTLP over HTTP', async () => {
  await using upstream = await listening();
  await using collector = await httpCollector(200);
  await using proxy = await run({
    ...{ upstream: upstream.port, collector, isGrpc: false, tracing: overHttp() },
  });
  await proxy.fetch('/');
  const [span] = await collector.take(1);
  assert.equal(span?.name, 'reviews.default.svc.cluster.local:9080/*');
  const [headers] = collector.headers;
  assert.equal(headers?.['host'], 'otel.obs');
  assert.equal(headers?.['content-type'], 'application/x-protobuf');
  assert.equal(headers?.['x-tenant'], 'a');
});

interface ZipkinSpan {
  readonly id: string;
  readonly traceId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly shared?: boolean;
  readonly localEndpoint: { readonly serviceName: string; readonly ipv4: string };
  readonly tags: Readonly<Record<string, string>>;
}

const zipkinSpans = async (
  headers: Record<string, string>,
  options: { readonly more?: JsonObject; readonly rate?: number; readonly listener?: JsonObject },
): Promise<{
  readonly spans: readonly ZipkinSpan[];
  readonly head: Record<string, string | undefined>;
  readonly sent: number;
}> => {
  await using upstream = await listening();
  await using collector = await httpCollector();
  const proxy = await run({
    upstream: upstream.port,
    collector,
    isGrpc: false,
    tracing: { ...toZipkin(options.more), randomSampling: { value: options.rate ?? 100 } },
    listener: options.listener ?? inbound,
  });
  await proxy.fetch('/', { headers });
  await proxy.proxy.stop();
  return {
    spans: collector.bodies.flatMap((body) => JSON.parse(body.toString()) as ZipkinSpan[]),
    head: upstream.seen[0] ?? {},
    sent: stat(proxy, 'tracing.zipkin.spans_sent'),
  };
};

const b3 = { 'x-b3-traceid': traceId, 'x-b3-spanid': parentId };

test('Zipkin: a child of the lines that came, in JSON v2', async () => {
  const { spans, head, sent } = await zipkinSpans({ ...b3, 'x-b3-sampled': '1' }, { rate: 0 });
  const [span] = spans;
  assert.ok(span);
  assert.equal(spans.length, 1);
  assert.equal(sent, 1);
  const { traceId: trace, parentId: parent, kind, shared, localEndpoint, tags } = span;
  assert.deepEqual(
    { trace, parent, kind, shared, service: localEndpoint.serviceName, ip: localEndpoint.ipv4 },
    {
      ...{ trace: traceId, parent: parentId, kind: 'SERVER', shared: undefined },
      ...{ service: 'test', ip: '127.0.0.1' },
    },
  );
  assert.equal(span.name, 'reviews.default.svc.cluster.local:9080/*');
  assert.equal(tags['http.status_code'], '200');
  assert.equal(tags['component'], 'proxy');
  assert.ok(span.duration >= 1 && Number.isInteger(span.timestamp));
  assert.equal(head['x-b3-traceid'], traceId);
  assert.equal(head['x-b3-spanid'], span.id);
  assert.equal(head['x-b3-parentspanid'], parentId);
  assert.equal(head['x-b3-sampled'], '1');
  assert.equal(head['b3'], undefined);
});

test('Zipkin: a single header is read before lines, and written anew', async () => {
  const { spans, head } = await zipkinSpans(
    { b3: `${traceId}-${parentId}-1`, 'x-b3-traceid': 'f'.repeat(32), 'x-b3-sampled': '0' },
    { listener: outbound },
  );
  const [span] = spans;
  assert.equal(span?.parentId, parentId);
  assert.equal(span?.kind, 'CLIENT');
  assert.equal(head['b3'], `${traceId}-${span?.id}-1-${parentId}`);
  assert.equal(head['x-b3-traceid'], traceId);
});

test('Zipkin with W3C beside: read where there is no B3, both written', async () => {
  const more = { traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION' };
  const traceparent = `00-${traceId}-${parentId}-01`;
  const fallback = await zipkinSpans({ traceparent }, { more, rate: 0 });
  const [child] = fallback.spans;
  assert.equal(child?.parentId, parentId);
  assert.equal(fallback.head['x-b3-spanid'], child?.id);
  assert.equal(fallback.head['traceparent'], `00-${traceId}-${child?.id}-01`);
  const preferred = await zipkinSpans({ traceparent, 'x-b3-sampled': '0' }, { more });
  assert.deepEqual(preferred.spans, []);
});

test('Zipkin: both sides of a call share an id where they are to', async () => {
  const shared = { more: { sharedSpanContext: true } };
  const { spans, head } = await zipkinSpans({ ...b3, 'x-b3-sampled': '1' }, shared);
  assert.equal(spans[0]?.id, parentId);
  assert.equal(spans[0]?.shared, true);
  assert.equal(head['x-b3-spanid'], parentId);
});

test('Zipkin: what is not sampled says so, without a span; decisions stand without ids', async () => {
  const rows: readonly (readonly [Record<string, string>, number, number, string])[] = [
    [{}, 0, 0, '0'],
    [{ 'x-b3-sampled': '0' }, 100, 0, '0'],
    [{ 'x-b3-sampled': '1' }, 0, 1, '1'],
    [{ b3: '0' }, 100, 0, '0'],
    [{ b3: 'd' }, 0, 1, '1'],
    [{ 'x-b3-flags': '1', ...b3 }, 0, 1, '1'],
    [b3, 0, 0, '0'],
    [b3, 100, 1, '1'],
  ];
  for (const [headers, rate, count, flag] of rows) {
    const { spans, head } = await zipkinSpans(headers, { rate });
    assert.equal(spans.length, count, JSON.stringify(headers));
    assert.equal(head['x-b3-sampled'], flag, JSON.stringify(headers));
  }
  const broken = { 'x-b3-traceid': 'nonsense', 'x-b3-spanid': parentId };
  const { spans, head } = await zipkinSpans(broken, {});
  assert.equal(spans.length, 0);
  assert.equal(head['x-b3-traceid'], 'nonsense');
});

test('a collector that is gone costs spans, not requests, and they are counted', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  await collector[Symbol.asyncDispose]();
  const logged: string[] = [];
  const clock = { nowMs: () => 0, schedule: () => () => undefined };
  const log = createLogger({ clock, sink: (line) => logged.push(line), level: 'warn' });
  const parts = { upstream: upstream.port, collector, tracing: overGrpc() };
  await using proxy = await run(parts, { log });
  for (const lost of [1, 2]) {
    assert.equal((await proxy.fetch('/')).status, 200);
    await eventually(() => stat(proxy, 'tracing.opentelemetry.spans_dropped') === lost);
  }
  assert.equal(logged.filter((line) => line.includes('spans are lost')).length, 1);
  assert.equal(stat(proxy, 'tracing.opentelemetry.http_reports_failed'), 2);
});

test('a collector that never answers bounds what is kept', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector(() => new Promise(() => undefined));
  await using proxy = await run({ upstream: upstream.port, collector, tracing: overGrpc() });
  const client = await proxy.connect();
  const requests = 3_000;
  for (let sent = 0; sent < requests; sent++) {
    client.send(`GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
    await client.response();
  }
  client.close();
  // Four reports on their way and one batch that waits, less where the timer was first; the rest is lost.
  const dropped = stat(proxy, 'tracing.opentelemetry.spans_dropped');
  assert.ok(dropped >= requests - 5 * 512 && dropped < requests, `${dropped} dropped`);
});

test('names of operations without a decorator', async () => {
  await using upstream = await listening();
  await using collector = await httpCollector();
  const rows: readonly (readonly [JsonObject, JsonObject, string])[] = [
    [toZipkin(), outbound, 'svc:80'],
    [toZipkin(), inbound, 'svc:80'],
    [overHttp(), outbound, 'egress svc:80'],
    [overHttp(), inbound, 'ingress'],
  ];
  for (const [tracing, listener, expected] of rows) {
    const routes = [routeTo('reviews')];
    const parts = { upstream: upstream.port, collector, isGrpc: false, tracing, listener, routes };
    const proxy = await run(parts);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nhost: svc:80\r\n\r\n');
    await client.response();
    client.close();
    await proxy.proxy.stop();
    const body = collector.bodies.at(-1)?.toString('latin1') ?? '';
    assert.ok(body.includes(`"name":"${expected}"`) || collector.spans.at(-1)?.name === expected);
  }
});

test('without a provider, and with one in the bootstrap', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const clusters = [
    clusterJson('reviews', [upstream.port]),
    collectorCluster(collector.port, true),
  ];
  const listeners = [
    httpListenerJson({ routeConfig: routesJson([routeTo('reviews')]), tracing: {} }),
  ];
  await using untraced = await runProxy({ clusters, listeners });
  await untraced.fetch('/');
  assert.equal(upstream.seen[0]?.['traceparent'], undefined);
  const { provider } = overGrpc() as { provider: JsonObject };
  await using traced = await runProxy({
    clusters,
    listeners,
    more: { tracing: { http: provider } },
  });
  await traced.fetch('/');
  const [span] = await collector.take(1);
  assert.equal(span?.name, 'ingress');
});

test("gRPC: its own tags; statuses that are the server's fault are errors", async () => {
  await using server = await echoServer();
  await using collector = await grpcCollector();
  await using proxy = await runProxy({
    clusters: [
      clusterJson('grpc', [server.port], http2Protocol),
      collectorCluster(collector.port, true),
    ],
    routes: [routeTo('grpc')],
    manager: { tracing: overGrpc() },
    listener: outbound,
  });
  const echo = grpcEcho(proxy.port);
  for (const text of ['unavailable twice', 'hello', 'fail']) await echo.unary(text, {});
  echo.close();
  await proxy.proxy.stop();
  assert.deepEqual(
    collector.spans.map(({ isError, tags }) => [
      ...[tags['grpc.path'], tags['grpc.status_code'], tags['grpc.message'], isError],
      ...[tags['http.protocol'], tags['http.status_code']],
    ]),
    [
      ['/test.Echo/Unary', '14', 'not%20yet', true, 'HTTP/2', '200'],
      ['/test.Echo/Unary', '0', 'OK', false, 'HTTP/2', '200'],
      ['/test.Echo/Unary', '9', 'as%20asked', false, 'HTTP/2', '200'],
    ],
  );
});

test('strangers do not decide what is traced: neither by id nor by header', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  await using proxy = await run({
    upstream: upstream.port,
    collector,
    tracing: overGrpc({ randomSampling: { value: 0 } }),
    manager: { useRemoteAddress: true, xffNumTrustedHops: 1, preserveExternalRequestId: true },
  });
  const id = '00000000-0000-9000-8000-000000000001';
  const stranger = { 'x-forwarded-for': '203.0.113.7' };
  await proxy.fetch('/', {
    headers: { ...stranger, 'x-request-id': id, 'x-envoy-force-trace': '1' },
  });
  await proxy.proxy.stop();
  assert.equal(upstream.seen[0]?.['x-request-id'], id.replace('-9000', '-4000'));
  assert.deepEqual(collector.spans, []);
});

test("a collector's own proxy does not trace the reports that come through it", async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  const clusters = [collectorCluster(collector.port, true)];
  await using front = await runProxy({
    clusters,
    routes: [routeTo('collector')],
    manager: { tracing: overGrpc() },
    listener: inbound,
  });
  await using proxy = await runProxy({
    clusters: [clusterJson('reviews', [upstream.port]), collectorCluster(front.port, true)],
    routes: [routeTo('reviews')],
    manager: { tracing: overGrpc() },
    listener: outbound,
  });
  await proxy.fetch('/');
  await proxy.proxy.stop();
  await front.proxy.stop();
  assert.equal(stat(proxy, 'tracing.opentelemetry.spans_sent'), 1);
  assert.equal(collector.spans.length, 1);
});
