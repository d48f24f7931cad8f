import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type StreamAccessLogsMessage,
  StreamAccessLogsMessageSchema,
} from '@lateen/xds/gen/envoy/service/accesslog/v3/als_pb.js';
import { eventually, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, http2Protocol, routesJson } from '../testing/static-bootstrap.ts';
import { namedUpstream, refusedPort } from '../testing/upstream.ts';

/** An `AccessLogService` by grpc-js: a second opinion on what we send. It has a last word only where it is told to. */
const startService = async (answers: boolean) => {
  const messages: StreamAccessLogsMessage[] = [];
  const server = new grpc.Server();
  const implementation = (
    call: grpc.ServerReadableStream<StreamAccessLogsMessage, object>,
    reply: grpc.sendUnaryData<object>,
  ): void => {
    call.on('data', (message: StreamAccessLogsMessage) => messages.push(message));
    call.on('end', () => {
      if (answers) reply(null, {});
      else reply({ code: grpc.status.UNAVAILABLE });
    });
  };
  server.addService(
    {
      stream: {
        path: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
        requestStream: true,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => fromBinary(StreamAccessLogsMessageSchema, bytes),
        requestSerialize: () => Buffer.alloc(0),
        responseSerialize: () => Buffer.alloc(0),
        responseDeserialize: () => ({}),
      },
    },
    { stream: implementation },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, messages, [Symbol.asyncDispose]: async () => server.forceShutdown() };
};

const logJson = (type: 'Http' | 'Tcp', more: JsonObject = {}): JsonObject => ({
  name: `envoy.access_loggers.${type.toLowerCase()}_grpc`,
  typedConfig: {
    '@type': `type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.${type}GrpcAccessLogConfig`,
    commonConfig: {
      logName: `${type} log`,
      grpcService: { envoyGrpc: { clusterName: 'als' } },
      bufferFlushInterval: '0.01s',
      transportApiVersion: 'V3',
    },
    ...more,
  },
});

const run = (upstream: number, service: number, log: JsonObject) =>
  runProxy({
    clusters: [clusterJson('up', [upstream]), clusterJson('als', [service], http2Protocol)],
    manager: { accessLog: [log], routeConfig: routesJson([routeTo('up')]) },
  });

const counted = ({ proxy }: Awaited<ReturnType<typeof run>>, name: string): number => {
  const statName = `access_logs.grpc_access_log.${name}`;
  const { metric } = proxy.stats.series().find((series) => series.statName === statName) ?? {};
  return metric !== undefined && 'value' in metric ? metric.value : -1;
};

type Json = Record<string, Record<string, unknown>>;

test('http_grpc: entries of requests, with who sends them and the headers asked for', async () => {
  await using up = await namedUpstream('up');
  await using service = await startService(true);
  const more = {
    additionalRequestHeadersToLog: ['X-User', 'absent'],
    additionalResponseHeadersToLog: ['content-type', 'Server'],
  };
  await using running = await run(up.port, service.port, logJson('Http', more));
  const headers = { 'x-user': 'zoe', 'user-agent': 'test/1', referer: 'http://b/' };
  await (await running.fetch('/a?b', { method: 'POST', body: 'four', headers })).text();
  await eventually(() => counted(running, 'logs_written') === 1);
  const [message] = service.messages;
  assert.ok(message);
  assert.equal(message.identifier?.logName, 'Http log');
  assert.equal(
    message.identifier?.node?.id,
    'sidecar~127.0.0.1~test.default~default.svc.cluster.local',
  );
  const told = toJson(StreamAccessLogsMessageSchema, message) as unknown as {
    readonly httpLogs: { readonly logEntry: readonly Json[] };
  };
  const [entry] = told.httpLogs.logEntry;
  assert.equal(entry?.['protocolVersion'], 'HTTP11');
  const { requestMethod, path, userAgent, referer, requestBodyBytes, requestHeaders } =
    entry?.['request'] ?? {};
  assert.deepEqual(
    { requestMethod, path, userAgent, referer, requestBodyBytes, requestHeaders },
    {
      ...{ requestMethod: 'POST', path: '/a?b', userAgent: 'test/1', referer: 'http://b/' },
      ...{ requestBodyBytes: '4', requestHeaders: { 'x-user': 'zoe' } },
    },
  );
  const { responseCode, responseCodeDetails } = entry?.['response'] ?? {};
  assert.deepEqual([responseCode, responseCodeDetails], [200, 'via_upstream']);
  const common = entry?.['commonProperties'] ?? {};
  const { upstreamRemoteAddress, upstreamCluster, accessLogType, startTime } = common;
  assert.deepEqual(upstreamRemoteAddress, {
    socketAddress: { address: '127.0.0.1', portValue: up.port },
  });
  assert.deepEqual([upstreamCluster, accessLogType], ['up', 'DownstreamEnd']);
  assert.ok(Math.abs(Date.parse(String(startTime)) - Date.now()) < 60_000);
  assert.match(String(common['duration']), /^\d+(\.\d+)?s$/);
});

test('flags of a failed request; entries that are refused are counted', async () => {
  await using service = await startService(false);
  await using running = await run(refusedPort, service.port, logJson('Http'));
  assert.equal((await running.fetch('/')).status, 503);
  await eventually(() => counted(running, 'logs_dropped') === 1);
  assert.equal(counted(running, 'reports_refused'), 1);
  const { logEntries } = service.messages[0] ?? {};
  assert.ok(logEntries?.case === 'httpLogs');
  const flags = logEntries.value.logEntry[0]?.commonProperties?.responseFlags;
  assert.equal(flags?.upstreamConnectionFailure, true);
  assert.equal(flags.noRouteFound, false);
});

test('tcp_grpc: entries of connections', async () => {
  await using up = await namedUpstream('up');
  await using service = await startService(true);
  await using running = await run(up.port, service.port, logJson('Tcp'));
  await (await running.fetch('/', { method: 'POST', body: 'four' })).text();
  await eventually(() => counted(running, 'logs_written') === 1);
  const { logEntries, identifier } = service.messages[0] ?? {};
  assert.equal(identifier?.logName, 'Tcp log');
  assert.ok(logEntries?.case === 'tcpLogs');
  const [entry] = logEntries.value.logEntry;
  assert.equal(entry?.connectionProperties?.receivedBytes, 4n);
  assert.equal(entry.commonProperties?.upstreamCluster, 'up');
});
