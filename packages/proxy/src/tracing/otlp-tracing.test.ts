import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { echoServer, grpcEcho } from '../testing/grpc-echo.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { grpcCollector, httpCollector } from '../testing/span-collector.ts';
import {
  clusterJson,
  http2Protocol,
  httpListenerJson,
  routesJson,
} from '../testing/static-bootstrap.ts';
import {
  decorated,
  inbound,
  listening,
  outbound,
  runTraced,
  statOf,
  traceparentFields,
} from '../testing/traced-proxy.ts';
import { collectorCluster, overGrpc, overHttp, toZipkin } from '../testing/tracing-json.ts';
import { httpUpstream, refusedPort } from '../testing/upstream.ts';

test('OTLP over gRPC: one span of an outbound request, with what Envoy says of it', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector();
  await using proxy = await runTraced({
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
  assert.deepEqual(traceparentFields(head?.['traceparent']), [
    '00',
    span.traceId,
    span.spanId,
    '01',
  ]);
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
  await eventually(() => statOf(proxy, 'tracing.opentelemetry.spans_sent') === 1);
  assert.equal(statOf(proxy, 'tracing.opentelemetry.timer_flushed'), 1);
  assert.equal(statOf(proxy, 'http.test.tracing.random_sampling'), 1);
});

test('tries have spans where a gateway asks for them: a retry is seen, and which try failed', async () => {
  await using upstream = await listening((count) => (count === 1 ? 503 : 200));
  await using collector = await grpcCollector();
  await using proxy = await runTraced({
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
    upstream.seen.map((head) => traceparentFields(head['traceparent'])[2]),
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
  await using proxy = await runTraced({
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

test('OTLP over HTTP', async () => {
  await using upstream = await listening();
  await using collector = await httpCollector(200);
  await using proxy = await runTraced({
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
    const proxy = await runTraced(parts);
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
