import type { LoadBalancing } from '@lateen/routing';
import { type EndpointShare, hashKey, hashOf, type LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { type Hash64, xxHash64 } from './xx-hash.ts';

type RingHash = Extract<LoadBalancing, { kind: 'ring-hash' }>;

/** Entries of a ring at most, whatever is configured: rebuilt on every change of endpoints. */
const maxRingEntries = 1_048_576;

interface RingEntry extends Hash64 {
  readonly endpoint: Endpoint;
}

const compare = (left: Hash64, right: Hash64): number =>
  left.high - right.high || left.low - right.low;

/** As Envoy: enough entries that the smallest share gets a whole number, within the bounds. */
const ringScale = (settings: RingHash, shares: readonly EndpointShare[]): number => {
  const least = shares.reduce((least, { share }) => Math.min(least, share), 1);
  const wanted = Math.ceil(settings.minimumRingSize * least) / least;
  return Math.min(wanted, settings.maximumRingSize, maxRingEntries);
};

/** Entries are named `key_index`; running sums give every share its part to within one entry. */
const ringEntries = (settings: RingHash, shares: readonly EndpointShare[]): RingEntry[] => {
  const scale = ringScale(settings, shares);
  const ring: RingEntry[] = [];
  let target = 0;
  for (const { endpoint, share } of shares) {
    const key = hashKey(endpoint, settings.consistentHashing.useHostname);
    target += scale * share;
    for (let index = 0; ring.length < target; index++) {
      const { high, low } = xxHash64(`${key}_${index}`);
      ring.push({ high, low, endpoint });
    }
  }
  return ring.sort(compare);
};

/**
 * Ketama: every endpoint stands on a ring many times, by share; a hash goes to the next one. Keys
 * land where Envoy puts them (with xxHash64; its MurmurHash2 variant is not implemented).
 */
export const buildRing = (settings: RingHash, shares: readonly EndpointShare[]): LoadBalancer => {
  const ring = ringEntries(settings, shares);
  return {
    pick: (context) => {
      const wanted = hashOf(context);
      let low = 0;
      let high = ring.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compare(ring[middle] as RingEntry, wanted) < 0) low = middle + 1;
        else high = middle;
      }
      return ring[(low + (context.attempt ?? 0)) % ring.length]?.endpoint;
    },
  };
};
