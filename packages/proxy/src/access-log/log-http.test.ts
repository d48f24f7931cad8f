import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ExportLogsServiceRequestSchema } from '@lateen/xds/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import { plainValue } from '../testing/log-collector.ts';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, routesJson } from '../testing/static-bootstrap.ts';
import { bodyOf, httpUpstream, namedUpstream } from '../testing/upstream.ts';

interface Report {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly bodies: readonly string[];
}

/** A collector of OTLP over HTTP; refuses the first report. */
const startReceiver = async () => {
  const reports: Report[] = [];
  const upstream = await httpUpstream((request, response) => {
    const { method, url, headers } = request;
    void bodyOf(request).then((bytes) => {
      const { resourceLogs } = fromBinary(ExportLogsServiceRequestSchema, bytes);
      const records = resourceLogs
        .flatMap(({ scopeLogs }) => scopeLogs)
        .flatMap(({ logRecords }) => logRecords);
      const bodies = records.map(({ body }) => plainValue(body));
      reports.push({ target: `${method} ${url}`, headers, bodies });
      response.writeHead(reports.length === 1 ? 503 : 200).end();
    });
  });
  return Object.assign(upstream, { reports });
};

test('records over HTTP: to the path, with the headers; what is refused is counted', async () => {
  await using up = await namedUpstream('up');
  await using receiver = await startReceiver();
  const log = {
    name: 'envoy.access_loggers.open_telemetry',
    typedConfig: {
      '@type':
        'type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
      httpService: {
        httpUri: { uri: 'http://logs.example.com/v1/logs', cluster: 'collector', timeout: '30s' },
        requestHeadersToAdd: [{ header: { key: 'x-token', value: 'secret' } }],
      },
      bufferFlushInterval: '0.01s',
      body: { stringValue: '%REQ(:PATH)% %RESPONSE_CODE%' },
    },
  };
  await using running = await runProxy({
    clusters: [clusterJson('up', [up.port]), clusterJson('collector', [receiver.port])],
    manager: { accessLog: [log], routeConfig: routesJson([routeTo('up')]) },
  });
  const counted = (name: string): number => {
    const statName = `access_logs.open_telemetry_access_log.${name}`;
    const { metric } =
      running.proxy.stats.series().find((series) => series.statName === statName) ?? {};
    return metric !== undefined && 'value' in metric ? metric.value : -1;
  };
  await (await running.fetch('/lost')).text();
  await eventually(() => counted('reports_refused') === 1);
  await (await running.fetch('/kept')).text();
  await eventually(() => counted('logs_written') === 1);
  assert.equal(counted('logs_dropped'), 1);
  assert.deepEqual(
    receiver.reports.map(({ target, headers, bodies }) => [
      ...[target, headers.host, headers['x-token'], headers['content-type']],
      bodies.join(),
    ]),
    ['/lost 200', '/kept 200'].map((body) => [
      ...['POST /v1/logs', 'logs.example.com', 'secret', 'application/x-protobuf'],
      body,
    ]),
  );
});
