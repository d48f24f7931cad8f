import type { ClusterTable } from '@lateen/routing';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';

/** Where upstream connections come from: a local address to bind. */
export type SourceAddress = ClusterTable['bindAddress'];

/** `cluster_manager.upstream_bind_config` of a bootstrap: for clusters that do not say their own. */
export const defaultSourceAddress = ({ clusterManager }: Bootstrap): SourceAddress => {
  const source = clusterManager?.upstreamBindConfig?.sourceAddress;
  return source && { kind: 'socket', host: source.address, port: 0 };
};

/** A cluster with the default source, unless it has its own. */
export const withSourceAddress = (table: ClusterTable, source: SourceAddress): ClusterTable =>
  source === undefined || table.bindAddress !== undefined
    ? table
    : { ...table, bindAddress: source };
