import { create } from '@bufbuild/protobuf';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import { duration } from './duration.ts';

/** "From the stream you are on", waiting as long as it takes. */
export const adsSource = (): ConfigSource =>
  create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: {} },
    initialFetchTimeout: duration(0),
    resourceApiVersion: ApiVersion.V3,
  });

/** Cluster of the proxy's own agent, which holds the workload's key (in the bootstrap). */
const sdsCluster = 'sds-grpc';

/** "From the agent beside you": secrets that must not leave the pod. */
export const agentSource = (): ConfigSource =>
  create(ConfigSourceSchema, {
    configSourceSpecifier: {
      case: 'apiConfigSource',
      value: {
        apiType: ApiConfigSource_ApiType.GRPC,
        setNodeOnFirstMessageOnly: true,
        transportApiVersion: ApiVersion.V3,
        grpcServices: [
          { targetSpecifier: { case: 'envoyGrpc', value: { clusterName: sdsCluster } } },
        ],
      },
    },
    initialFetchTimeout: duration(0),
    resourceApiVersion: ApiVersion.V3,
  });
