import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { echoServer, grpcEcho } from '../testing/grpc-echo.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, httpFilters, routesJson } from '../testing/static-bootstrap.ts';

/** Protobuf JSON of a cluster that speaks HTTP/2. */
const http2Cluster = (name: string, port: number) =>
  clusterJson(name, [port], { http2ProtocolOptions: {} });

const grpcRoute = (more = {}) => routeTo('grpc', '/', { maxGrpcTimeout: '0s', ...more });

for (const hops of [1, 2]) {
  const through = async () => {
    const server = await echoServer();
    const last = await runProxy({
      clusters: [http2Cluster('grpc', server.port)],
      routes: [grpcRoute()],
    });
    const first =
      hops === 1
        ? last
        : await runProxy({ clusters: [http2Cluster('grpc', last.port)], routes: [grpcRoute()] });
    const echo = grpcEcho(first.port);
    return {
      echo,
      first,
      server,
      [Symbol.asyncDispose]: async () => {
        echo.close();
        await first.proxy.stop();
        if (first !== last) await last.proxy.stop();
        await server[Symbol.asyncDispose]();
      },
    };
  };

  test(`gRPC: unary calls with metadata and trailers, ${hops} proxies`, async () => {
    await using path = await through();
    const answer = await path.echo.unary('hello', { 'x-key': 'value' });
    assert.equal(answer.message, 'hello');
    assert.equal(answer.code, grpc.status.OK);
    assert.equal(answer.trailers.get('x-echo-trailer')[0], 'value');
  });

  test(`gRPC: errors come as status and message, ${hops} proxies`, async () => {
    await using path = await through();
    const answer = await path.echo.unary('fail', {});
    assert.equal(answer.code, grpc.status.FAILED_PRECONDITION);
    assert.equal(answer.details, 'as asked');
  });

  test(`gRPC: client, server and both sides stream, ${hops} proxies`, async () => {
    await using path = await through();
    assert.equal(await path.echo.collect(['a', 'b', 'c']), 'abc');
    assert.deepEqual(await path.echo.expand('xyz'), ['x', 'y', 'z']);
    assert.deepEqual(await path.echo.converse(['1', '2', '3']), ['1', '2', '3']);
  });

  test(`gRPC: deadlines and cancellation reach the server, ${hops} proxies`, async () => {
    await using path = await through();
    // Long enough to reach the server on a busy machine.
    const answer = await path.echo.unary('hang', {}, 1_500);
    assert.equal(answer.code, grpc.status.DEADLINE_EXCEEDED);
    await eventually(() => path.server.cancelled > 0);
  });

  test(`gRPC: large messages both ways, ${hops} proxies`, async () => {
    await using path = await through();
    const large = 'x'.repeat(3_000_000);
    const answer = await path.echo.unary(large, {});
    assert.equal(answer.message?.length, large.length);
  });
}

test('gRPC: local replies are trailers-only', async () => {
  await using proxy = await runProxy({ clusters: [], routes: [routeTo('missing')] });
  const echo = grpcEcho(proxy.port);
  const answer = await echo.unary('hello', {});
  echo.close();
  assert.equal(answer.code, grpc.status.UNAVAILABLE);
});

test('gRPC: a call without a route is unimplemented', async () => {
  await using proxy = await runProxy({ clusters: [], routes: [] });
  const echo = grpcEcho(proxy.port);
  const answer = await echo.unary('hello', {});
  echo.close();
  assert.equal(answer.code, grpc.status.UNIMPLEMENTED);
});

test('gRPC: calls are repeated on the conditions of the route', async () => {
  await using server = await echoServer();
  const retryPolicy = { retryOn: 'unavailable', numRetries: 3 };
  await using proxy = await runProxy({
    clusters: [http2Cluster('grpc', server.port)],
    routes: [grpcRoute({ retryPolicy })],
  });
  const echo = grpcEcho(proxy.port);
  const answer = await echo.unary('unavailable twice', {});
  echo.close();
  assert.equal(answer.code, grpc.status.OK);
  assert.equal(server.calls, 3);
});

test('gRPC: metrics say protocol and status', async () => {
  await using server = await echoServer();
  const stats = [
    { name: 'istio.stats' },
    {
      name: 'envoy.filters.http.grpc_stats',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
      },
    },
  ];
  await using proxy = await runProxy({
    clusters: [http2Cluster('grpc', server.port)],
    manager: { httpFilters: httpFilters(stats), routeConfig: routesJson([grpcRoute()]) },
  });
  const echo = grpcEcho(proxy.port);
  await echo.unary('hello', {});
  await echo.unary('fail', {});
  echo.close();
  const text = await (await proxy.admin('/stats/prometheus')).text();
  assert.match(text, /istio_requests_total\{[^}]*request_protocol="grpc"[^}]*\}/);
  assert.match(text, /istio_requests_total\{[^}]*grpc_response_status="0"[^}]*\} 1/);
  assert.match(text, /istio_requests_total\{[^}]*grpc_response_status="9"[^}]*\} 1/);
  // A call that failed sent a message, and got none.
  assert.match(text, /^istio_request_messages_total\{[^}]*\} 2$/m);
  assert.match(text, /^istio_response_messages_total\{[^}]*\} 1$/m);
  assert.doesNotMatch(text, /^istio_request_messages_total\{[^}]*(?:response_code|flags)/m);
  assert.match(text, /envoy_cluster_upstream_cx_http2_total\{[^}]*\} 1/);
  assert.match(text, /envoy_cluster_grpc\{[^}]*envoy_grpc_status="9"[^}]*\} 1/);
});

test('gRPC: messages of a call that goes on are counted while it does', async () => {
  await using server = await echoServer();
  const stats = [
    {
      name: 'istio.stats',
      typedConfig: {
        '@type': 'type.googleapis.com/stats.PluginConfig',
        tcpReportingDuration: '0.005s',
      },
    },
  ];
  await using proxy = await runProxy({
    clusters: [http2Cluster('grpc', server.port)],
    manager: { httpFilters: httpFilters(stats), routeConfig: routesJson([grpcRoute()]) },
  });
  const client = new grpc.Client(`127.0.0.1:${proxy.port}`, grpc.credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest('/test.Echo/Converse', same, same);
  call.on('error', () => undefined);
  for (const text of ['a', 'bc', '']) call.write(Buffer.from(text));
  const counted = async (direction: string): Promise<number> => {
    const text = await (await proxy.admin('/stats/prometheus')).text();
    const pattern = new RegExp(`^istio_${direction}_messages_total\\{.*\\} (\\d+)$`, 'm');
    return Number(pattern.exec(text)?.[1] ?? 0);
  };
  call.resume();
  await eventually(async () => (await counted('request')) === 3);
  await eventually(async () => (await counted('response')) === 3);
  call.write(Buffer.from('more'));
  const ended = once(call, 'end');
  call.end();
  await ended;
  client.close();
  await eventually(async () => (await counted('request')) === 4);
  await eventually(async () => (await counted('response')) === 4);
});
