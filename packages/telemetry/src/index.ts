export type * from './contract/index.ts';
export type { ListenAddress } from './listen-address.ts';
export {
  dashboardPort,
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from './start-telemetry.ts';
export { TelemetryError, type TelemetryErrorCode } from './telemetry-error.ts';
export { otlpGrpcPort } from './traces/otlp-grpc.ts';
export { otlpPort, zipkinPort } from './traces/span-receiver.ts';
