import type { MeshService } from './mesh-service.ts';

/** Of a proxy, what decides by which addresses its clients know services. */
export interface AddressView {
  readonly dnsCapture: boolean;
  readonly clusterId: string;
}

/**
 * The addresses a proxy's clients know a service by: those of its own cluster, where that has the
 * service. Automatic ones are told by the proxy's DNS server alone, so only clients of a proxy that
 * has one (`DNS_CAPTURE`) ever use them.
 */
export const serviceAddresses = (
  { addresses, autoAddresses, inCluster }: MeshService,
  { dnsCapture, clusterId }: AddressView,
): readonly string[] => {
  const known = inCluster.get(clusterId)?.addresses ?? addresses;
  return known.length === 0 && dnsCapture ? autoAddresses : known;
};
