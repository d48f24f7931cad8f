import type { MeshStatsSettings } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { PeerFacts } from '../../http/exchange.ts';
import type { Labels } from '../../stats/registry.ts';

/** Whether a request is a call of gRPC. */
export const isGrpc = (exchange: { header(name: string): string | undefined }): boolean =>
  exchange.header('content-type')?.startsWith('application/grpc') === true;

/** A side about which nothing is known. */
export const unknownPeer: PeerFacts = {
  workload: 'unknown',
  namespace: 'unknown',
  app: 'unknown',
  version: 'unknown',
  canonicalService: 'unknown',
  canonicalRevision: 'latest',
  cluster: 'unknown',
};

/** The service a cluster stands for. */
export interface ServiceFacts {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

/** Clusters that stand for no service and are called by their own name. */
const specialClusters: ReadonlySet<string> = new Set([
  'PassthroughCluster',
  'BlackHoleCluster',
  'InboundPassthroughCluster',
  'InboundPassthroughClusterIpv4',
  'InboundPassthroughClusterIpv6',
]);

/** Service of a cluster's `istio` metadata; without one, what the client called it. */
export const serviceOf = (cluster: Cluster | undefined, authority: string): ServiceFacts => {
  const istio = cluster?.table.metadata['istio'];
  const services =
    typeof istio === 'object' && istio !== null
      ? (istio as Readonly<Record<string, unknown>>)['services']
      : undefined;
  const first: unknown = Array.isArray(services) ? services[0] : undefined;
  if (typeof first === 'object' && first !== null) {
    const { host, name, namespace } = first as Readonly<Record<string, unknown>>;
    return { host: String(host), name: String(name), namespace: String(namespace) };
  }
  const host = authority === '' ? 'unknown' : authority;
  const isSpecial = cluster !== undefined && specialClusters.has(cluster.name);
  return { host, name: isSpecial ? cluster.name : host, namespace: 'unknown' };
};

/** Whose side is told. */
export type Reporter = 'source' | 'destination' | 'waypoint';

/** The side a listener reports. */
export const reporterOf = ({ reporter }: MeshStatsSettings, isInbound: boolean): Reporter => {
  if (reporter === 'waypoint') return 'waypoint';
  return isInbound ? 'destination' : 'source';
};

/** Both sides of a call. */
export interface CallFacts {
  readonly reporter: Reporter;
  readonly source: PeerFacts;
  readonly destination: PeerFacts;
  readonly service: ServiceFacts;
  readonly sourcePrincipal: string;
  readonly destinationPrincipal: string;
  readonly security: 'mutual_tls' | 'none' | 'unknown';
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly flags: string;
}

const of = (facts: PeerFacts, key: string): string => facts[key] ?? 'unknown';

/** Labels of Istio's standard metrics, in the order Istio prints them. */
export const meshLabels = (call: CallFacts): Labels => ({
  reporter: call.reporter,
  source_workload: of(call.source, 'workload'),
  source_canonical_service: of(call.source, 'canonicalService'),
  source_canonical_revision: of(call.source, 'canonicalRevision'),
  source_workload_namespace: of(call.source, 'namespace'),
  source_principal: call.sourcePrincipal,
  source_app: of(call.source, 'app'),
  source_version: of(call.source, 'version'),
  source_cluster: of(call.source, 'cluster'),
  destination_workload: of(call.destination, 'workload'),
  destination_workload_namespace: of(call.destination, 'namespace'),
  destination_principal: call.destinationPrincipal,
  destination_app: of(call.destination, 'app'),
  destination_version: of(call.destination, 'version'),
  destination_service: call.service.host,
  destination_canonical_service: of(call.destination, 'canonicalService'),
  destination_canonical_revision: of(call.destination, 'canonicalRevision'),
  destination_service_name: call.service.name,
  destination_service_namespace: call.service.namespace,
  destination_cluster: of(call.destination, 'cluster'),
  request_protocol: call.protocol,
  response_flags: call.flags === '' ? '-' : call.flags,
  connection_security_policy: call.security,
});
