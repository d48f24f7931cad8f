import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { AccessLog } from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { Tracing_Http } from '@lateen/xds/gen/envoy/config/trace/v3/http_tracer_pb.js';
import { OpenTelemetryConfigSchema } from '@lateen/xds/gen/envoy/config/trace/v3/opentelemetry_pb.js';
import { ZipkinConfigSchema } from '@lateen/xds/gen/envoy/config/trace/v3/zipkin_pb.js';
import { FileAccessLogSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { ExpressionFilterSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.js';
import { HttpGrpcAccessLogConfigSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { OpenTelemetryAccessLogConfigSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import type { HttpConnectionManager_Tracing } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { CustomTag } from '@lateen/xds/gen/envoy/type/tracing/v3/custom_tag_pb.js';
import { PluginConfigSchema } from '@lateen/xds/gen/istio/envoy/extensions/stats/config_pb.js';

const held = <Desc extends DescMessage>(
  { typeUrl, value }: Any,
  schema: Desc,
): MessageShape<Desc> | undefined =>
  typeUrl.endsWith(`/${schema.typeName}`) ? fromBinary(schema, value) : undefined;

const configOf = ({ configType }: Tracing_Http | AccessLog): Any => {
  if (configType.case !== 'typedConfig') throw new Error('no typed_config');
  return configType.value;
};

/** `otlp/grpc CLUSTER as SERVICE`, `otlp/http URI via CLUSTER`, `zipkin CLUSTER PATH`; `none`. */
const providerText = (provider: Tracing_Http | undefined): string => {
  if (provider === undefined) return 'none';
  const otel = held(configOf(provider), OpenTelemetryConfigSchema);
  const target = otel?.grpcService?.targetSpecifier;
  if (target?.case === 'envoyGrpc') {
    return `otlp/grpc ${target.value.clusterName} as ${otel?.serviceName}`;
  }
  const uri = otel?.httpService?.httpUri;
  if (uri !== undefined) return `otlp/http ${uri.uri} via ${uri.httpUpstreamType.value}`;
  const zipkin = held(configOf(provider), ZipkinConfigSchema);
  const service = zipkin?.collectorService;
  return [
    `zipkin ${zipkin?.collectorCluster} ${zipkin?.collectorEndpoint}`,
    ...(zipkin?.traceContextOption === 1 ? ['and W3C'] : []),
    ...(service === undefined
      ? []
      : [`${service.httpUri?.uri} in ${service.httpUri?.timeout?.seconds}s`]),
    ...(service?.requestHeadersToAdd ?? []).map(({ header }) => `${header?.key}:${header?.value}`),
  ].join(' ');
};

const tagText = ({ tag, type }: CustomTag): string => {
  switch (type.case) {
    case 'literal':
      return `${tag}=${type.value.value}`;
    case 'environment':
      return `${tag}=$${type.value.name}|${type.value.defaultValue}`;
    case 'requestHeader':
      return `${tag}=<${type.value.name}>|${type.value.defaultValue}`;
    case 'value':
      return `${tag}=${type.value}`;
    default:
      return `${tag}=${type.case}`;
  }
};

/** `PROVIDER RANDOM% TAG=VALUE …`; tags of dry-run policies, which all have, are left out. */
export const tracingText = (tracing: HttpConnectionManager_Tracing | undefined): string => {
  if (tracing === undefined) return 'off';
  const { provider, randomSampling, customTags, maxPathTagLength, spawnUpstreamSpan } = tracing;
  return [
    providerText(provider),
    `${randomSampling?.value}%`,
    ...(maxPathTagLength === undefined ? [] : [`max=${maxPathTagLength}`]),
    ...(spawnUpstreamSpan ? ['upstream-span'] : []),
    ...customTags.filter(({ tag }) => !tag.includes('.dry_run.')).map(tagText),
  ].join(' ');
};

const filterText = (filter: AccessLog['filter']): string => {
  const specifier = filter?.filterSpecifier;
  switch (specifier?.case) {
    case undefined:
      return '';
    case 'andFilter':
      return specifier.value.filters.map(filterText).join(' and');
    case 'responseFlagFilter':
      return ` if ${specifier.value.flags}`;
    case 'extensionFilter': {
      const config = specifier.value.configType.value;
      return ` if ${config && held(config, ExpressionFilterSchema)?.expression}`;
    }
    default:
      return ` if ${specifier?.case}`;
  }
};

/** `file PATH text|json`, `otlp CLUSTER NAME`, `als CLUSTER NAME`, then what has to hold. */
export const logText = (log: AccessLog): string => {
  const file = held(configOf(log), FileAccessLogSchema);
  if (file?.accessLogFormat.case === 'logFormat') {
    const { format } = file.accessLogFormat.value;
    const own = format.case === 'jsonFormat' ? JSON.stringify(format.value) : '';
    const isText = format.case === 'textFormatSource';
    const text = isText ? String(format.value.specifier.value) : own;
    return `file ${file.path} ${text.length > 60 ? text.slice(0, 12) : text.trim()}${filterText(log.filter)}`;
  }
  const als = held(configOf(log), HttpGrpcAccessLogConfigSchema);
  const otlp = held(configOf(log), OpenTelemetryAccessLogConfigSchema);
  const common = (als ?? otlp)?.commonConfig;
  const target = common?.grpcService?.targetSpecifier;
  const cluster = target?.case === 'envoyGrpc' ? target.value.clusterName : '?';
  const attributes = otlp?.attributes?.values.map(({ key }) => key) ?? [];
  const kind = als === undefined ? 'otlp' : 'als';
  return `${kind} ${cluster} ${[common?.logName, ...attributes].join(' ')}${filterText(log.filter)}`;
};

/** Every metric that is told something: `NAME +TAG=CEL -TAG`, or `NAME off`. */
export const statsText = (config: Any): string => {
  const plugin = held(config, PluginConfigSchema);
  const metrics = (plugin?.metrics ?? []).map(({ name, drop, dimensions, tagsToRemove }) =>
    [
      name,
      ...(drop ? ['off'] : []),
      ...Object.entries(dimensions).map(([tag, value]) => `+${tag}=${value}`),
      ...tagsToRemove.map((tag) => `-${tag}`),
    ].join(' '),
  );
  const interval = plugin?.tcpReportingDuration;
  return [
    ...(plugin?.disableHostHeaderFallback ? ['no-host-fallback'] : []),
    ...(interval === undefined ? [] : [`every ${interval.seconds}s`]),
    ...metrics,
  ].join('; ');
};
