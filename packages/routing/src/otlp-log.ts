import { create } from '@bufbuild/protobuf';
import type { OpenTelemetryAccessLogConfig } from '@lateen/xds/gen/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import {
  type AnyValue,
  AnyValueSchema,
  type KeyValue,
  type KeyValueList,
  KeyValueSchema,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import { compileFormatWith } from './format.ts';
import type { FormatContext } from './format-context.ts';
import { compileGrpcTarget } from './grpc-target.ts';
import { fromHeaderText, toHeaderText } from './header-text.ts';
import { compileHttpTarget } from './http-target.ts';
import type { OtlpTarget } from './tracing-settings.ts';

/** What one record says; values are formats, printed for each request. */
export interface OtlpLogRecord {
  /** Undefined: the log has no body. */
  body(context: FormatContext): AnyValue | undefined;
  attributes(context: FormatContext): KeyValue[];
}

/** `envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig`. */
export interface OtlpLogSettings {
  /** The message's bytes as text: logs with the same settings can share what sends them. */
  readonly key: string;
  readonly logName: string;
  /** Part of the names of its statistics; empty: none. */
  readonly statPrefix: string;
  readonly target: OtlpTarget;
  /** A batch leaves at the latest after this time. Default 1 s. */
  readonly flushIntervalMs: number;
  /** And as soon as it has this size. Default 16384. */
  readonly bufferBytes: number;
  /** `log_name`, `zone_name`, `cluster_name` and `node_name` belong to the resource. */
  readonly hasBuiltinLabels: boolean;
  readonly resourceAttributes: readonly KeyValue[];
  readonly record: OtlpLogRecord;
}

const defaultFlushMs = 1000;
const defaultBufferBytes = 16_384;
/** Lists in lists deeper than this keep what they say as it stands. */
const maxDepth = 16;

type Printer = (context: FormatContext) => AnyValue;

const compileList = (
  { values }: KeyValueList,
  findings: Findings,
  path: string,
  depth: number,
): ((context: FormatContext) => KeyValue[]) => {
  const printers = values.map(({ key, value }) => ({
    key,
    print: value && compileValue(value, findings, `${path}.${key}`, depth),
  }));
  return (context) =>
    printers.map(({ key, print }) => {
      const value = print?.(context);
      return create(KeyValueSchema, { key, ...(value && { value }) });
    });
};

function compileValue(value: AnyValue, findings: Findings, path: string, depth: number): Printer {
  const kind = value.value;
  if (depth > maxDepth) return () => value;
  if (kind.case === 'stringValue') {
    if (!kind.value.includes('%')) return () => value;
    const format = compileFormatWith(toHeaderText(kind.value), findings, { path });
    return (context) => {
      const text = fromHeaderText(format(context));
      return create(AnyValueSchema, { value: { case: 'stringValue', value: text } });
    };
  }
  if (kind.case === 'kvlistValue') {
    const print = compileList(kind.value, findings, path, depth + 1);
    return (context) =>
      create(AnyValueSchema, { value: { case: 'kvlistValue', value: { values: print(context) } } });
  }
  if (kind.case === 'arrayValue') {
    const items = kind.value.values.map((item, index) =>
      compileValue(item, findings, `${path}[${index}]`, depth + 1),
    );
    return (context) =>
      create(AnyValueSchema, {
        value: { case: 'arrayValue', value: { values: items.map((print) => print(context)) } },
      });
  }
  return () => value;
}

/** The one of three places that says where records go; Envoy refuses none and several. */
const compileTarget = (
  message: OpenTelemetryAccessLogConfig,
  findings: Findings,
  path: string,
): OtlpTarget | undefined => {
  const { httpService, grpcService, commonConfig } = message;
  const common = commonConfig?.grpcService;
  const given = [httpService, grpcService, common].filter((service) => service !== undefined);
  if (given.length !== 1) {
    const names = 'grpc_service, http_service and common_config.grpc_service';
    findings.error(path, 'FieldInvalid', `exactly one of ${names} is required`);
    return undefined;
  }
  if (httpService !== undefined) {
    return compileHttpTarget(httpService, findings, `${path}.http_service`);
  }
  if (grpcService !== undefined) {
    return compileGrpcTarget(grpcService, findings, `${path}.grpc_service`);
  }
  return common && compileGrpcTarget(common, findings, `${path}.common_config.grpc_service`);
};

/** Fields of the message come before those of `common_config`, which were before them. */
const compileBatches = ({
  commonConfig: common,
  ...message
}: OpenTelemetryAccessLogConfig): Pick<
  OtlpLogSettings,
  'logName' | 'flushIntervalMs' | 'bufferBytes'
> => ({
  logName: message.logName || (common?.logName ?? ''),
  flushIntervalMs:
    durationMsOr(message.bufferFlushInterval ?? common?.bufferFlushInterval, defaultFlushMs) ||
    defaultFlushMs,
  bufferBytes: message.bufferSizeBytes ?? common?.bufferSizeBytes ?? defaultBufferBytes,
});

/** Compiles a log that goes to a collector; undefined, with a finding, where it cannot be sent. */
export const compileOtlpLog = (
  message: OpenTelemetryAccessLogConfig,
  findings: Findings,
  path: string,
): Omit<OtlpLogSettings, 'key'> | undefined => {
  const target = compileTarget(message, findings, path);
  if (target === undefined) return undefined;
  for (const [field, list] of [
    ['custom_tags', message.customTags],
    ['resource_detectors', message.resourceDetectors],
  ] as const) {
    if (list.length > 0) findings.warning(`${path}.${field}`, 'FieldUnsupported', 'has no effect');
  }
  const body = message.body && compileValue(message.body, findings, `${path}.body`, 0);
  const attributes =
    message.attributes && compileList(message.attributes, findings, `${path}.attributes`, 0);
  return {
    ...compileBatches(message),
    statPrefix: message.statPrefix,
    target,
    hasBuiltinLabels: !message.disableBuiltinLabels,
    resourceAttributes: message.resourceAttributes?.values ?? [],
    record: {
      body: (context) => body?.(context),
      attributes: (context) => attributes?.(context) ?? [],
    },
  };
};
