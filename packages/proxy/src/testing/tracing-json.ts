import type { JsonObject } from '@bufbuild/protobuf';
import { clusterJson, http2Protocol } from './static-bootstrap.ts';

const type = 'type.googleapis.com/envoy.config.trace.v3';

/** The cluster that collectors of tests are. */
export const collectorCluster = (port: number, isGrpc: boolean): JsonObject =>
  clusterJson('collector', [port], isGrpc ? http2Protocol : {});

const provider = (name: string, config: JsonObject): JsonObject => ({
  name: `envoy.tracers.${name}`,
  typedConfig: config,
});

/** `tracing` of a connection manager: OTLP over gRPC to the cluster `collector`; `more` goes over it. */
export const overGrpc = (more: JsonObject = {}): JsonObject => ({
  provider: provider('opentelemetry', {
    '@type': `${type}.OpenTelemetryConfig`,
    serviceName: 'test.default',
    grpcService: { envoyGrpc: { clusterName: 'collector', authority: 'otel.obs' }, timeout: '30s' },
  }),
  ...more,
});

/** The same over HTTP. */
export const overHttp = (): JsonObject => ({
  provider: provider('opentelemetry', {
    '@type': `${type}.OpenTelemetryConfig`,
    serviceName: 'test.default',
    httpService: {
      httpUri: { uri: 'http://otel.obs/v1/traces', cluster: 'collector', timeout: '30s' },
      requestHeadersToAdd: [{ header: { key: 'x-tenant', value: 'a' } }],
    },
  }),
});

/** Zipkin. */
export const toZipkin = (more: JsonObject = {}): JsonObject => ({
  provider: provider('zipkin', {
    '@type': `${type}.ZipkinConfig`,
    collectorCluster: 'collector',
    collectorEndpoint: '/api/v2/spans',
    collectorEndpointVersion: 'HTTP_JSON',
    traceId128bit: true,
    sharedSpanContext: false,
    ...more,
  }),
});

/** The trace of a context that comes with a request. */
export const traceId = '0af7651916cd43dd8448eb211c80319c';
/** The span of that context. */
export const parentId = 'b7ad6b7169203331';
