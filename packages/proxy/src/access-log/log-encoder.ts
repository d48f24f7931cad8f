import { create, toBinary } from '@bufbuild/protobuf';
import type { FormatContext, OtlpLogRecord } from '@lateen/routing';
import type { KeyValue } from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import { LogRecordSchema } from '@lateen/xds/gen/opentelemetry/proto/logs/v1/logs_pb.js';
import { ResourceSchema } from '@lateen/xds/gen/opentelemetry/proto/resource/v1/resource_pb.js';
import { lengthDelimited } from '../export/length-delimited.ts';
import type { RecordEncoder } from './record-encoder.ts';

/** Tags of the fields that wrap records: all are length-delimited. */
const tag = {
  /** `ExportLogsServiceRequest.resource_logs`, and `ResourceLogs.resource`. */
  first: 0x0a,
  /** `ResourceLogs.scope_logs`, and `ScopeLogs.log_records`. */
  second: 0x12,
} as const;

const idBytes = (id: string | undefined): Uint8Array => Buffer.from(id ?? '', 'hex');

/** Records of one resource, encoded as they come: an `ExportLogsServiceRequest` of OTLP. */
export class LogEncoder implements RecordEncoder {
  readonly #resource: Buffer;
  readonly #record: OtlpLogRecord;
  #records: Buffer[] = [];
  bytes = 0;

  constructor(resourceAttributes: readonly KeyValue[], record: OtlpLogRecord) {
    const resource = create(ResourceSchema, { attributes: [...resourceAttributes] });
    this.#resource = lengthDelimited(tag.first, toBinary(ResourceSchema, resource));
    this.#record = record;
  }

  get items(): number {
    return this.#records.length;
  }

  add(context: FormatContext): void {
    const body = this.#record.body(context);
    const record = create(LogRecordSchema, {
      timeUnixNano: BigInt(Math.round(context.startTimeMs * 1000)) * 1000n,
      ...(body && { body }),
      attributes: this.#record.attributes(context),
      traceId: idBytes(context.traceId),
      spanId: idBytes(context.spanId),
      flags: context.isSampled === true ? 1 : 0,
    });
    const bytes = lengthDelimited(tag.second, toBinary(LogRecordSchema, record));
    this.#records.push(bytes);
    this.bytes += bytes.length;
  }

  take(): Buffer {
    const scopeLogs = lengthDelimited(tag.second, Buffer.concat(this.#records));
    this.#records = [];
    this.bytes = 0;
    return lengthDelimited(tag.first, Buffer.concat([this.#resource, scopeLogs]));
  }
}
