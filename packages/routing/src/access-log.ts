import type { DescMessage } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { AccessLog } from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { SubstitutionFormatString } from '@lateen/xds/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import {
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { OpenTelemetryAccessLogConfigSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { compileLogFilter } from './access-log-filter.ts';
import { holds, unpack } from './any-message.ts';
import { dataSource, latin1 } from './data-source.ts';
import type { Findings } from './findings.ts';
import { compileFormatWith, compileJsonFormatWith } from './format.ts';
import type { Format, FormatContext } from './format-context.ts';
import { compileHttpGrpcLog, compileTcpGrpcLog, type GrpcLogSettings } from './grpc-log.ts';
import { toHeaderText } from './header-text.ts';
import { compileOtlpLog, type OtlpLogSettings } from './otlp-log.ts';

/** Where access-log lines go and how they read (`envoy.config.accesslog.v3.AccessLog`). */
export interface AccessLogSettings {
  readonly name: string;
  readonly sink:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'stdout' }
    | { readonly kind: 'stderr' }
    /** Records that are sent to an OpenTelemetry collector. */
    | ({ readonly kind: 'otlp' } & OtlpLogSettings)
    /** Entries that are sent to an `AccessLogService`. */
    | ({ readonly kind: 'grpc' } & GrpcLogSettings)
    /** A sink of another kind, kept for those who know it. */
    | { readonly kind: 'other'; readonly typeUrl: string; readonly value: Uint8Array };
  /** One line with its newline. Unused by `otlp`, `grpc` and `other` sinks. */
  readonly format: Format;
  /** False: this request is not logged. */
  accepts(context: FormatContext): boolean;
}

/** Envoy's format when a log names none. */
const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

const compileSubstitution = (
  format: SubstitutionFormatString,
  findings: Findings,
  path: string,
): Format => {
  const specifier = format.format;
  const empty = format.omitEmptyValues ? '' : '-';
  if (specifier.case === 'textFormat') {
    const at = `${path}.text_format`;
    return compileFormatWith(toHeaderText(specifier.value), findings, { path: at, empty });
  }
  if (specifier.case === 'jsonFormat') {
    const options = { path: `${path}.json_format`, omitEmpty: format.omitEmptyValues };
    return compileJsonFormatWith(specifier.value, findings, options);
  }
  const source = specifier.case === 'textFormatSource' ? dataSource(specifier.value) : undefined;
  if (source?.kind === 'inline') {
    const text = latin1(source.bytes);
    return compileFormatWith(text, findings, { path: `${path}.text_format_source`, empty });
  }
  findings.error(path, 'FieldInvalid', 'a text, JSON or inline format is required');
  return () => '';
};

const compileFileFormat = (log: FileAccessLog, findings: Findings, path: string): Format => {
  const format = log.accessLogFormat;
  switch (format.case) {
    case 'format':
      return format.value === ''
        ? compileFormatWith(defaultFormat, findings)
        : compileFormatWith(toHeaderText(format.value), findings, { path: `${path}.format` });
    case 'jsonFormat':
    case 'typedJsonFormat':
      return compileJsonFormatWith(format.value, findings, {
        path: `${path}.json_format`,
        omitEmpty: false,
      });
    case 'logFormat':
      return compileSubstitution(format.value, findings, `${path}.log_format`);
    default:
      return compileFormatWith(defaultFormat, findings);
  }
};

/** Paths that mean a standard stream, whatever the platform calls it. */
const streams: Readonly<Record<string, AccessLogSettings['sink']>> = {
  '/dev/stdout': { kind: 'stdout' },
  '/dev/stderr': { kind: 'stderr' },
};

type Target = Pick<AccessLogSettings, 'sink' | 'format'>;

const compileFile = (any: Any, findings: Findings, path: string): Target => {
  const log = unpack(any, FileAccessLogSchema, findings, path);
  const file = log?.path ?? '';
  const sink = Object.hasOwn(streams, file) ? streams[file] : undefined;
  const format = log === undefined ? () => '' : compileFileFormat(log, findings, path);
  return { sink: sink ?? { kind: 'file', path: file }, format };
};

const compileStream =
  (
    schema: typeof StdoutAccessLogSchema | typeof StderrAccessLogSchema,
    kind: 'stdout' | 'stderr',
  ) =>
  (any: Any, findings: Findings, path: string): Target => {
    const format = unpack(any, schema, findings, path)?.accessLogFormat;
    return {
      sink: { kind },
      format:
        format?.case === 'logFormat'
          ? compileSubstitution(format.value, findings, `${path}.log_format`)
          : compileFormatWith(defaultFormat, findings),
    };
  };

const unknown = ({ typeUrl, value }: Any): Target => ({
  sink: { kind: 'other', typeUrl, value },
  format: () => '',
});

const compileCollector = (any: Any, findings: Findings, path: string): Target => {
  const log = unpack(any, OpenTelemetryAccessLogConfigSchema, findings, path);
  const settings = log && compileOtlpLog(log, findings, path);
  return settings === undefined
    ? unknown(any)
    : { sink: { kind: 'otlp', key: latin1(any.value), ...settings }, format: () => '' };
};

const compileHttpService = (any: Any, findings: Findings, path: string): Target => {
  const log = unpack(any, HttpGrpcAccessLogConfigSchema, findings, path);
  return grpcTarget(any, log && compileHttpGrpcLog(log, findings, path));
};

const compileTcpService = (any: Any, findings: Findings, path: string): Target => {
  const log = unpack(any, TcpGrpcAccessLogConfigSchema, findings, path);
  return grpcTarget(any, log && compileTcpGrpcLog(log, findings, path));
};

const grpcTarget = (any: Any, settings: Omit<GrpcLogSettings, 'key'> | undefined): Target =>
  settings === undefined
    ? unknown(any)
    : { sink: { kind: 'grpc', key: latin1(any.value), ...settings }, format: () => '' };

const targets: readonly (readonly [
  DescMessage,
  (any: Any, findings: Findings, path: string) => Target,
])[] = [
  [FileAccessLogSchema, compileFile],
  [StdoutAccessLogSchema, compileStream(StdoutAccessLogSchema, 'stdout')],
  [StderrAccessLogSchema, compileStream(StderrAccessLogSchema, 'stderr')],
  [OpenTelemetryAccessLogConfigSchema, compileCollector],
  [HttpGrpcAccessLogConfigSchema, compileHttpService],
  [TcpGrpcAccessLogConfigSchema, compileTcpService],
];

const compileTarget = (any: Any, findings: Findings, path: string): Target => {
  const found = targets.find(([schema]) => holds(any, schema));
  return found === undefined ? unknown(any) : found[1](any, findings, path);
};

/** Compiles a list of access logs. */
export const compileAccessLogs = (
  logs: readonly AccessLog[],
  findings: Findings,
  path: string,
): readonly AccessLogSettings[] =>
  logs.flatMap((log, index) => {
    const at = `${path}[${index}]`;
    if (log.configType.case !== 'typedConfig') return [];
    const target = compileTarget(log.configType.value, findings, `${at}.typed_config`);
    const accepts = compileLogFilter(log.filter, findings, `${at}.filter`);
    return [{ name: log.name, ...target, accepts }];
  });
