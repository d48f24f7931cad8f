import { type EndpointShare, hashOf, type LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';

/** Numbers below a limit in an order that only the seed decides (xorshift32). */
const seededDice = (seed: number): ((limit: number) => number) => {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * limit);
  };
};

/** How full an endpoint is, 1: it has all it may have. */
type Overload = (endpoint: Endpoint) => number;

const overloadOf = (shares: readonly EndpointShare[], factor: number): Overload => {
  const shareOf = new Map(shares.map(({ endpoint, share }) => [endpoint, share]));
  return (endpoint) => {
    const active = shares.reduce((sum, other) => sum + other.endpoint.active, 0);
    const slots = Math.floor(((active + 1) * factor + 99) / 100);
    return endpoint.active / Math.max(1, Math.ceil(slots * (shareOf.get(endpoint) ?? 0)));
  };
};

/** The first with room in an order that only `seed` decides; all full: the least full. */
const firstWithRoom = (
  endpoints: readonly Endpoint[],
  overload: Overload,
  seed: number,
): Endpoint | undefined => {
  const dice = seededDice(seed);
  const left = [...endpoints];
  let best: Endpoint | undefined;
  let least = Number.POSITIVE_INFINITY;
  while (left.length > 0) {
    const [endpoint] = left.splice(dice(left.length), 1);
    const load = endpoint === undefined ? least : overload(endpoint);
    if (load < 1) return endpoint;
    if (load < least) [best, least] = [endpoint, load];
  }
  return best;
};

/**
 * Consistent hashing with bounded loads (`hash_balance_factor`; arXiv 1608.01350): an endpoint with
 * more than `factor` percent of the average load is passed over for others, in an order that the
 * hash alone decides (arXiv 1908.08762), so that the overflow of a key has a home too. Looks at
 * every endpoint for each pick, as Envoy's does.
 */
export const boundLoad = (
  inner: LoadBalancer,
  shares: readonly EndpointShare[],
  factor: number,
): LoadBalancer => {
  const overload = overloadOf(shares, factor);
  const endpoints = shares.map(({ endpoint }) => endpoint);
  return {
    pick: (context) => {
      const hash = hashOf(context);
      const chosen = inner.pick({ ...context, hash });
      if (chosen === undefined || overload(chosen) < 1) return chosen;
      return firstWithRoom(endpoints, overload, hash.low) ?? chosen;
    },
  };
};
