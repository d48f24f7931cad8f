import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { parseOtlpLogs } from '../logs/otlp-logs.ts';
import type { ReceivedLog } from '../logs/received-log.ts';
import { grpcCode, type UnaryResult } from './grpc-unary-server.ts';
import { parseOtlpProtobuf } from './otlp-protobuf.ts';
import type { ReceivedSpan } from './received-span.ts';

/** Port by custom: OTLP over gRPC. */
export const otlpGrpcPort = 4317;

/** `opentelemetry.proto.collector.trace.v1.TraceService/Export`. */
export const exportTracesPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** `ExportTraceServiceResponse`: empty, or with how many spans were not taken (`partial_success`). */
const responseOf = (rejected: number): Uint8Array => {
  if (rejected === 0) return new Uint8Array();
  const partial = new BinaryWriter().tag(1, 0).int64(rejected);
  return new BinaryWriter()
    .tag(1, 2)
    .bytes(partial.tag(2, 2).string('spans without ids').finish())
    .finish();
};

/** Takes the spans of one `ExportTraceServiceRequest`. */
export const exportTraces =
  (take: (span: ReceivedSpan) => void) =>
  (message: Buffer): UnaryResult => {
    const read = parseOtlpProtobuf(message);
    if (read === undefined) {
      return { code: grpcCode.invalidArgument, reason: 'no ExportTraceServiceRequest' };
    }
    for (const span of read.spans) take(span);
    return { message: responseOf(read.rejected) };
  };

/** Takes the records of one `ExportLogsServiceRequest`. */
export const exportLogs =
  (take: (log: ReceivedLog) => void) =>
  (message: Buffer, from: string): UnaryResult => {
    const logs = parseOtlpLogs(message, from);
    if (logs === undefined) {
      return { code: grpcCode.invalidArgument, reason: 'no ExportLogsServiceRequest' };
    }
    for (const log of logs) take(log);
    return { message: new Uint8Array() };
  };
