import { Endpoint } from './endpoint.ts';
import type { EndpointSet } from './endpoint-set.ts';

/** Addresses an ORIGINAL_DST cluster remembers: clients choose them, so they are bounded. */
const maxOriginalDestinations = 4096;

/** The endpoint of an address nobody listed (ORIGINAL_DST clusters), made on first use. */
export const originalEndpoint = (
  endpoints: EndpointSet,
  host: string,
  port: number,
): Endpoint | undefined => {
  const key = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const found = endpoints.find(key);
  if (found !== undefined) return found;
  if (endpoints.endpoints.length >= maxOriginalDestinations) return undefined;
  const endpoint = new Endpoint(
    {
      address: { kind: 'socket', host, port },
      key,
      hostname: host,
      weight: 1,
      health: 'healthy',
      priority: 0,
      locality: { region: '', zone: '', subZone: '' },
      localityWeight: undefined,
      metadata: {},
    },
    0,
  );
  endpoints.add(endpoint);
  return endpoint;
};
