import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { OpenTelemetryConfigSchema } from '@lateen/xds/gen/envoy/config/trace/v3/opentelemetry_pb.js';
import { ZipkinConfigSchema } from '@lateen/xds/gen/envoy/config/trace/v3/zipkin_pb.js';
import { HttpConnectionManagerSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UuidRequestIdConfigSchema } from '@lateen/xds/gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import { Findings } from './findings.ts';
import type { FormatContext } from './format-context.ts';
import { compileRouteConfiguration } from './route-table.ts';
import { compileTracing } from './tracing-compilation.ts';
import type { TracingSettings } from './tracing-settings.ts';

const compiled = (
  tracing: JsonObject,
  provider?: { readonly name: string; readonly any: Any },
): { readonly settings: TracingSettings | undefined; readonly findings: readonly string[] } => {
  const message = fromJson(HttpConnectionManagerSchema, { tracing });
  if (message.tracing !== undefined && provider !== undefined) {
    message.tracing.provider = {
      $typeName: 'envoy.config.trace.v3.Tracing.Http',
      name: provider.name,
      configType: { case: 'typedConfig', value: provider.any },
    };
  }
  const findings = new Findings();
  const settings = compileTracing(message, findings, 'hcm');
  return {
    settings,
    findings: findings.checked(0).diagnostics.map(({ severity, path }) => `${severity} ${path}`),
  };
};

const openTelemetry = (json: JsonObject) => ({
  name: 'envoy.tracers.opentelemetry',
  any: anyPack(OpenTelemetryConfigSchema, fromJson(OpenTelemetryConfigSchema, json)),
});

const zipkin = (json: JsonObject) => ({
  name: 'envoy.tracers.zipkin',
  any: anyPack(ZipkinConfigSchema, fromJson(ZipkinConfigSchema, json)),
});

