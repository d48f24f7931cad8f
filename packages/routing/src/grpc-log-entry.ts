import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Any,
  type Duration,
  DurationSchema,
  StructSchema,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';
import { packAny } from '@lateen/xds';
import { RequestMethod } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type AccessLogCommon,
  AccessLogCommonSchema,
  AccessLogType,
  type HTTPAccessLogEntry,
  HTTPAccessLogEntrySchema,
  HTTPAccessLogEntry_HTTPVersion as HttpVersion,
  type TCPAccessLogEntry,
  TCPAccessLogEntrySchema,
} from '@lateen/xds/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import type { FormatContext } from './format-context.ts';
import { logFlags, logTls, socketAddress } from './grpc-log-parts.ts';
import { fromHeaderText } from './header-text.ts';

/** What an entry has beside what all have; names of headers in lower case. */
export interface LoggedNames {
  /** Keys of filter state. */
  readonly filterStates: readonly string[];
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
}

const durationOf = (ms: number): Duration => {
  const nanos = Math.max(0, Math.round(ms * 1_000_000));
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(nanos / 1_000_000_000)),
    nanos: nanos % 1_000_000_000,
  });
};

const elapsed = <Key extends string>(
  key: Key,
  ms: number | undefined,
): { readonly [Name in Key]?: Duration } =>
  (ms === undefined ? {} : { [key]: durationOf(ms) }) as { readonly [Name in Key]?: Duration };

const filterStates = (context: FormatContext, keys: readonly string[]): Record<string, Any> =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const value = context.filterStateObject?.(key);
      if (value === undefined) return [];
      return [[key, packAny(StructSchema, create(StructSchema, structFields(value)))]];
    }),
  );

type StructFields = MessageInitShape<typeof StructSchema>;

/** Texts and numbers are told as they are, all else as JSON: peers have texts. */
const structFields = (value: Readonly<Record<string, unknown>>): StructFields => ({
  fields: Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      if (typeof one === 'number') return [name, { kind: { case: 'numberValue', value: one } }];
      const text = typeof one === 'string' ? one : (JSON.stringify(one) ?? '');
      return [name, { kind: { case: 'stringValue', value: text } }];
    }),
  ),
});

/** What entries of requests and of connections have in common. */
const common = (context: FormatContext, states: readonly string[]): AccessLogCommon => {
  const startNs = BigInt(Math.round(context.startTimeMs * 1_000)) * 1_000n;
  const { logType = 'NotSet' } = context;
  return create(AccessLogCommonSchema, {
    ...socketAddress('downstreamRemoteAddress', context.downstreamRemoteAddress),
    ...socketAddress('downstreamLocalAddress', context.downstreamLocalAddress),
    ...socketAddress('downstreamDirectRemoteAddress', context.downstreamDirectRemoteAddress),
    ...socketAddress('upstreamRemoteAddress', context.upstreamHost),
    ...socketAddress('upstreamLocalAddress', context.upstreamLocalAddress),
    ...logTls(context),
    startTime: create(TimestampSchema, {
      seconds: startNs / 1_000_000_000n,
      nanos: Number(startNs % 1_000_000_000n),
    }),
    ...elapsed('timeToLastRxByte', context.requestDurationMs),
    ...elapsed('timeToFirstUpstreamRxByte', context.responseDurationMs),
    ...elapsed('timeToLastDownstreamTxByte', context.durationMs),
    ...elapsed('duration', context.durationMs),
    upstreamCluster: context.upstreamCluster ?? '',
    responseFlags: logFlags(context.responseFlags),
    upstreamTransportFailureReason: context.upstreamTransportFailureReason ?? '',
    downstreamTransportFailureReason: context.downstreamTransportFailureReason ?? '',
    connectionTerminationDetails: context.connectionTerminationDetails ?? '',
    routeName: context.routeName ?? '',
    upstreamRequestAttemptCount: context.upstreamRequestAttemptCount,
    streamId: context.streamId ?? '',
    filterStateObjects: filterStates(context, states),
    accessLogType: AccessLogType[logType],
  });
};

const versions: Readonly<Record<string, HttpVersion>> = {
  'HTTP/1.0': HttpVersion.HTTP10,
  'HTTP/1.1': HttpVersion.HTTP11,
  'HTTP/2': HttpVersion.HTTP2,
  'HTTP/3': HttpVersion.HTTP3,
};

const methodOf = (method: string): RequestMethod => {
  const known: Readonly<Record<string, unknown>> = RequestMethod;
  const found = Object.hasOwn(known, method) ? known[method] : undefined;
  return typeof found === 'number' ? found : RequestMethod.METHOD_UNSPECIFIED;
};

type Read = (name: string) => string | undefined;

const chosen = (names: readonly string[], read: Read): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = read(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );

const textReader =
  (read: Read): Read =>
  (name) => {
    const value = read(name);
    return value === undefined ? undefined : fromHeaderText(value);
  };

/** The entry of a request; of a connection without one it has what all entries have. */
export const httpLogEntry = (context: FormatContext, names: LoggedNames): HTTPAccessLogEntry => {
  const request = textReader((name) => context.requestHeader(name));
  const text = (name: string): string => request(name) ?? '';
  const { responseCode } = context;
  return create(HTTPAccessLogEntrySchema, {
    commonProperties: common(context, names.filterStates),
    protocolVersion: versions[context.protocol ?? ''] ?? HttpVersion.PROTOCOL_UNSPECIFIED,
    request: {
      requestMethod: methodOf(text(':method')),
      scheme: text(':scheme'),
      authority: text(':authority'),
      path: text(':path'),
      userAgent: text('user-agent'),
      referer: text('referer'),
      forwardedFor: text('x-forwarded-for'),
      requestId: text('x-request-id'),
      originalPath: text('x-envoy-original-path'),
      requestHeadersBytes: BigInt(context.requestHeadBytes ?? 0),
      requestBodyBytes: BigInt(context.bytesReceived),
      requestHeaders: chosen(names.requestHeaders, request),
    },
    response: {
      ...(responseCode > 0 && { responseCode }),
      responseHeadersBytes: BigInt(context.responseHeadBytes ?? 0),
      responseBodyBytes: BigInt(context.bytesSent),
      responseHeaders: chosen(
        names.responseHeaders,
        textReader((name) => context.responseHeader(name)),
      ),
      responseTrailers: chosen(
        names.responseTrailers,
        textReader((name) => context.responseTrailer(name)),
      ),
      responseCodeDetails: context.responseCodeDetails ?? '',
    },
  });
};

/** The entry of a connection. */
export const tcpLogEntry = (context: FormatContext, states: readonly string[]): TCPAccessLogEntry =>
  create(TCPAccessLogEntrySchema, {
    commonProperties: common(context, states),
    connectionProperties: {
      receivedBytes: BigInt(context.bytesReceived),
      sentBytes: BigInt(context.bytesSent),
    },
  });
