import type { Any } from '@bufbuild/protobuf/wkt';
import type { Tracing_Http } from '@lateen/xds/gen/envoy/config/trace/v3/http_tracer_pb.js';
import {
  type OpenTelemetryConfig,
  OpenTelemetryConfigSchema,
} from '@lateen/xds/gen/envoy/config/trace/v3/opentelemetry_pb.js';
import {
  ZipkinConfig_TraceContextOption as ContextOption,
  type ZipkinConfig,
  ZipkinConfigSchema,
  ZipkinConfig_CollectorEndpointVersion as ZipkinVersion,
} from '@lateen/xds/gen/envoy/config/trace/v3/zipkin_pb.js';
import { StaticConfigResourceDetectorConfigSchema } from '@lateen/xds/gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/static_config_resource_detector_pb.js';
import { holds, unpack } from './any-message.ts';
import type { Findings } from './findings.ts';
import { compileGrpcTarget } from './grpc-target.ts';
import { compileHttpTarget } from './http-target.ts';
import type { TracingProvider } from './tracing-settings.ts';

type Zipkin = Extract<TracingProvider, { readonly kind: 'zipkin' }>;
type OpenTelemetry = Extract<TracingProvider, { readonly kind: 'opentelemetry' }>;

/** Envoy's name of a service that was given none. */
const unknownService = 'unknown_service:envoy';

const typeNameOf = (any: Any | undefined): string =>
  any?.typeUrl.slice(any.typeUrl.lastIndexOf('.') + 1) ?? '';

const compileSampler = (
  { sampler }: OpenTelemetryConfig,
  findings: Findings,
  path: string,
): boolean => {
  if (sampler === undefined) return false;
  if (typeNameOf(sampler.typedConfig) === 'AlwaysOnSamplerConfig') return true;
  findings.warning(`${path}.sampler`, 'FieldUnsupported', `${sampler.name} is not known`);
  return false;
};

/** Detectors of the environment and of fixed attributes; others know places that this proxy does not run in. */
const compileDetectors = (
  { resourceDetectors }: OpenTelemetryConfig,
  findings: Findings,
  path: string,
): Pick<OpenTelemetry, 'readsEnvironment' | 'resource'> => {
  let readsEnvironment = false;
  let resource: OpenTelemetry['resource'] = {};
  for (const [index, { name, typedConfig: any }] of resourceDetectors.entries()) {
    const at = `${path}.resource_detectors[${index}]`;
    if (typeNameOf(any) === 'EnvironmentResourceDetectorConfig') readsEnvironment = true;
    else if (any !== undefined && holds(any, StaticConfigResourceDetectorConfigSchema)) {
      const config = unpack(any, StaticConfigResourceDetectorConfigSchema, findings, at);
      resource = { ...resource, ...config?.attributes };
    } else findings.warning(at, 'FieldUnsupported', `${name} is not known`);
  }
  return { readsEnvironment, resource };
};

const compileOpenTelemetry = (
  message: OpenTelemetryConfig,
  findings: Findings,
  path: string,
): OpenTelemetry => {
  const { grpcService, httpService } = message;
  if (grpcService !== undefined && httpService !== undefined) {
    findings.error(path, 'FieldInvalid', 'either grpc_service or http_service, not both');
  }
  const overGrpc = grpcService && compileGrpcTarget(grpcService, findings, `${path}.grpc_service`);
  const overHttp = httpService && compileHttpTarget(httpService, findings, `${path}.http_service`);
  return {
    kind: 'opentelemetry',
    serviceName: message.serviceName || unknownService,
    target: overGrpc ?? overHttp,
    ...compileDetectors(message, findings, path),
    alwaysOn: compileSampler(message, findings, path),
  };
};

type ZipkinCollector = Pick<Zipkin, 'cluster' | 'path' | 'hostname' | 'timeoutMs' | 'headers'>;

/** `collector_service`, or the fields that were before it. */
const compileCollector = (
  message: ZipkinConfig,
  findings: Findings,
  path: string,
): ZipkinCollector => {
  const { collectorService: service } = message;
  if (service !== undefined) {
    const target = compileHttpTarget(service, findings, `${path}.collector_service`);
    const { cluster, authority: hostname, timeoutMs, headers } = target;
    return { cluster, path: target.path, hostname, timeoutMs, headers };
  }
  if (message.collectorCluster === '') {
    findings.error(`${path}.collector_cluster`, 'FieldRequired', 'is required');
  }
  return {
    cluster: message.collectorCluster,
    path: message.collectorEndpoint || '/api/v2/spans',
    hostname: message.collectorHostname,
    timeoutMs: 0,
    headers: [],
  };
};

const compileZipkin = (message: ZipkinConfig, findings: Findings, path: string): Zipkin => {
  if (message.collectorEndpointVersion === ZipkinVersion.HTTP_PROTO) {
    const what = 'HTTP_PROTO is not known, JSON is sent';
    findings.warning(`${path}.collector_endpoint_version`, 'FieldUnsupported', what);
  }
  return {
    kind: 'zipkin',
    ...compileCollector(message, findings, path),
    hasW3c: message.traceContextOption === ContextOption.USE_B3_WITH_W3C_PROPAGATION,
    traceId128Bit: message.traceId128bit,
    sharedSpanContext: message.sharedSpanContext ?? true,
    splitsSpans: message.splitSpansForRequest,
  };
};

/** Compiles a provider; undefined, with a warning, for one that is not known. */
export const compileTracingProvider = (
  message: Tracing_Http | undefined,
  findings: Findings,
  path: string,
): TracingProvider | undefined => {
  const any = message?.configType.case === 'typedConfig' ? message.configType.value : undefined;
  if (message === undefined || any === undefined) return undefined;
  const at = `${path}.typed_config`;
  if (holds(any, OpenTelemetryConfigSchema)) {
    const config = unpack(any, OpenTelemetryConfigSchema, findings, at);
    return config && compileOpenTelemetry(config, findings, at);
  }
  if (holds(any, ZipkinConfigSchema)) {
    const config = unpack(any, ZipkinConfigSchema, findings, at);
    return config && compileZipkin(config, findings, at);
  }
  findings.warning(at, 'FieldUnsupported', `${message.name} is not known: nothing is traced`);
  return undefined;
};
