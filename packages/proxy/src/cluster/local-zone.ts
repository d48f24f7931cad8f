import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import type { EndpointSet } from './endpoint-set.ts';
import { type LocalZone, localityName } from './zone-routing.ts';

/**
 * The zone of a proxy and the cluster it belongs to (`node.locality` and
 * `cluster_manager.local_cluster_name`); undefined: the bootstrap does not name both.
 */
export const localZoneOf = (
  bootstrap: Bootstrap,
  endpointsOf: (cluster: string) => EndpointSet | undefined,
): LocalZone | undefined => {
  const locality = bootstrap.node?.locality;
  const name = bootstrap.clusterManager?.localClusterName ?? '';
  if (locality === undefined || name === '') return undefined;
  return {
    locality: localityName(locality),
    endpoints: () => endpointsOf(name)?.endpoints,
    version: () => endpointsOf(name)?.version ?? 0,
  };
};
