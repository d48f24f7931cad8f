import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLog } from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { SubstitutionFormatStringSchema } from '@lateen/xds/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import { FileAccessLogSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { OpenTelemetryAccessLogConfigSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import {
  type KeyValueList,
  KeyValueListSchema,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import type { ExtensionProvider } from '../input/extension-provider.ts';
import type { FileLogProvider, OpenTelemetryLogProvider } from '../input/telemetry-provider.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { commonLogConfig, httpGrpcLog, tcpGrpcLog } from './grpc-log-provider.ts';
import {
  istioTextFormat,
  jsonLogFormat,
  parseJsonFormat,
  reqWithoutQueryFormatters,
  stringsOf,
  textLogFormat,
} from './log-format.ts';
import { typedLog } from './typed-log.ts';

const defaultLogName = 'otel_envoy_accesslog';
const standardOutput = '/dev/stdout';
const builtInName = 'envoy';

const fileLog = (
  path: string,
  format: MessageInitShape<typeof SubstitutionFormatStringSchema>,
): AccessLog =>
  typedLog(
    'envoy.access_loggers.file',
    FileAccessLogSchema,
    create(FileAccessLogSchema, { path, accessLogFormat: { case: 'logFormat', value: format } }),
  );

/** A file in the format that MeshConfig gives (`accessLogEncoding`, `accessLogFormat`). */
export const meshFileLog = (path: string, mesh: MeshConfig): AccessLog =>
  fileLog(
    path,
    mesh.accessLogEncoding === 'JSON'
      ? jsonLogFormat(parseJsonFormat(mesh.accessLogFormat))
      : textLogFormat(mesh.accessLogFormat),
  );

const providerFileLog = ({
  path,
  logFormat,
  omitEmptyValues = false,
}: FileLogProvider): AccessLog => {
  const format = logFormat?.labels
    ? jsonLogFormat(logFormat.labels)
    : textLogFormat(logFormat?.text ?? '');
  return fileLog(path || standardOutput, { ...format, omitEmptyValues });
};

/** By name; what is no text is sent empty, as by Istio. */
const attributesOf = (labels: JsonObject): KeyValueList =>
  create(KeyValueListSchema, {
    values: Object.keys(labels)
      .sort()
      .map((key) => {
        const value = labels[key];
        const text = typeof value === 'string' ? value : '';
        return { key, value: { value: { case: 'stringValue' as const, value: text } } };
      }),
  });

/** Records go by OTLP over gRPC: the format is the body, the labels are attributes. */
const openTelemetryLog = (
  push: PushContext,
  provider: OpenTelemetryLogProvider,
): AccessLog | undefined => {
  const commonConfig = commonLogConfig(push, provider, defaultLogName);
  if (commonConfig === undefined) return undefined;
  const body = provider.logFormat?.text || istioTextFormat;
  const labels = provider.logFormat?.labels ?? {};
  const config = create(OpenTelemetryAccessLogConfigSchema, {
    commonConfig,
    disableBuiltinLabels: true,
    body: { value: { case: 'stringValue', value: body } },
    ...(Object.keys(labels).length > 0 && { attributes: attributesOf(labels) }),
    formatters: reqWithoutQueryFormatters(body, ...stringsOf(labels)),
  });
  return typedLog(
    'envoy.access_loggers.open_telemetry',
    OpenTelemetryAccessLogConfigSchema,
    config,
  );
};

/** Undefined: the provider takes no logs, or its service is not in the mesh. */
export const providerLog = (
  push: PushContext,
  { name, envoyFileAccessLog: file, envoyOtelAls, envoyHttpAls, envoyTcpAls }: ExtensionProvider,
): AccessLog | undefined => {
  if (file !== undefined) {
    const isPlain = file.logFormat === undefined && file.omitEmptyValues !== true;
    return name === builtInName && isPlain
      ? meshFileLog(file.path ?? standardOutput, push.meshConfig)
      : providerFileLog(file);
  }
  if (envoyHttpAls !== undefined) return httpGrpcLog(push, envoyHttpAls);
  if (envoyTcpAls !== undefined) return tcpGrpcLog(push, envoyTcpAls);
  return envoyOtelAls && openTelemetryLog(push, envoyOtelAls);
};
