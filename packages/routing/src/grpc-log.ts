import type {
  HTTPAccessLogEntry,
  TCPAccessLogEntry,
} from '@lateen/xds/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import type {
  CommonGrpcAccessLogConfig,
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import type { FormatContext } from './format-context.ts';
import { httpLogEntry, tcpLogEntry } from './grpc-log-entry.ts';
import { compileGrpcTarget } from './grpc-target.ts';
import type { OtlpTarget } from './tracing-settings.ts';

/** `HttpGrpcAccessLogConfig` or `TcpGrpcAccessLogConfig`: entries for an `AccessLogService`. */
export interface GrpcLogSettings {
  /** The message's bytes as text: logs with the same settings can share what sends them. */
  readonly key: string;
  readonly logName: string;
  readonly target: OtlpTarget;
  /** A batch leaves at the latest after this time. Default 1 s. */
  readonly flushIntervalMs: number;
  /** And as soon as it has this size. Default 16384. */
  readonly bufferBytes: number;
  readonly entries:
    | { readonly of: 'http'; readonly entry: (context: FormatContext) => HTTPAccessLogEntry }
    | { readonly of: 'tcp'; readonly entry: (context: FormatContext) => TCPAccessLogEntry };
}

type CommonSettings = Omit<GrpcLogSettings, 'key' | 'entries'>;

const defaultFlushMs = 1000;
const defaultBufferBytes = 16_384;

const compileCommon = (
  common: CommonGrpcAccessLogConfig | undefined,
  findings: Findings,
  path: string,
): CommonSettings | undefined => {
  const at = `${path}.common_config`;
  if (common?.grpcService === undefined) {
    findings.error(`${at}.grpc_service`, 'FieldRequired', 'is required');
    return undefined;
  }
  const target = compileGrpcTarget(common.grpcService, findings, `${at}.grpc_service`);
  if (common.customTags.length > 0) {
    findings.warning(`${at}.custom_tags`, 'FieldUnsupported', 'has no effect');
  }
  return (
    target && {
      logName: common.logName,
      target,
      flushIntervalMs: durationMsOr(common.bufferFlushInterval, defaultFlushMs) || defaultFlushMs,
      bufferBytes: common.bufferSizeBytes ?? defaultBufferBytes,
    }
  );
};

const lowerCase = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.toLowerCase());

/** Compiles a log of requests; undefined, with a finding, where it cannot be sent. */
export const compileHttpGrpcLog = (
  message: HttpGrpcAccessLogConfig,
  findings: Findings,
  path: string,
): Omit<GrpcLogSettings, 'key'> | undefined => {
  const common = compileCommon(message.commonConfig, findings, path);
  if (common === undefined) return undefined;
  const names = {
    filterStates: message.commonConfig?.filterStateObjectsToLog ?? [],
    requestHeaders: lowerCase(message.additionalRequestHeadersToLog),
    responseHeaders: lowerCase(message.additionalResponseHeadersToLog),
    responseTrailers: lowerCase(message.additionalResponseTrailersToLog),
  };
  return { ...common, entries: { of: 'http', entry: (context) => httpLogEntry(context, names) } };
};

/** Compiles a log of connections; undefined, with a finding, where it cannot be sent. */
export const compileTcpGrpcLog = (
  message: TcpGrpcAccessLogConfig,
  findings: Findings,
  path: string,
): Omit<GrpcLogSettings, 'key'> | undefined => {
  const common = compileCommon(message.commonConfig, findings, path);
  if (common === undefined) return undefined;
  const states = message.commonConfig?.filterStateObjectsToLog ?? [];
  return { ...common, entries: { of: 'tcp', entry: (context) => tcpLogEntry(context, states) } };
};
