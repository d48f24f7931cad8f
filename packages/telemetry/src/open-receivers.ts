import type { ListenAddress } from './listen-address.ts';
import { exportLogsPath } from './logs/otlp-logs.ts';
import { startUnaryServer, type UnaryServer } from './traces/grpc-unary-server.ts';
import { exportLogs, exportTraces, exportTracesPath } from './traces/otlp-grpc.ts';
import { type SpanReceiver, startSpanReceiver, type Takers } from './traces/span-receiver.ts';

/** Where spans and logs are taken; absent: nowhere. */
export interface ReceiverAddresses {
  /** OTLP over HTTP. */
  readonly otlp?: ListenAddress;
  /** OTLP over gRPC. */
  readonly otlpGrpc?: ListenAddress;
  readonly zipkin?: ListenAddress;
}

/** Open receivers; a port of 0: it was not asked for. */
export interface OpenReceivers {
  readonly ports: () => {
    readonly otlpPort: number;
    readonly otlpGrpcPort: number;
    readonly zipkinPort: number;
  };
  close(): Promise<void>;
}

const receive = async (
  address: ListenAddress | undefined,
  takers: Takers,
): Promise<SpanReceiver | undefined> => address && startSpanReceiver(address, takers);

const receiveGrpc = async (
  address: ListenAddress | undefined,
  { takeSpan, takeLog }: Takers,
): Promise<UnaryServer | undefined> => {
  const methods = new Map([
    [exportTracesPath, exportTraces(takeSpan)],
    [exportLogsPath, exportLogs(takeLog)],
  ]);
  return address && startUnaryServer(address, methods);
};

/** Opens what takes spans and logs. Rejects with TelemetryError `no-free-port`. */
export const openReceivers = async (
  { otlp, otlpGrpc, zipkin }: ReceiverAddresses,
  takers: Takers,
): Promise<OpenReceivers> => {
  const [http, zipkinHttp, grpc] = await Promise.all([
    receive(otlp, takers),
    receive(zipkin, takers),
    receiveGrpc(otlpGrpc, takers),
  ]);
  return {
    ports: () => ({
      otlpPort: http?.port ?? 0,
      otlpGrpcPort: grpc?.port ?? 0,
      zipkinPort: zipkinHttp?.port ?? 0,
    }),
    close: async () => {
      await Promise.all([http?.close(), grpc?.close(), zipkinHttp?.close()]);
    },
  };
};
