import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  type AccessLog,
  AccessLogSchema,
} from '@lateen/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { ApiVersion } from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import {
  type CommonGrpcAccessLogConfigSchema,
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import type { HttpGrpcLogProvider, TcpGrpcLogProvider } from '../input/telemetry-provider.ts';
import { findProviderTarget } from '../push-context/extension-provider-lookup.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { peerStates } from './peer-states.ts';

const httpLogName = 'http_envoy_accesslog';
const tcpLogName = 'tcp_envoy_accesslog';

const accessLog = <Desc extends DescMessage>(
  name: string,
  schema: Desc,
  message: MessageShape<Desc>,
): AccessLog =>
  create(AccessLogSchema, {
    name,
    configType: { case: 'typedConfig', value: packAny(schema, message) },
  });

/** Undefined: the provider's service is not in the mesh. */
const commonConfig = (
  push: PushContext,
  provider: TcpGrpcLogProvider,
  defaultName: string,
): MessageInitShape<typeof CommonGrpcAccessLogConfigSchema> | undefined => {
  const target = findProviderTarget(push, provider);
  if (target === undefined) return undefined;
  const { filterStateObjectsToLog: own } = provider;
  return {
    logName: provider.logName || defaultName,
    grpcService: {
      targetSpecifier: {
        case: 'envoyGrpc',
        value: { clusterName: target.cluster, authority: target.hostname },
      },
    },
    transportApiVersion: ApiVersion.V3,
    filterStateObjectsToLog: [...(own.length > 0 ? own : peerStates)],
  };
};

/** Entries of requests for an `AccessLogService` (`envoyHttpAls`). */
export const httpGrpcLog = (
  push: PushContext,
  provider: HttpGrpcLogProvider,
): AccessLog | undefined => {
  const common = commonConfig(push, provider, httpLogName);
  if (common === undefined) return undefined;
  const config = create(HttpGrpcAccessLogConfigSchema, {
    commonConfig: common,
    additionalRequestHeadersToLog: [...provider.additionalRequestHeadersToLog],
    additionalResponseHeadersToLog: [...provider.additionalResponseHeadersToLog],
    additionalResponseTrailersToLog: [...provider.additionalResponseTrailersToLog],
  });
  return accessLog('envoy.access_loggers.http_grpc', HttpGrpcAccessLogConfigSchema, config);
};

/** Entries of connections for an `AccessLogService` (`envoyTcpAls`); the name is Istio's. */
export const tcpGrpcLog = (
  push: PushContext,
  provider: TcpGrpcLogProvider,
): AccessLog | undefined => {
  const common = commonConfig(push, provider, tcpLogName);
  if (common === undefined) return undefined;
  const config = create(TcpGrpcAccessLogConfigSchema, { commonConfig: common });
  return accessLog('envoy.tcp_grpc_access_log', TcpGrpcAccessLogConfigSchema, config);
};
