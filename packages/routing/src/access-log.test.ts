import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { loadTypeRegistry } from '@lateen/xds';
import { AccessLogSchema } from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { AnyValue } from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import { compileAccessLogs } from './access-log.ts';
import { Findings } from './findings.ts';
import type { FormatContext } from './format-context.ts';
import { testContext } from './testing/format-context.ts';

const registry = await loadTypeRegistry();

const fileLog = {
  '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
  path: '/dev/stdout',
};

const compile = (log: JsonValue) => {
  const findings = new Findings();
  const message = fromJson(AccessLogSchema, log, { registry });
  const settings = compileAccessLogs([message], findings, 'access_log')[0];
  return { settings, diagnostics: findings.checked(create(AccessLogSchema)).diagnostics };
};

const accepts = (filter: JsonValue, changes: Partial<FormatContext> = {}): boolean | undefined => {
  const { settings, diagnostics } = compile({ filter, typedConfig: fileLog });
  assert.deepEqual(diagnostics, []);
  return settings?.accepts(testContext(changes));
};

const cel = (expression: string): JsonValue => ({
  extensionFilter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typedConfig: {
      '@type':
        'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
      expression,
    },
  },
});

const status = (op: string, defaultValue: number): JsonValue => ({
  statusCodeFilter: { comparison: { op, value: { defaultValue, runtimeKey: 'x' } } },
});

const jwt = (value: JsonValue): JsonValue => ({
  filter: 'envoy.filters.http.jwt_authn',
  path: [{ key: 'payload' }],
  value,
});

test('filters of every kind', () => {
  const rows: readonly (readonly [JsonValue, boolean, Partial<FormatContext>?])[] = [
    [status('GE', 500), true],
    [status('LE', 500), false],
    [status('EQ', 503), true],
    [
      {
        durationFilter: { comparison: { op: 'GE', value: { defaultValue: 700, runtimeKey: '' } } },
      },
      true,
    ],
    [{ responseFlagFilter: { flags: ['URX'] } }, true],
    [{ responseFlagFilter: { flags: ['NR'] } }, false],
    [{ responseFlagFilter: {} }, false, { responseFlags: '' }],
    [{ headerFilter: { header: { name: 'User-Agent', stringMatch: { prefix: 'curl' } } } }, true],
    [{ notHealthCheckFilter: {} }, true],
    [{ traceableFilter: {} }, false],
    [{ traceableFilter: {} }, true, { isSampled: true }],
    [{ grpcStatusFilter: { statuses: ['UNAVAILABLE'] } }, true],
    [{ grpcStatusFilter: { statuses: ['OK'] } }, true, { grpcStatus: '0' }],
    [{ grpcStatusFilter: { statuses: ['OK'], exclude: true } }, false, { grpcStatus: '0' }],
    [{ metadataFilter: { matcher: jwt({ presentMatch: true }) } }, true],
    [{ metadataFilter: { matcher: jwt({ nullMatch: {} }) } }, false],
    [
      { metadataFilter: { matcher: jwt({ presentMatch: true }), matchIfKeyNotFound: false } },
      false,
      { dynamicMetadata: () => undefined },
    ],
    [{ logTypeFilter: { types: ['DownstreamEnd'] } }, true, { logType: 'DownstreamEnd' }],
    [{ logTypeFilter: { types: ['DownstreamEnd'] } }, false, { logType: 'TcpConnectionEnd' }],
    [{ logTypeFilter: { types: ['DownstreamEnd'], exclude: true } }, true],
    [
      { andFilter: { filters: [status('GE', 500), { responseFlagFilter: { flags: ['UF'] } }] } },
      true,
    ],
    [{ orFilter: { filters: [status('LE', 400), { responseFlagFilter: {} }] } }, true],
    [cel('response.code >= 500 && !(response.flags % 4 / 2 == 1)'), true],
    [cel("request.headers['absent'] == 'x'"), false],
  ];
  for (const [filter, expected, changes] of rows) {
    assert.equal(accepts(filter, changes), expected, JSON.stringify(filter));
  }
});

test('a share of requests is chosen by request id, and alike every time', () => {
  const runtimeFilter = {
    runtimeKey: 'x',
    percentSampled: { numerator: 25, denominator: 'HUNDRED' },
  };
  const { settings } = compile({ filter: { runtimeFilter }, typedConfig: fileLog });
  const count = (context: (index: number) => Partial<FormatContext>): number => {
    let logged = 0;
    for (let index = 0; index < 4096; index++) {
      if (settings?.accepts(testContext(context(index))) === true) logged++;
    }
    return logged;
  };
  const id = (index: number): string => `${(index * 2 ** 20).toString(16).padStart(8, '0')}-1`;
  assert.equal(
    count((index) => ({ requestHeader: () => id(index) })),
    1024,
  );
  const none = (): undefined => undefined;
  assert.equal(
    count((index) => ({ requestHeader: none, uniqueId: () => id(index) })),
    1024,
  );
});

