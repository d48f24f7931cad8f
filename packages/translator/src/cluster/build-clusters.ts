import { createResource, type Resource, typeUrls } from '@lateen/xds';
import { type Cluster, ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { serviceTargets } from '../proxy/service-target.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { destinationRuleFor, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { outboundClusterOf } from './outbound-cluster.ts';
import { blackHole, inbound, inboundPassthrough, passthrough } from './special-clusters.ts';

const serviceClusters = (
  push: PushContext,
  proxy: ProxyDescriptor,
  service: MeshService,
): readonly Cluster[] => {
  const rule = destinationRuleFor(push, proxy, service);
  const subsets = ['', ...(rule?.subsets.flatMap(({ name }) => name || []) ?? [])];
  return service.ports.flatMap((port) =>
    subsets.map((subset) => outboundClusterOf(push, proxy, { service, port, subset, rule })),
  );
};

const inboundClusters = (push: PushContext, proxy: ProxyDescriptor): readonly Cluster[] => {
  const targets = serviceTargets(push, proxy);
  // Without interception nothing carries the original destination: the app is at a known address.
  const local = (port: number) =>
    proxy.interceptionMode === 'NONE' ? { address: '127.0.0.1', port } : undefined;
  return [
    ...targets.map((target) =>
      inbound(push.meshConfig, target, proxy.appPorts.get(target.port) ?? local(target.port)),
    ),
    ...(proxy.interceptionMode === 'NONE' ? [] : [inboundPassthrough(push.meshConfig)]),
  ];
};

/** All clusters of a proxy: one for each visible service port and subset, its own ports, the special ones. */
export const buildClusters = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Resource<Cluster>[] => {
  const outbound = [...sidecarScope(push, proxy).services.values()].flatMap((service) =>
    serviceClusters(push, proxy, service),
  );
  const own =
    proxy.type === 'router'
      ? [blackHole(push.meshConfig)]
      : [
          blackHole(push.meshConfig),
          passthrough(push.meshConfig, proxy),
          ...inboundClusters(push, proxy),
        ];
  return [...outbound, ...own].map((cluster) =>
    createResource(typeUrls.cluster, cluster.name, ClusterSchema, cluster),
  );
};
