import { fromBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from '@lateen/xds/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import type { AnyValue } from '@lateen/xds/gen/opentelemetry/proto/common/v1/common_pb.js';
import type { LogRecord } from '@lateen/xds/gen/opentelemetry/proto/logs/v1/logs_pb.js';
import { eventually } from './running-proxy.ts';

/** A collector of logs over gRPC, with grpc-js as a second opinion on what we send. */
export interface LogReceiver extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly ExportLogsServiceRequest[];
  /** Waits for so many records and gives them. */
  take(count: number): Promise<readonly LogRecord[]>;
}

/** A value as plain text. */
export const plainValue = (value: AnyValue | undefined): string => String(value?.value.value ?? '');

const recordsOf = (requests: readonly ExportLogsServiceRequest[]): readonly LogRecord[] =>
  requests
    .flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords);

/** Starts one; `answers` false: it takes reports and never answers. */
export const logReceiver = async (answers = true): Promise<LogReceiver> => {
  const requests: ExportLogsServiceRequest[] = [];
  const server = new grpc.Server();
  server.addService(
    {
      export: {
        path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => fromBinary(ExportLogsServiceRequestSchema, bytes),
        requestSerialize: () => Buffer.alloc(0),
        responseSerialize: () => Buffer.alloc(0),
        responseDeserialize: () => ({}),
      },
    },
    {
      export: (
        call: grpc.ServerUnaryCall<ExportLogsServiceRequest, object>,
        reply: grpc.sendUnaryData<object>,
      ) => {
        requests.push(call.request);
        if (answers) reply(null, {});
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    requests,
    take: async (count) => {
      await eventually(() => recordsOf(requests).length >= count);
      return recordsOf(requests);
    },
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
};
