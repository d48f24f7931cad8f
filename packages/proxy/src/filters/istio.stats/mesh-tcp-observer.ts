import type { StatsRegistry } from '../../stats/registry.ts';
import type { TcpObserver } from '../../tcp/tcp-proxy.ts';
import type { TcpSession } from '../../tcp/tcp-session.ts';
import { endpointFacts, type MeshIdentity } from './mesh-identity.ts';
import { meshLabels, serviceOf, unknownPeer } from './mesh-labels.ts';

/** Istio's TCP metrics: connections opened and closed, bytes both ways. */
export const createMeshTcpObserver = (
  identity: MeshIdentity,
  stats: StatsRegistry,
): TcpObserver => {
  const labelsOf = (session: TcpSession) => {
    const { endpoint, cluster, isInbound } = session;
    const other = endpoint === undefined ? undefined : endpointFacts(endpoint.entry.metadata);
    return meshLabels({
      reporter: isInbound ? 'destination' : 'source',
      source: isInbound ? unknownPeer : identity.facts,
      destination: isInbound ? identity.facts : (other ?? unknownPeer),
      service: serviceOf(cluster, session.serverName),
      sourcePrincipal: 'unknown',
      destinationPrincipal: 'unknown',
      security: isInbound ? 'none' : 'unknown',
      protocol: 'tcp',
      flags: session.flags,
    });
  };
  return {
    opened: (session) => {
      stats.counter('istio_tcp_connections_opened_total', labelsOf(session)).value++;
    },
    closed: (session) => {
      const labels = labelsOf(session);
      stats.counter('istio_tcp_connections_closed_total', labels).value++;
      stats.counter('istio_tcp_received_bytes_total', labels).value += session.bytesReceived;
      stats.counter('istio_tcp_sent_bytes_total', labels).value += session.bytesSent;
    },
  };
};
