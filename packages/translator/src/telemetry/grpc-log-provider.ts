import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLog } from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { ApiVersion } from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import {
  type CommonGrpcAccessLogConfigSchema,
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import type {
  HttpGrpcLogProvider,
  OpenTelemetryLogProvider,
  TcpGrpcLogProvider,
} from '../input/telemetry-provider.ts';
import { findProviderTarget } from '../push-context/extension-provider-lookup.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { grpcTarget } from './grpc-target.ts';
import { peerStates } from './peer-states.ts';
import { typedLog } from './typed-log.ts';

const httpLogName = 'http_envoy_accesslog';
const tcpLogName = 'tcp_envoy_accesslog';

/** What all logs that go to a provider by gRPC say alike; undefined: the provider's service is not in the mesh. */
export const commonLogConfig = (
  push: PushContext,
  provider: OpenTelemetryLogProvider | TcpGrpcLogProvider,
  defaultName: string,
): MessageInitShape<typeof CommonGrpcAccessLogConfigSchema> | undefined => {
  const target = findProviderTarget(push, provider);
  if (target === undefined) return undefined;
  const own = 'filterStateObjectsToLog' in provider ? provider.filterStateObjectsToLog : [];
  return {
    logName: provider.logName || defaultName,
    grpcService: { targetSpecifier: grpcTarget(target) },
    transportApiVersion: ApiVersion.V3,
    filterStateObjectsToLog: [...(own.length > 0 ? own : peerStates)],
  };
};

/** Entries of requests for an `AccessLogService` (`envoyHttpAls`). */
export const httpGrpcLog = (
  push: PushContext,
  provider: HttpGrpcLogProvider,
): AccessLog | undefined => {
  const common = commonLogConfig(push, provider, httpLogName);
  if (common === undefined) return undefined;
  const config = create(HttpGrpcAccessLogConfigSchema, {
    commonConfig: common,
    additionalRequestHeadersToLog: [...provider.additionalRequestHeadersToLog],
    additionalResponseHeadersToLog: [...provider.additionalResponseHeadersToLog],
    additionalResponseTrailersToLog: [...provider.additionalResponseTrailersToLog],
  });
  return typedLog('envoy.access_loggers.http_grpc', HttpGrpcAccessLogConfigSchema, config);
};

/** Entries of connections for an `AccessLogService` (`envoyTcpAls`); the name is Istio's. */
export const tcpGrpcLog = (
  push: PushContext,
  provider: TcpGrpcLogProvider,
): AccessLog | undefined => {
  const common = commonLogConfig(push, provider, tcpLogName);
  if (common === undefined) return undefined;
  const config = create(TcpGrpcAccessLogConfigSchema, { commonConfig: common });
  return typedLog('envoy.tcp_grpc_access_log', TcpGrpcAccessLogConfigSchema, config);
};
