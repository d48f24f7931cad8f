import { create } from '@bufbuild/protobuf';
import { HealthStatus } from '@lateen/xds/gen/envoy/config/core/v3/health_check_pb.js';
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpoints,
  LocalityLbEndpointsSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { type EffectivePolicy, effectivePolicy } from '../cluster/effective-policy.ts';
import { endpointAddress } from '../envoy/address.ts';
import { metadata } from '../envoy/metadata.ts';
import { outboundCluster } from '../naming/cluster-name.ts';
import type { MeshDestinationRule } from '../push-context/destination-rule-index.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { registryOf } from '../push-context/registry-of.ts';
import {
  type MeshEndpoint,
  type MeshService,
  type ServicePort,
  serviceKey,
} from '../registry/mesh-service.ts';
import { canonicalRevision, canonicalService, selects } from '../registry/workload.ts';
import {
  portMutualTls,
  type WorkloadMutualTls,
  workloadMutualTls,
} from '../security/peer-authentication-index.ts';
import { type EndpointGroup, groupEndpoints } from './locality-balancing.ts';
import { throughGateways } from './other-networks.ts';

/** What one load assignment is for. */
export interface AssignmentTarget {
  readonly service: MeshService;
  readonly port: ServicePort;
  readonly subset: string;
  readonly rule: MeshDestinationRule | undefined;
}

const healthStatus: Readonly<Record<MeshEndpoint['health'], HealthStatus>> = {
  healthy: HealthStatus.HEALTHY,
  unhealthy: HealthStatus.UNHEALTHY,
  draining: HealthStatus.DRAINING,
};

/** Istio's compact form for telemetry: `reviews-v1;default;reviews;v1;Kubernetes`. */
const workloadMetadata = (endpoint: MeshEndpoint): string =>
  [
    endpoint.workloadName,
    endpoint.namespace,
    canonicalService(endpoint.labels, endpoint.workloadName),
    canonicalRevision(endpoint.labels),
    endpoint.cluster,
  ].join(';');

/** Which endpoints of one cluster take mTLS. */
type TakesMutualTls = (endpoint: MeshEndpoint) => boolean;

/**
 * A rule's ISTIO_MUTUAL makes every endpoint take it; otherwise it takes a sidecar (label tlsMode),
 * and neither a rule nor a PeerAuthentication that turns it off. Modes are looked up once for each
 * set of labels, which endpoints of a workload share.
 */
const mutualTlsOf = (push: PushContext, { tls }: EffectivePolicy): TakesMutualTls => {
  if (tls?.mode === 'ISTIO_MUTUAL') return () => true;
  if (tls?.mode === 'DISABLE' || (tls !== undefined && tls.mode === undefined)) return () => false;
  const known = new Map<ReadonlyMap<string, string>, WorkloadMutualTls>();
  return (endpoint) => {
    if (!endpoint.mutualTls) return false;
    const modes =
      known.get(endpoint.labels) ?? workloadMutualTls(push.peerAuthentications, endpoint);
    known.set(endpoint.labels, modes);
    return portMutualTls(modes, endpoint.port) !== 'DISABLE';
  };
};

const lbEndpoint = (endpoint: MeshEndpoint, takesMutualTls: TakesMutualTls): LbEndpoint =>
  create(LbEndpointSchema, {
    hostIdentifier: {
      case: 'endpoint',
      value: { address: endpointAddress(endpoint.address, endpoint.port) },
    },
    healthStatus: healthStatus[endpoint.health],
    loadBalancingWeight: endpoint.weight,
    metadata: metadata({
      istio: endpoint.workloadName === '' ? {} : { workload: workloadMetadata(endpoint) },
      'envoy.transport_socket_match': takesMutualTls(endpoint) ? { tlsMode: 'istio' } : {},
    }),
  });

/** ExternalName services: the CNAME at the service's port. */
const aliasEndpoint = (service: MeshService, port: ServicePort): MeshEndpoint => ({
  address: service.externalName,
  port: typeof port.targetPort === 'number' ? port.targetPort : port.number,
  servicePortName: port.name,
  labels: new Map(),
  namespace: service.namespace,
  serviceAccount: '',
  workloadName: '',
  locality: { region: '', zone: '', subZone: '' },
  weight: 1,
  health: 'healthy',
  network: '',
  cluster: '',
  mutualTls: false,
});

const endpointsOf = (
  push: PushContext,
  { clusterId }: OutboundClient,
  target: AssignmentTarget,
): readonly MeshEndpoint[] => {
  const { service, port, subset, rule } = target;
  if (service.resolution === 'alias') {
    return service.externalName === '' ? [] : [aliasEndpoint(service, port)];
  }
  const labels = rule?.subsets.find(({ name }) => name === subset)?.labels;
  if (subset !== '' && labels === undefined) return [];
  const all = push.endpoints.get(serviceKey(service)) ?? [];
  const cluster = service.isClusterLocal ? registryOf(push, clusterId)?.clusterId : undefined;
  return all.filter(
    (endpoint) =>
      (cluster === undefined || endpoint.cluster === cluster) &&
      endpoint.servicePortName === port.name &&
      (labels === undefined || selects(labels, endpoint.labels)),
  );
};

const localityEndpoints = (
  { locality, endpoints, weight, priority }: EndpointGroup,
  takesMutualTls: TakesMutualTls,
): LocalityLbEndpoints =>
  create(LocalityLbEndpointsSchema, {
    locality,
    lbEndpoints: endpoints.map((endpoint) => lbEndpoint(endpoint, takesMutualTls)),
    loadBalancingWeight: weight,
    priority,
  });

/**
 * For a cluster that passes the mesh's TLS on: endpoints of the gateway's own network that take it. There
 * is no way to tell at the gateway whether a client is of the mesh, so nothing else may be reached.
 */
export const buildSniAssignment = (
  push: PushContext,
  client: OutboundClient,
  target: AssignmentTarget & { readonly clusterName: string },
): ClusterLoadAssignment => {
  const policy = effectivePolicy(target.rule, target.subset, target.port.number);
  const takesMutualTls = mutualTlsOf(push, policy);
  const { network } = client;
  const near = endpointsOf(push, client, target).filter(
    (one) => (network === '' || one.network === '' || one.network === network) && one.mutualTls,
  );
  const groups = groupEndpoints(near, client, policy, push.meshConfig.localityLoadBalancing);
  return create(ClusterLoadAssignmentSchema, {
    clusterName: target.clusterName,
    endpoints: groups.map((group) => localityEndpoints(group, takesMutualTls)),
  });
};

/** The endpoints of one cluster by locality, with priorities and weights for this client. */
export const buildLoadAssignment = (
  push: PushContext,
  client: OutboundClient,
  target: AssignmentTarget,
): ClusterLoadAssignment => {
  const { service, port, subset, rule } = target;
  const policy = effectivePolicy(rule, subset, port.number);
  const { localityLoadBalancing } = push.meshConfig;
  const takesMutualTls = mutualTlsOf(push, policy);
  const groups = groupEndpoints(
    endpointsOf(push, client, target),
    client,
    policy,
    localityLoadBalancing,
  );
  const reachable = groups.flatMap(
    throughGateways({ gateways: push.networkGateways, network: client.network, takesMutualTls }),
  );
  return create(ClusterLoadAssignmentSchema, {
    clusterName: outboundCluster(port.number, subset, service.hostname),
    endpoints: reachable.map((group) => localityEndpoints(group, takesMutualTls)),
  });
};
