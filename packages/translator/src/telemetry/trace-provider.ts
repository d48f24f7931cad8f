import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type TypedExtensionConfig,
  TypedExtensionConfigSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/extension_pb.js';
import {
  type Tracing_Http,
  Tracing_HttpSchema,
} from '@lateen/xds/gen/envoy/config/trace/v3/http_tracer_pb.js';
import { OpenTelemetryConfigSchema } from '@lateen/xds/gen/envoy/config/trace/v3/opentelemetry_pb.js';
import {
  ZipkinConfig_CollectorEndpointVersion,
  ZipkinConfig_TraceContextOption,
  ZipkinConfigSchema,
} from '@lateen/xds/gen/envoy/config/trace/v3/zipkin_pb.js';
import { DynatraceResourceDetectorConfigSchema } from '@lateen/xds/gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/dynatrace_resource_detector_pb.js';
import { EnvironmentResourceDetectorConfigSchema } from '@lateen/xds/gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector_pb.js';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import type { ExtensionProvider } from '../input/extension-provider.ts';
import type {
  OpenTelemetryProvider,
  ProviderHeader,
  ProviderService,
  ZipkinProvider,
} from '../input/telemetry-provider.ts';
import {
  findProviderTarget,
  type ProviderTarget,
} from '../push-context/extension-provider-lookup.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { grpcTarget } from './grpc-target.ts';

type OpenTelemetryFields = MessageFields<typeof OpenTelemetryConfigSchema>;

/** Envoy wants one; what Istio's API documents where nobody says. */
const defaultExportTimeoutMs = 3_000;
/** Envoy's own for Zipkin. */
const defaultZipkinTimeoutMs = 5_000;
const defaultZipkinPath = '/api/v2/spans';

/** A tracer of a proxy, and how long its tags of paths may be. */
export interface TraceProvider {
  readonly tracer: Tracing_Http;
  /** Bytes; 0: as the proxy or Envoy say. */
  readonly maxTagLength: number;
}

const tracer = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): Tracing_Http =>
  create(Tracing_HttpSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, message) },
  });

const headerOptions = (headers: readonly ProviderHeader[]): HeaderValueOption[] =>
  headers.map(({ name = '', value = '' }) =>
    create(HeaderValueOptionSchema, {
      header: { key: name, value },
      appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
    }),
  );

/** Go's `url.JoinPath`: one slash between both. */
const joinPath = (hostname: string, path: string): string =>
  path === '' ? hostname : `${hostname}/${path.replace(/^\/+/, '')}`;

const exporter = (
  { http, grpc }: OpenTelemetryProvider,
  target: ProviderTarget,
): OpenTelemetryFields =>
  http === undefined
    ? {
        grpcService: {
          targetSpecifier: grpcTarget(target),
          ...(grpc?.timeout !== undefined && { timeout: duration(grpc.timeout) }),
          initialMetadata: (grpc?.initialMetadata ?? []).map(({ name = '', value = '' }) => ({
            key: name,
            value,
          })),
        },
      }
    : {
        httpService: {
          httpUri: {
            uri: joinPath(target.hostname, http.path ?? ''),
            httpUpstreamType: { case: 'cluster', value: target.cluster },
            timeout: duration(http.timeout ?? defaultExportTimeoutMs),
          },
          requestHeadersToAdd: headerOptions(http.headers),
        },
      };

const detector = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): TypedExtensionConfig =>
  create(TypedExtensionConfigSchema, {
    name: `envoy.tracers.opentelemetry.resource_detectors.${name}`,
    typedConfig: packAny(schema, message),
  });

const resourceDetectors = ({
  resourceDetectors: wanted,
}: OpenTelemetryProvider): TypedExtensionConfig[] => [
  ...(wanted?.environment
    ? [
        detector(
          'environment',
          EnvironmentResourceDetectorConfigSchema,
          create(EnvironmentResourceDetectorConfigSchema),
        ),
      ]
    : []),
  ...(wanted?.dynatrace
    ? [
        detector(
          'dynatrace',
          DynatraceResourceDetectorConfigSchema,
          create(DynatraceResourceDetectorConfigSchema),
        ),
      ]
    : []),
];

