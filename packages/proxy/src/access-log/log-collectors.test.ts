import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { logReceiver, plainValue } from '../testing/log-collector.ts';
import { RawClient } from '../testing/raw-client.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, http2Protocol, routesJson } from '../testing/static-bootstrap.ts';
import { namedUpstream } from '../testing/upstream.ts';

const attribute = (key: string, stringValue: string): JsonObject => ({
  key,
  value: { stringValue },
});

const otlpLog = (config: JsonObject, common: JsonObject = {}): JsonObject => ({
  name: 'envoy.access_loggers.open_telemetry',
  typedConfig: {
    '@type':
      'type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
    commonConfig: {
      logName: 'otel_envoy_accesslog',
      grpcService: { envoyGrpc: { clusterName: 'collector' } },
      bufferFlushInterval: '0.01s',
      ...common,
    },
    ...config,
  },
});

const run = (upstream: number, collector: number, logs: readonly JsonObject[]) =>
  runProxy({
    clusters: [clusterJson('up', [upstream]), clusterJson('collector', [collector], http2Protocol)],
    manager: { accessLog: [...logs], routeConfig: routesJson([routeTo('up')]) },
  });

const stat = ({ proxy }: RunningProxy, name: string): number => {
  const statName = `access_logs.open_telemetry_access_log.${name}`;
  const found = proxy.stats.series().find((series) => series.statName === statName)?.metric;
  return found !== undefined && 'value' in found ? found.value : -1;
};

test('records go to the collector, with body, attributes and resource', async () => {
  await using up = await namedUpstream('up');
  await using receiver = await logReceiver();
  const log = otlpLog({
    body: { stringValue: '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE%' },
    attributes: { values: [attribute('user', '%REQ(X-USER)%')] },
    resourceAttributes: { values: [attribute('service.name', 'up')] },
  });
  const filtered = {
    ...log,
    filter: {
      extensionFilter: {
        name: 'envoy.access_loggers.extension_filters.cel',
        typedConfig: {
          '@type':
            'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
          expression: "request.url_path == '/logged'",
        },
      },
    },
  };
  await using running = await run(up.port, receiver.port, [filtered]);
  const client = await RawClient.connect(running.port);
  for (const path of ['/logged', '/silent', '/logged?x']) {
    client.send(`GET ${path} HTTP/1.1\r\nhost: a\r\nx-user: Zoë\r\n\r\n`);
    await client.response();
  }
  client.close();
  const records = await receiver.take(2);
  assert.deepEqual(
    records.map(({ body }) => plainValue(body)),
    ['GET /logged 200', 'GET /logged?x 200'],
  );
  const [user] = records[0]?.attributes ?? [];
  assert.equal(user?.key, 'user');
  assert.equal(plainValue(user?.value), 'Zoë');
  const startMs = Number(records[0]?.timeUnixNano ?? 0n) / 1e6;
  assert.ok(Math.abs(startMs - Date.now()) < 60_000, 'the time of the request');
  const resource = receiver.requests[0]?.resourceLogs[0]?.resource;
  assert.deepEqual(
    Object.fromEntries(
      (resource?.attributes ?? []).map(({ key, value }) => [key, plainValue(value)]),
    ),
    {
      log_name: 'otel_envoy_accesslog',
      zone_name: '',
      cluster_name: 'test',
      node_name: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local',
      'service.name': 'up',
    },
  );
  await eventually(() => stat(running, 'logs_written') === 2);
  assert.equal(stat(running, 'logs_dropped'), 0);
});

test('a batch leaves when it is large enough, and the last ones when the proxy ends', async () => {
  await using up = await namedUpstream('up');
  await using receiver = await logReceiver();
  const body = { body: { stringValue: 'x'.repeat(1000) }, disableBuiltinLabels: true };
  const log = otlpLog(body, { bufferFlushInterval: '3600s', bufferSizeBytes: 2500 });
  await using running = await run(up.port, receiver.port, [log]);
  const client = await RawClient.connect(running.port);
  for (let sent = 0; sent < 4; sent++) {
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.response();
  }
  assert.equal((await receiver.take(3)).length, 3);
  assert.equal(receiver.requests.length, 1);
  client.close();
  await running.proxy.stop();
  assert.equal((await receiver.take(4)).length, 4);
});

test('a collector that never answers costs a bounded number of records, and no request', async () => {
  await using up = await namedUpstream('up');
  await using receiver = await logReceiver(false);
  const body = { body: { stringValue: 'x'.repeat(60_000) } };
  await using running = await run(up.port, receiver.port, [
    otlpLog(body, { bufferFlushInterval: '3600s', bufferSizeBytes: 50_000 }),
  ]);
  const client = await RawClient.connect(running.port);
  const requests = 40;
  for (let sent = 0; sent < requests; sent++) {
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  }
  client.close();
  // Four reports under way, then a megabyte of records that wait.
  assert.equal(stat(running, 'logs_dropped'), requests - 4 - Math.ceil(1_048_576 / 60_030));
});

test('a collector that is not configured is counted', async () => {
  await using up = await namedUpstream('up');
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port])],
    manager: {
      accessLog: [otlpLog({ body: { stringValue: 'x' } })],
      routeConfig: routesJson([routeTo('up')]),
    },
  });
  await (await running.fetch('/')).text();
  await eventually(() => stat(running, 'reports_skipped_no_cluster') === 1);
  assert.equal(stat(running, 'logs_dropped'), 1);
});