test('tracing as Istio writes it: OpenTelemetry over gRPC, rates in hundredths, tags', () => {
  const { settings, findings } = compiled(
    {
      clientSampling: { value: 100 },
      randomSampling: { value: 0.01 },
      overallSampling: { value: 12.345 },
      spawnUpstreamSpan: true,
      maxPathTagLength: 40,
      customTags: [
        { tag: 'istio.mesh_id', literal: { value: 'cluster.local' } },
        { tag: 'where', environment: { name: 'REGION', defaultValue: 'unknown' } },
        { tag: 'who', requestHeader: { name: 'End-User', defaultValue: 'nobody' } },
        {
          tag: 'claim',
          metadata: {
            kind: { request: {} },
            metadataKey: { key: 'istio_authn', path: [{ key: 'a' }, { key: 'b' }] },
          },
        },
        { tag: 'who', literal: { value: 'the last counts' } },
      ],
    },
    openTelemetry({
      serviceName: 'productpage.default',
      grpcService: {
        envoyGrpc: { clusterName: 'outbound|4317||otel.obs', authority: 'otel.obs' },
        timeout: '0.250s',
        initialMetadata: [{ key: 'X-Tenant', value: 'a' }],
      },
    }),
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(settings, {
    provider: {
      kind: 'opentelemetry',
      serviceName: 'productpage.default',
      target: {
        kind: 'grpc',
        cluster: 'outbound|4317||otel.obs',
        authority: 'otel.obs',
        timeoutMs: 250,
        headers: [['x-tenant', 'a']],
      },
      readsEnvironment: false,
      resource: {},
      alwaysOn: false,
    },
    rates: { client: 1_000_000, random: 100, overall: 123_500 },
    verbose: false,
    maxPathCharacters: 40,
    customTags: [
      { kind: 'literal', tag: 'istio.mesh_id', value: 'cluster.local' },
      { kind: 'environment', tag: 'where', variable: 'REGION', fallback: 'unknown' },
      { kind: 'literal', tag: 'who', value: 'the last counts' },
      {
        ...{ kind: 'metadata', tag: 'claim', of: 'request', namespace: 'istio_authn' },
        ...{ path: ['a', 'b'], fallback: '' },
      },
    ],
    spawnsUpstreamSpan: true,
    usesRequestId: true,
    packsReason: true,
    propagatesContext: true,
  });
});

test('OpenTelemetry over HTTP, and Zipkin, with their defaults', () => {
  const { settings: overHttp } = compiled(
    {},
    openTelemetry({
      httpService: {
        httpUri: { uri: 'http://otel.obs:4318/v1/traces', cluster: 'c', timeout: '3s' },
        requestHeadersToAdd: [{ header: { key: 'Authorization', value: 'k' } }],
      },
    }),
  );
  assert.deepEqual(overHttp?.rates, { client: 1_000_000, random: 1_000_000, overall: 1_000_000 });
  assert.deepEqual(overHttp?.provider, {
    kind: 'opentelemetry',
    serviceName: 'unknown_service:envoy',
    target: {
      ...{ kind: 'http', cluster: 'c', authority: 'otel.obs:4318', path: '/v1/traces' },
      ...{ timeoutMs: 3000, headers: [['authorization', 'k']] },
    },
    readsEnvironment: false,
    resource: {},
    alwaysOn: false,
  });
  const { settings: toZipkin } = compiled({}, zipkin({ collectorCluster: 'z' }));
  assert.deepEqual(toZipkin?.provider, {
    ...{ kind: 'zipkin', cluster: 'z', path: '/api/v2/spans', hostname: '' },
    ...{ timeoutMs: 0, headers: [], hasW3c: false },
    ...{ traceId128Bit: false, sharedSpanContext: true, splitsSpans: false },
  });
});

test('Zipkin with a collector service and W3C beside B3, tags with formats', () => {
  const { settings, findings } = compiled(
    { customTags: [{ tag: 'how', value: '%PROTOCOL% %REQ(X-NONE)%!' }] },
    zipkin({
      collectorCluster: 'old',
      collectorService: {
        httpUri: { uri: 'zipkin.obs/api/v2/spans', cluster: 'z', timeout: '2s' },
        requestHeadersToAdd: [{ header: { key: 'X-Token', value: 't' } }],
      },
      traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION',
    }),
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(settings?.provider, {
    ...{ kind: 'zipkin', cluster: 'z', path: '/api/v2/spans', hostname: 'zipkin.obs' },
    ...{ timeoutMs: 2000, headers: [['x-token', 't']], hasW3c: true },
    ...{ traceId128Bit: false, sharedSpanContext: true, splitsSpans: false },
  });
  const [tag] = settings?.customTags ?? [];
  assert.ok(tag?.kind === 'format');
  const context = { protocol: 'HTTP/2', requestHeader: () => undefined } as unknown;
  assert.equal(tag.format(context as FormatContext), 'HTTP/2 !');
});

test('what is wrong or not known is found, and where', () => {
  const provider = 'hcm.tracing.provider.typed_config';
  const rows: readonly (readonly [ReturnType<typeof compiled>, readonly string[]])[] = [
    [
      compiled({ randomSampling: { value: 101 }, customTags: [{ tag: '', literal: {} }] }),
      ['error hcm.tracing.random_sampling.value', 'error hcm.tracing.custom_tags[0].tag'],
    ],
    [compiled({}, zipkin({})), [`error ${provider}.collector_cluster`]],
    [
      compiled(
        {},
        openTelemetry({ grpcService: { googleGrpc: { targetUri: 'x', statPrefix: 'y' } } }),
      ),
      [`warning ${provider}.grpc_service`],
    ],
    [
      compiled({}, openTelemetry({ grpcService: { envoyGrpc: {} }, httpService: {} })),
      [
        `error ${provider}`,
        `error ${provider}.grpc_service.envoy_grpc.cluster_name`,
        `error ${provider}.http_service.http_uri.cluster`,
      ],
    ],
    [
      compiled(
        {},
        {
          name: 'other',
          any: anyPack(UuidRequestIdConfigSchema, create(UuidRequestIdConfigSchema)),
        },
      ),
      [`warning ${provider}`],
    ],
    [
      compiled(
        {},
        {
          name: 'broken',
          any: { ...zipkin({}).any, value: Uint8Array.of(0xff) },
        },
      ),
      [`error ${provider}`],
    ],
  ];
  for (const [{ findings }, expected] of rows) assert.deepEqual(findings, expected);
});

test('the request id extension says whether ids decide and carry decisions', () => {
  const extension = create(UuidRequestIdConfigSchema, {
    packTraceReason: false,
    useRequestIdForTraceSampling: false,
  });
  const message = fromJson(HttpConnectionManagerSchema, { tracing: {} });
  message.requestIdExtension = {
    $typeName: 'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension',
    typedConfig: anyPack(UuidRequestIdConfigSchema, extension),
  };
  const settings = compileTracing(message, new Findings(), 'hcm');
  assert.equal(settings?.usesRequestId, false);
  assert.equal(settings?.packsReason, false);
  assert.equal(
    compileTracing(fromJson(HttpConnectionManagerSchema, {}), new Findings(), ''),
    undefined,
  );
});

test('routes name operations and have rates and tags of their own', () => {
  const { value } = compileRouteConfiguration(
    fromJson(RouteConfigurationSchema, {
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              route: { cluster: 'c' },
              decorator: { operation: 'reviews:9080/*', propagate: false },
              tracing: {
                randomSampling: { numerator: 5, denominator: 'TEN_THOUSAND' },
                customTags: [{ tag: 'a', literal: { value: 'b' } }],
              },
            },
          ],
        },
      ],
    }),
  );
  const route = value?.virtualHosts[0]?.routes[0];
  assert.equal(route?.operation, 'reviews:9080/*');
  assert.equal(route?.propagatesOperation, false);
  assert.deepEqual(route?.tracing, {
    rates: { client: 1_000_000, random: 500, overall: 1_000_000 },
    customTags: [{ kind: 'literal', tag: 'a', value: 'b' }],
  });
});
