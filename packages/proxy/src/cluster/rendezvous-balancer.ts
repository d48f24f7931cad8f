import type { LoadBalancing } from '@lateen/routing';
import { type EndpointShare, hashKey, hashOf, type LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { type Hash64, xxHash64 } from './xx-hash.ts';

type RingHash = Extract<LoadBalancing, { kind: 'ring-hash' }>;

/** An endpoint that a key may belong to. */
interface Candidate extends Hash64 {
  readonly endpoint: Endpoint;
  readonly key: string;
  readonly share: number;
}

const twoTo32 = 0x1_0000_0000;

/** A number that key and endpoint decide together, 32 bits (the finish of MurmurHash3). */
const mixed = (key: Hash64, { high, low }: Hash64): number => {
  let mix = Math.imul(key.low ^ low, 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 15) ^ key.high ^ high, 0xc2b2ae35);
  mix = Math.imul(mix ^ (mix >>> 13), 0x27d4eb2f);
  return (mix ^ (mix >>> 16)) >>> 0;
};

/** How far an endpoint is from a key: the nearest of equal ones wins as often as any other. */
const distance = (key: Hash64, candidate: Candidate): number =>
  -Math.log((mixed(key, candidate) + 0.5) / twoTo32) / candidate.share;

/** The one at a place in order of distance; 0: the nearest. */
const atPlace = (key: Hash64, all: readonly Candidate[], place: number): Endpoint | undefined => {
  const far = new Map(all.map((candidate) => [candidate, distance(key, candidate)]));
  const sorted = all.toSorted((left, right) => (far.get(left) ?? 0) - (far.get(right) ?? 0));
  return sorted[place % sorted.length]?.endpoint;
};

const nearest = (key: Hash64, all: readonly Candidate[]): Endpoint | undefined => {
  let best = all[0];
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of all) {
    const far = distance(key, candidate);
    if (far >= least) continue;
    least = far;
    best = candidate;
  }
  return best?.endpoint;
};

/** Equal shares need no logarithm: the greatest number is the nearest. */
const nearestOfEqual = (key: Hash64, all: readonly Candidate[]): Endpoint | undefined => {
  let best = all[0];
  let most = -1;
  for (const candidate of all) {
    const number = mixed(key, candidate);
    if (number <= most) continue;
    most = number;
    best = candidate;
  }
  return best?.endpoint;
};

/**
 * `RING_HASH` without a ring: each key ranks the endpoints, and the first that is there gets it
 * (rendezvous hashing, Thaler and Ravishankar 1998; weights as Schindelhauer and Schomaker 2005).
 * When an endpoint goes, its keys move and no others; a ring of fixed size, as Envoy's, moves more.
 * Looks at every endpoint for each pick. docs/decisions/0004 says why.
 */
export const buildRendezvous = (
  settings: RingHash,
  shares: readonly EndpointShare[],
): LoadBalancer => {
  const all = shares
    .map(({ endpoint, share }): Candidate => {
      const key = hashKey(endpoint, settings.consistentHashing.useHostname);
      const { high, low } = xxHash64(key);
      return { endpoint, share, key, high, low };
    })
    // The order endpoints come in must decide nothing.
    .sort((left, right) => (left.key < right.key ? -1 : Number(left.key > right.key)));
  const isEqual = all.every(({ share }) => share === all[0]?.share);
  const first = isEqual ? nearestOfEqual : nearest;
  return {
    pick: (context) => {
      const key = hashOf(context);
      const place = context.attempt ?? 0;
      return place === 0 ? first(key, all) : atPlace(key, all, place);
    },
  };
};
