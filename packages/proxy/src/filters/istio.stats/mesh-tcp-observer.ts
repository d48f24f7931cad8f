import type { StatsRegistry } from '../../stats/registry.ts';
import type { TcpObserver } from '../../tcp/tcp-proxy.ts';
import type { TcpSession } from '../../tcp/tcp-session.ts';
import type { ConnectionTls } from '../../tls/connection-tls.ts';
import { upstreamTlsOf } from '../../tls/upstream-tls.ts';
import { endpointFacts, type MeshIdentity } from './mesh-identity.ts';
import { meshLabels, serviceOf, unknownPeer } from './mesh-labels.ts';
import { principalsOf, securityOf } from './mesh-principals.ts';

/** The connection whose certificates say who talks: the client's inbound, the server's outbound. */
const tlsOf = ({ isInbound, tls, endpoint }: TcpSession): ConnectionTls | undefined => {
  if (isInbound) return tls;
  return endpoint === undefined ? undefined : upstreamTlsOf(endpoint);
};

/** Istio's TCP metrics: connections opened and closed, bytes both ways. */
export const createMeshTcpObserver = (
  identity: MeshIdentity,
  stats: StatsRegistry,
): TcpObserver => {
  const labelsOf = (session: TcpSession) => {
    const { endpoint, cluster, isInbound } = session;
    const { facts: own } = identity;
    const other = endpoint === undefined ? undefined : endpointFacts(endpoint.entry.metadata);
    const { source, destination, isMutual } = principalsOf(tlsOf(session), isInbound);
    return meshLabels({
      ...(isInbound
        ? { reporter: 'destination', source: unknownPeer, destination: own }
        : { reporter: 'source', source: own, destination: other ?? unknownPeer }),
      service: serviceOf(cluster, session.serverName),
      sourcePrincipal: source,
      destinationPrincipal: destination,
      security: securityOf(isInbound, isMutual),
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
