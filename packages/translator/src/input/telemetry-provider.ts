import type { JsonObject } from '@bufbuild/protobuf';
import {
  boolean,
  durationMs,
  list,
  message,
  port,
  type Reader,
  struct,
  text,
  uint32,
  word,
} from './reader.ts';

/** Where a provider listens: a service of the mesh. */
export interface ProviderService {
  /** `[namespace/]hostname`. */
  readonly service: string | undefined;
  readonly port: number | undefined;
}

/** MeshConfig.ExtensionProvider.HttpHeader. `envName` names a variable of istiod and is not read. */
export interface ProviderHeader {
  readonly name: string | undefined;
  readonly value: string | undefined;
}

/** MeshConfig.ExtensionProvider.OpenTelemetryTracingProvider; gRPC where `http` is undefined. */
export interface OpenTelemetryProvider extends ProviderService {
  readonly maxTagLength: number | undefined;
  readonly http:
    | {
        readonly path: string | undefined;
        /** In milliseconds. */
        readonly timeout: number | undefined;
        readonly headers: readonly ProviderHeader[];
      }
    | undefined;
  readonly grpc:
    | {
        /** In milliseconds. */
        readonly timeout: number | undefined;
        readonly initialMetadata: readonly ProviderHeader[];
      }
    | undefined;
  readonly resourceDetectors:
    | { readonly environment: object | undefined; readonly dynatrace: object | undefined }
    | undefined;
}

/** MeshConfig.ExtensionProvider.ZipkinTracingProvider. */
export interface ZipkinProvider extends ProviderService {
  readonly maxTagLength: number | undefined;
  readonly enable64bitTraceId: boolean | undefined;
  readonly path: string | undefined;
  /** In milliseconds. */
  readonly timeout: number | undefined;
  readonly headers: readonly ProviderHeader[];
  /** W3C contexts are read and written beside B3. */
  readonly traceContextOption: 'USE_B3' | 'USE_B3_WITH_W3C_PROPAGATION' | undefined;
}

/** Text with command operators, or JSON (Struct) whose strings hold them. */
interface LogFormat {
  readonly text: string | undefined;
  readonly labels: JsonObject | undefined;
}

/** MeshConfig.ExtensionProvider.EnvoyFileAccessLogProvider. */
export interface FileLogProvider {
  readonly path: string | undefined;
  readonly logFormat: LogFormat | undefined;
  readonly omitEmptyValues: boolean | undefined;
}

/** MeshConfig.ExtensionProvider.EnvoyOpenTelemetryLogProvider. */
export interface OpenTelemetryLogProvider extends ProviderService {
  readonly logName: string | undefined;
  readonly logFormat: LogFormat | undefined;
}

/** MeshConfig.ExtensionProvider.EnvoyTcpGrpcV3LogProvider. */
export interface TcpGrpcLogProvider extends ProviderService {
  readonly logName: string | undefined;
  readonly filterStateObjectsToLog: readonly string[];
}

/** MeshConfig.ExtensionProvider.EnvoyHttpGrpcV3LogProvider. */
export interface HttpGrpcLogProvider extends TcpGrpcLogProvider {
  readonly additionalRequestHeadersToLog: readonly string[];
  readonly additionalResponseHeadersToLog: readonly string[];
  readonly additionalResponseTrailersToLog: readonly string[];
}

/** The providers of MeshConfig that take what proxies tell. */
export interface TelemetryProviders {
  readonly opentelemetry: OpenTelemetryProvider | undefined;
  readonly zipkin: ZipkinProvider | undefined;
  readonly envoyFileAccessLog: FileLogProvider | undefined;
  readonly envoyOtelAls: OpenTelemetryLogProvider | undefined;
  readonly envoyHttpAls: HttpGrpcLogProvider | undefined;
  readonly envoyTcpAls: TcpGrpcLogProvider | undefined;
  readonly prometheus: object | undefined;
}

const headers = list(message<ProviderHeader>({ name: text, value: text }));
const logFormat = message<LogFormat>({ text, labels: struct });
const http = message<NonNullable<OpenTelemetryProvider['http']>>({
  path: text,
  timeout: durationMs,
  headers,
});
const grpc = message<NonNullable<OpenTelemetryProvider['grpc']>>({
  timeout: durationMs,
  initialMetadata: headers,
});

const tcpGrpcLog: { readonly [Key in keyof TcpGrpcLogProvider]: Reader<TcpGrpcLogProvider[Key]> } =
  {
    service: text,
    port,
    logName: text,
    filterStateObjectsToLog: list(text),
  };

/** Readers of the members of `MeshConfig.ExtensionProvider`. */
export const telemetryProviderFields: {
  readonly [Key in keyof TelemetryProviders]: Reader<TelemetryProviders[Key]>;
} = {
  opentelemetry: message<OpenTelemetryProvider>({
    service: text,
    port,
    maxTagLength: uint32,
    http,
    grpc,
    resourceDetectors: message<NonNullable<OpenTelemetryProvider['resourceDetectors']>>({
      environment: struct,
      dynatrace: struct,
    }),
  }),
  zipkin: message<ZipkinProvider>({
    service: text,
    port,
    maxTagLength: uint32,
    enable64bitTraceId: boolean,
    path: text,
    timeout: durationMs,
    headers,
    traceContextOption: word(['USE_B3', 'USE_B3_WITH_W3C_PROPAGATION']),
  }),
  envoyFileAccessLog: message<FileLogProvider>({
    path: text,
    logFormat,
    omitEmptyValues: boolean,
  }),
  envoyOtelAls: message<OpenTelemetryLogProvider>({
    service: text,
    port,
    logName: text,
    logFormat,
  }),
  envoyHttpAls: message<HttpGrpcLogProvider>({
    ...tcpGrpcLog,
    additionalRequestHeadersToLog: list(text),
    additionalResponseHeadersToLog: list(text),
    additionalResponseTrailersToLog: list(text),
  }),
  envoyTcpAls: message<TcpGrpcLogProvider>(tcpGrpcLog),
  prometheus: struct,
};

/** The one of a provider's members that takes access logs at a service. */
export const logService = ({
  envoyOtelAls,
  envoyHttpAls,
  envoyTcpAls,
}: TelemetryProviders): ProviderService | undefined => envoyOtelAls ?? envoyHttpAls ?? envoyTcpAls;