test('an expression that cannot be read refuses the log', () => {
  const { diagnostics } = compile({ filter: cel('response.code ='), typedConfig: fileLog });
  assert.equal(diagnostics[0]?.severity, 'error');
  assert.equal(diagnostics[0]?.path, 'access_log[0].filter.typed_config.expression');
});

const otlp = {
  '@type':
    'type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
  commonConfig: {
    logName: 'otel_envoy_accesslog',
    grpcService: { envoyGrpc: { clusterName: 'outbound|4317||collector' }, timeout: '2s' },
    bufferFlushInterval: '0.5s',
  },
  body: { stringValue: 'é %REQ(:METHOD)% %REQ(X-NAME)% %RESPONSE_CODE%' },
  attributes: {
    values: [
      { key: 'path', value: { stringValue: '%REQ(:PATH)%' } },
      { key: 'fixed', value: { intValue: '7' } },
      {
        key: 'nested',
        value: { kvlistValue: { values: [{ key: 'a', value: { stringValue: '100%%' } }] } },
      },
    ],
  },
};

const plain = (value: AnyValue | undefined): unknown => value?.value.value;

test('records for a collector print their body and attributes', () => {
  const { settings, diagnostics } = compile({ typedConfig: otlp });
  assert.deepEqual(diagnostics, []);
  assert.ok(settings?.sink.kind === 'otlp');
  const { target, flushIntervalMs, bufferBytes, logName, record } = settings.sink;
  assert.deepEqual(
    { target: target.cluster, timeoutMs: target.timeoutMs, flushIntervalMs, bufferBytes, logName },
    {
      target: 'outbound|4317||collector',
      timeoutMs: 2000,
      flushIntervalMs: 500,
      bufferBytes: 16_384,
      logName: 'otel_envoy_accesslog',
    },
  );
  const context = testContext();
  // Values of headers have one character a byte.
  const named = testContext({
    requestHeader: (name) => (name === 'x-name' ? 'caf\xc3\xa9 100%' : 'GET'),
  });
  assert.equal(plain(record.body(named)), 'é GET café 100% 503');
  const [path, fixed, nested] = record.attributes(context);
  assert.equal(plain(path?.value), '/reviews/0?page=2&sort=asc');
  assert.equal(plain(fixed?.value), 7n);
  const list = nested?.value?.value;
  assert.ok(list?.case === 'kvlistValue');
  assert.equal(plain(list.value.values[0]?.value), '100%');
});

test('text of the configuration is UTF-8 in lines, whatever its form', () => {
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
  const rows: readonly (readonly [Record<string, JsonValue>, string])[] = [
    [{ logFormat: { textFormat: 'né %PROTOCOL%\n' } }, 'né HTTP/1.1\n'],
    [{ logFormat: { textFormatSource: { inlineString: 'né %PROTOCOL%\n' } } }, 'né HTTP/1.1\n'],
    [{ format: 'né %PROTOCOL%\n' }, 'né HTTP/1.1\n'],
    [{ logFormat: { jsonFormat: { né: 'à %PROTOCOL%' } } }, '{"né":"à HTTP/1.1"}\n'],
  ];
  for (const [format, expected] of rows) {
    const { settings } = compile({ typedConfig: { ...fileLog, ...format } });
    assert.equal(settings?.format(testContext()), utf8(expected), JSON.stringify(format));
  }
});

const httpService = {
  httpUri: { uri: 'http://logs.example.com/v1/logs?a', cluster: 'logs', timeout: '2s' },
  requestHeadersToAdd: [{ header: { key: 'X-Token', value: 'secret' } }],
};

test('records may go over HTTP; fields of their own come before the common ones', () => {
  const { commonConfig: _common, ...rest } = otlp;
  const own = { logName: 'own', bufferFlushInterval: '2s', bufferSizeBytes: 9 };
  const { settings, diagnostics } = compile({
    typedConfig: {
      ...{ ...rest, ...own, httpService },
      commonConfig: { logName: 'other', bufferSizeBytes: 3 },
    },
  });
  assert.deepEqual(diagnostics, []);
  assert.ok(settings?.sink.kind === 'otlp');
  const { target, logName, flushIntervalMs, bufferBytes } = settings.sink;
  assert.deepEqual(
    { logName, flushIntervalMs, bufferBytes },
    {
      ...{ logName: 'own', flushIntervalMs: 2000, bufferBytes: 9 },
    },
  );
  assert.deepEqual(target, {
    ...{ kind: 'http', cluster: 'logs', authority: 'logs.example.com', path: '/v1/logs?a' },
    ...{ timeoutMs: 2000, headers: [['x-token', 'secret']] },
  });
});

test('a collector that is nowhere, or in two places, is an error', () => {
  const { grpcService } = otlp.commonConfig;
  const rows: readonly Record<string, JsonValue>[] = [
    { commonConfig: {} },
    { httpService },
    { grpcService },
    { commonConfig: {}, httpService, grpcService },
  ];
  for (const config of rows) {
    const { diagnostics } = compile({ typedConfig: { ...otlp, ...config } });
    assert.equal(diagnostics[0]?.path, 'access_log[0].typed_config', JSON.stringify(config));
  }
});
