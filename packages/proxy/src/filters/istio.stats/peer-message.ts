import type { Endpoint } from '../../cluster/endpoint.ts';
import type { PeerFacts } from '../../http/exchange.ts';
import { endpointFacts } from './mesh-identity.ts';

/** What is known of the other side: by what it said, or by its endpoint. */
export interface PeerHolder {
  readonly peer?: PeerFacts | undefined;
  readonly endpoint: Endpoint | undefined;
}

const message = (facts: PeerFacts): Readonly<Record<string, unknown>> => ({
  workload: facts['workload'],
  namespace: facts['namespace'],
  cluster: facts['cluster'],
  cluster_id: facts['cluster'],
  service: facts['canonicalService'],
  revision: facts['canonicalRevision'],
  app: facts['app'],
  version: facts['version'],
});

/**
 * Istio's filter state `downstream_peer` (who called a workload) and `upstream_peer` (whom a client
 * reached); undefined for other keys, and when nothing is known.
 */
export const peerMessage = (
  key: string,
  { peer, endpoint }: PeerHolder,
  isInbound: boolean,
): Readonly<Record<string, unknown>> | undefined => {
  if (key !== (isInbound ? 'downstream_peer' : 'upstream_peer')) return undefined;
  const known = peer ?? (isInbound ? undefined : endpointFacts(endpoint?.entry.metadata ?? {}));
  return known && message(known);
};
