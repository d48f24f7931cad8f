import type { LoadBalancing } from '@lateen/routing';
import type { LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { hashText } from './hash.ts';

type RingHash = Extract<LoadBalancing, { kind: 'ring-hash' }>;

/** Entries of a ring at most, whatever is configured: 8 bytes each, rebuilt on every change. */
const maxRingEntries = 1_048_576;

/** How an endpoint is named on the ring: by address, or by host name where asked for. */
export const hashKey = (endpoint: Endpoint, useHostname: boolean): string =>
  useHostname && endpoint.entry.hostname !== '' ? endpoint.entry.hostname : endpoint.entry.key;

const ringSize = (settings: RingHash, endpoints: readonly Endpoint[], total: number): number => {
  const least = Math.min(...endpoints.map(({ entry }) => entry.weight)) / total;
  // As Envoy: enough entries that the smallest weight gets a whole number, within the bounds.
  const wanted = Math.ceil(settings.minimumRingSize * least) / least;
  return Math.min(wanted, settings.maximumRingSize, maxRingEntries);
};

/** Ketama: every endpoint stands on a ring many times, by weight; a hash goes to the next one. */
export const buildRing = (settings: RingHash, endpoints: readonly Endpoint[]): LoadBalancer => {
  const total = endpoints.reduce((sum, { entry }) => sum + entry.weight, 0);
  const size = ringSize(settings, endpoints, total);
  const ring: { readonly hash: number; readonly endpoint: Endpoint }[] = [];
  for (const endpoint of endpoints) {
    const key = hashKey(endpoint, settings.consistentHashing.useHostname);
    const copies = Math.max(1, Math.round((endpoint.entry.weight / total) * size));
    for (let copy = 0; copy < copies; copy++)
      ring.push({ hash: hashText(`${key}_${copy}`), endpoint });
  }
  ring.sort((left, right) => left.hash - right.hash);
  return {
    pick: ({ hash, dice }) => {
      const wanted = hash ?? dice(0x1_0000_0000);
      let low = 0;
      let high = ring.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((ring[middle]?.hash ?? 0) < wanted) low = middle + 1;
        else high = middle;
      }
      return ring[low === ring.length ? 0 : low]?.endpoint;
    },
  };
};
