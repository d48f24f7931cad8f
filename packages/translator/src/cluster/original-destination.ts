import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  type ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import type { InterceptionMode } from '../proxy/proxy-descriptor.ts';

/**
 * A cluster that connects where the client wanted to go. Without interception the socket does not
 * know, and the request's authority says it instead.
 */
export const originalDestination = (
  interceptionMode: InterceptionMode,
): MessageFields<typeof ClusterSchema> => ({
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
  lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
  ...(interceptionMode === 'NONE' && {
    lbConfig: {
      case: 'originalDstLbConfig',
      value: { useHttpHeader: true, httpHeaderName: ':authority' },
    },
  }),
});
