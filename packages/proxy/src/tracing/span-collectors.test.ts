import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '@lateen/base';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { grpcCollector } from '../testing/span-collector.ts';
import { clusterJson } from '../testing/static-bootstrap.ts';
import { inbound, listening, outbound, runTraced, statOf } from '../testing/traced-proxy.ts';
import { collectorCluster, overGrpc } from '../testing/tracing-json.ts';
import { refusedPort } from '../testing/upstream.ts';

test('a collector that is gone costs spans, not requests, and they are counted', async () => {
  await using upstream = await listening();
  const logged: string[] = [];
  const clock = { nowMs: () => 0, schedule: () => () => undefined };
  const log = createLogger({ clock, sink: (line) => logged.push(line), level: 'warn' });
  const collector = { port: refusedPort };
  const parts = { upstream: upstream.port, collector, tracing: overGrpc() };
  await using proxy = await runTraced(parts, { log });
  for (const lost of [1, 2]) {
    assert.equal((await proxy.fetch('/')).status, 200);
    await eventually(() => statOf(proxy, 'tracing.opentelemetry.spans_dropped') === lost);
  }
  assert.equal(logged.filter((line) => line.includes('spans are lost')).length, 1);
  assert.equal(statOf(proxy, 'tracing.opentelemetry.http_reports_failed'), 2);
});

test('a collector that never answers bounds what is kept', async () => {
  await using upstream = await listening();
  await using collector = await grpcCollector(() => new Promise(() => undefined));
  await using proxy = await runTraced({ upstream: upstream.port, collector, tracing: overGrpc() });
  const client = await proxy.connect();
  const requests = 3_000;
  for (let sent = 0; sent < requests; sent++) {
    client.send(`GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
    await client.response();
  }
  client.close();
  // Four reports on their way and one batch that waits, less where the timer was first; the rest is lost.
  const dropped = statOf(proxy, 'tracing.opentelemetry.spans_dropped');
  assert.ok(dropped >= requests - 5 * 512 && dropped < requests, `${dropped} dropped`);
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
  assert.equal(statOf(proxy, 'tracing.opentelemetry.spans_sent'), 1);
  assert.equal(collector.spans.length, 1);
});
