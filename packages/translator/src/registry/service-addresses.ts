import type { MeshService } from './mesh-service.ts';

/**
 * The addresses a proxy's clients know a service by. Automatic ones are told by the proxy's DNS
 * server alone, so only clients of a proxy that has one (`DNS_CAPTURE`) ever use them.
 */
export const serviceAddresses = (
  { addresses, autoAddresses }: MeshService,
  { dnsCapture }: { readonly dnsCapture: boolean },
): readonly string[] => (addresses.length === 0 && dnsCapture ? autoAddresses : addresses);