const openTelemetry = (
  provider: OpenTelemetryProvider,
  target: ProviderTarget,
  serviceName: string,
): Tracing_Http =>
  tracer(
    'envoy.tracers.opentelemetry',
    OpenTelemetryConfigSchema,
    create(OpenTelemetryConfigSchema, {
      serviceName,
      ...exporter(provider, target),
      resourceDetectors: resourceDetectors(provider),
    }),
  );

type ZipkinSettings = Omit<ZipkinProvider, keyof ProviderService>;

/** What only a `collector_service` can say. */
const collectorService = (
  { path, timeout, headers }: ZipkinSettings,
  { hostname, cluster }: ProviderTarget,
): MessageFields<typeof ZipkinConfigSchema> =>
  timeout === undefined && headers.length === 0
    ? {}
    : {
        collectorService: {
          httpUri: {
            uri: joinPath(hostname, path || defaultZipkinPath),
            httpUpstreamType: { case: 'cluster', value: cluster },
            timeout: duration(timeout ?? defaultZipkinTimeoutMs),
          },
          requestHeadersToAdd: headerOptions(headers),
        },
      };

const contextOptions = {
  USE_B3: ZipkinConfig_TraceContextOption.USE_B3,
  USE_B3_WITH_W3C_PROPAGATION: ZipkinConfig_TraceContextOption.USE_B3_WITH_W3C_PROPAGATION,
} as const;

const zipkin = (settings: ZipkinSettings, target: ProviderTarget): Tracing_Http => {
  const { path, enable64bitTraceId, traceContextOption } = settings;
  const { hostname, cluster } = target;
  return tracer(
    'envoy.tracers.zipkin',
    ZipkinConfigSchema,
    create(ZipkinConfigSchema, {
      ...collectorService(settings, target),
      traceContextOption: contextOptions[traceContextOption ?? 'USE_B3'],
      collectorCluster: cluster,
      collectorEndpoint: path || defaultZipkinPath,
      collectorEndpointVersion: ZipkinConfig_CollectorEndpointVersion.HTTP_JSON,
      collectorHostname: hostname,
      traceId128bit: enable64bitTraceId !== true,
      sharedSpanContext: false,
    }),
  );
};

/** Undefined: the provider takes no spans, or its service is not in the mesh. */
export const traceProvider = (
  push: PushContext,
  { opentelemetry, zipkin: zipkinProvider }: ExtensionProvider,
  serviceName: string,
): TraceProvider | undefined => {
  const provider = opentelemetry ?? zipkinProvider;
  const target = provider && findProviderTarget(push, provider);
  if (provider === undefined || target === undefined) return undefined;
  return {
    tracer:
      opentelemetry === undefined
        ? zipkin(zipkinProvider ?? noZipkinSettings, target)
        : openTelemetry(opentelemetry, target, serviceName),
    maxTagLength: provider.maxTagLength ?? 0,
  };
};

const noZipkinSettings = {
  path: undefined,
  enable64bitTraceId: undefined,
  maxTagLength: undefined,
  timeout: undefined,
  headers: [],
  traceContextOption: undefined,
};

/**
 * The tracer of `defaultConfig.tracing.zipkin.address` (`zipkin.istio-system:9411`): Envoy's bootstrap has
 * it in Istio; named here, every proxy knows it. Undefined: no service of the mesh is meant.
 */
export const zipkinAt = (push: PushContext, address: string): Tracing_Http | undefined => {
  const [, host = '', port = ''] = /^([^:]+):(\d{1,5})$/.exec(address) ?? [];
  const names = [host, `${host}.${push.meshConfig.domainSuffix}`];
  const hostnames = [...names, `${host}.svc.${push.meshConfig.domainSuffix}`];
  for (const service of hostnames) {
    const target = findProviderTarget(push, { service, port: Number(port) });
    if (target !== undefined) return zipkin(noZipkinSettings, target);
  }
  return undefined;
};
