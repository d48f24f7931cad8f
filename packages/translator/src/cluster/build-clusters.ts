import { createResource, type Resource, typeUrls } from '@lateen/xds';
import { type Cluster, ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { ConnectionPool } from '../input/traffic-policy.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { appAddress, type ServiceTarget, serviceTargets } from '../proxy/service-target.ts';
import { mergeGateways } from '../push-context/merged-gateway.ts';
import { type OutboundClient, outboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { pushMemo } from '../push-context/push-memo.ts';
import { destinationRuleFor, findSidecar, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { effectivePolicy } from './effective-policy.ts';
import { outboundClusterOf, sniClusterOf } from './outbound-cluster.ts';
import { blackHole, inbound, inboundPassthrough, passthrough } from './special-clusters.ts';

const serviceClusters = (
  push: PushContext,
  proxy: OutboundClient,
  service: MeshService,
  clusterOf: typeof outboundClusterOf = outboundClusterOf,
): readonly Cluster[] => {
  const rule = destinationRuleFor(push, proxy, service);
  const subsets = ['', ...(rule?.subsets.flatMap(({ name }) => name || []) ?? [])];
  return service.ports.flatMap((port) =>
    subsets.map((subset) => clusterOf(push, proxy, { service, port, subset, rule })),
  );
};

/** A Sidecar's word for the port or for all, else what clients of the service are told. */
const inboundPool = (
  push: PushContext,
  proxy: ProxyDescriptor,
  { ingress, services, servicePort }: ServiceTarget,
): ConnectionPool | undefined => {
  const own = ingress?.connectionPool ?? findSidecar(push, proxy)?.spec.inboundConnectionPool;
  const [service] = services;
  if (own !== undefined || service === undefined) return own;
  const rule = destinationRuleFor(push, proxy, service);
  return effectivePolicy(rule, '', servicePort.number).connectionPool;
};

const inboundClusters = (push: PushContext, proxy: ProxyDescriptor): readonly Cluster[] => [
  ...serviceTargets(push, proxy).map((target) =>
    inbound(push.meshConfig, target, {
      address: appAddress(proxy, target),
      pool: inboundPool(push, proxy, target),
    }),
  ),
  ...(proxy.interceptionMode === 'NONE' ? [] : [inboundPassthrough(push.meshConfig)]),
];

const outbound = pushMemo<readonly Resource<Cluster>[]>();

const resourceOf = (cluster: Cluster): Resource<Cluster> =>
  createResource(typeUrls.cluster, cluster.name, ClusterSchema, cluster);

/** One for each visible service port and subset; proxies that are alike as clients share them. */
const outboundClusters = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Resource<Cluster>[] => {
  const client = outboundClient(push, proxy);
  return outbound(push, client.key, () =>
    [...sidecarScope(push, client).services.values()]
      .flatMap((service) => serviceClusters(push, client, service))
      .map(resourceOf),
  );
};

const passesSniOn = (push: PushContext, proxy: ProxyDescriptor): boolean =>
  mergeGateways(push, proxy)
    .listeners.flat()
    .some(({ server }) => server.tls?.mode === 'AUTO_PASSTHROUGH');

/** For gateways between networks: a cluster for each name that mesh TLS may ask for. */
const sniClusters = (push: PushContext, proxy: ProxyDescriptor): readonly Cluster[] => {
  if (!passesSniOn(push, proxy)) return [];
  const client = outboundClient(push, proxy);
  return [...sidecarScope(push, client).services.values()].flatMap((service) =>
    serviceClusters(push, client, service, sniClusterOf),
  );
};

/** All clusters of a proxy: of the services it sees, of its own ports, and the special ones. */
export const buildClusters = (
  push: PushContext,
  proxy: ProxyDescriptor,
): readonly Resource<Cluster>[] => {
  const { meshConfig } = push;
  const own =
    proxy.type === 'router'
      ? [blackHole(meshConfig), ...sniClusters(push, proxy)]
      : [blackHole(meshConfig), passthrough(meshConfig, proxy), ...inboundClusters(push, proxy)];
  return [...outboundClusters(push, proxy), ...own.map(resourceOf)];
};
