import { create } from '@bufbuild/protobuf';
import { packAny } from '@lateen/xds';
import {
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  type ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '@lateen/xds/gen/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import type { SidecarScope } from '../push-context/sidecar-scope.ts';

/** Clusters and the HTTP filter find their names in this cache: both must say the same. */
export const dnsCache: {
  readonly name: string;
  readonly dnsLookupFamily: Cluster_DnsLookupFamily;
} = {
  name: 'dynamic_forward_proxy_cache_config',
  dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
};

/** A cluster that resolves whatever host a request names (ServiceEntry with DYNAMIC_DNS). */
export const dynamicForwardProxy = (): MessageFields<typeof ClusterSchema> => ({
  lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
  clusterDiscoveryType: {
    case: 'clusterType',
    value: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typedConfig: packAny(
        ClusterConfigSchema,
        create(ClusterConfigSchema, {
          clusterImplementationSpecifier: { case: 'dnsCacheConfig', value: dnsCache },
          // The names of certificates are those of the DestinationRule, if it has any.
          allowInsecureClusterOptions: true,
        }),
      ),
    },
  },
});

/** Whether some service a proxy sees is resolved for each request: then it needs the HTTP filter. */
export const usesDynamicDns = ({ services }: SidecarScope): boolean =>
  [...services.values()].some(({ resolution }) => resolution === 'dynamic-dns');
