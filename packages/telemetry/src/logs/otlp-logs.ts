import { fromBinary, fromJson, type JsonValue } from '@bufbuild/protobuf';
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from '@lateen/xds/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import type {
  AnyValue,
  KeyValue,
} from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import type { LogRecord } from '@lateen/xds/gen/opentelemetry/proto/logs/v1/logs_pb.js';
import type { ReceivedLog } from './received-log.ts';

/** `opentelemetry.proto.collector.logs.v1.LogsService/Export`. */
export const exportLogsPath = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** Lists in lists deeper than this are left out. */
const maxDepth = 16;

const plainOf = (value: AnyValue | undefined, depth = 0): unknown => {
  const kind = value?.value;
  if (kind?.case === undefined || depth > maxDepth) return undefined;
  switch (kind.case) {
    case 'arrayValue':
      return kind.value.values.map((item) => plainOf(item, depth + 1));
    case 'kvlistValue':
      return Object.fromEntries(
        kind.value.values.map((item) => [item.key, plainOf(item.value, depth + 1)]),
      );
    case 'intValue':
      return Number(kind.value);
    case 'bytesValue':
      return Buffer.from(kind.value).toString('base64');
    default:
      return kind.value;
  }
};

const textOf = (value: AnyValue | undefined): string => {
  const plain = plainOf(value);
  if (plain === undefined) return '';
  return typeof plain === 'object' ? JSON.stringify(plain) : String(plain);
};

const attributesOf = (list: readonly KeyValue[]): Readonly<Record<string, string>> =>
  Object.fromEntries(list.map(({ key, value }) => [key, textOf(value)]));

const logOf = (
  record: LogRecord,
  resource: Readonly<Record<string, string>>,
  from: string,
): ReceivedLog => ({
  timeMs: Number((record.timeUnixNano || record.observedTimeUnixNano) / 1000n) / 1000,
  text: textOf(record.body),
  severity: record.severityText,
  attributes: attributesOf(record.attributes),
  resource,
  traceId: Buffer.from(record.traceId).toString('hex'),
  from,
});

const logsOf = (request: ExportLogsServiceRequest, from: string): readonly ReceivedLog[] =>
  request.resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const shared = attributesOf(resource?.attributes ?? []);
    return scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((record) => logOf(record, shared, from)),
    );
  });

/** Reads an `ExportLogsServiceRequest`; undefined: the bytes are none. `from`: address of the sender. */
export const parseOtlpLogs = (
  bytes: Uint8Array,
  from: string,
): readonly ReceivedLog[] | undefined => {
  try {
    return logsOf(fromBinary(ExportLogsServiceRequestSchema, bytes), from);
  } catch {
    return undefined;
  }
};

/** OTLP writes ids as hex digits, where protobuf JSON has base64. */
const withBase64Ids = (key: string, value: unknown): unknown => {
  if ((key !== 'traceId' && key !== 'spanId') || typeof value !== 'string') return value;
  return /^[0-9a-f]*$/i.test(value) ? Buffer.from(value, 'hex').toString('base64') : '';
};

/** The same in JSON. */
export const parseOtlpLogsJson = (
  text: string,
  from: string,
): readonly ReceivedLog[] | undefined => {
  try {
    const json = JSON.parse(text, withBase64Ids) as JsonValue;
    const options = { ignoreUnknownFields: true };
    return logsOf(fromJson(ExportLogsServiceRequestSchema, json, options), from);
  } catch {
    return undefined;
  }
};
