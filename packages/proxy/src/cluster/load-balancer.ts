import type { ClusterTable, LoadBalancing } from '@lateen/routing';
import type { LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { buildMaglev } from './maglev-balancer.ts';
import { buildRing } from './ring-hash-balancer.ts';

const none: LoadBalancer = { pick: () => undefined };

const hasEqualWeights = (endpoints: readonly Endpoint[]): boolean =>
  endpoints.every(({ entry }) => entry.weight === endpoints[0]?.entry.weight);

const plainRoundRobin = (endpoints: readonly Endpoint[], start: number): LoadBalancer => {
  let next = start % endpoints.length;
  return {
    pick: () => {
      const chosen = endpoints[next];
      next = next + 1 === endpoints.length ? 0 : next + 1;
      return chosen;
    },
  };
};

/** Smooth weighted round robin (as nginx): picks are spread, and exact over one round. */
const weightedRoundRobin = (endpoints: readonly Endpoint[]): LoadBalancer => {
  const weights = endpoints.map(({ entry }) => entry.weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const current = new Float64Array(endpoints.length);
  return {
    pick: () => {
      let best = 0;
      for (let at = 0; at < weights.length; at++) {
        current[at] = (current[at] as number) + (weights[at] as number);
        if ((current[at] as number) > (current[best] as number)) best = at;
      }
      current[best] = (current[best] as number) - total;
      return endpoints[best];
    },
  };
};

const random = (endpoints: readonly Endpoint[]): LoadBalancer => ({
  pick: ({ dice }) => endpoints[dice(endpoints.length)],
});

/** Power of two (or more) choices: the one with the fewest requests in flight. */
const leastOfChoices = (endpoints: readonly Endpoint[], choices: number): LoadBalancer => ({
  pick: ({ dice }) => {
    let best = endpoints[dice(endpoints.length)];
    for (let at = 1; at < choices; at++) {
      const other = endpoints[dice(endpoints.length)];
      if (other !== undefined && best !== undefined && other.active < best.active) best = other;
    }
    return best;
  },
});

/** Unequal weights: weighted by `weight / (active + 1) ^ bias`, drawn. */
const weightedLeastRequest = (endpoints: readonly Endpoint[], bias: number): LoadBalancer => ({
  pick: ({ dice }) => {
    let total = 0;
    const shares = endpoints.map(({ entry, active }) => {
      total += entry.weight / (active + 1) ** bias;
      return total;
    });
    const drawn = (dice(drawResolution) / drawResolution) * total;
    const at = shares.findIndex((share) => drawn < share);
    return endpoints[at < 0 ? endpoints.length - 1 : at];
  },
});

/** Steps of a drawn fraction. */
const drawResolution = 1_000_000_000;

/** Builds the balancer a cluster asks for, over endpoints that are fit for traffic. */
export const buildLoadBalancer = (
  settings: LoadBalancing,
  endpoints: readonly Endpoint[],
  start: number,
): LoadBalancer => {
  if (endpoints.length === 0) return none;
  switch (settings.kind) {
    case 'least-request':
      if (hasEqualWeights(endpoints)) return leastOfChoices(endpoints, settings.choiceCount);
      return weightedLeastRequest(endpoints, settings.activeRequestBias);
    case 'random':
      return random(endpoints);
    case 'ring-hash':
      return buildRing(settings, endpoints);
    case 'maglev':
      return buildMaglev(settings, endpoints);
    default:
      return hasEqualWeights(endpoints)
        ? plainRoundRobin(endpoints, start)
        : weightedRoundRobin(endpoints);
  }
};

/** Whether the cluster's balancer needs a hash of the request. */
export const needsHash = ({ loadBalancing }: ClusterTable): boolean =>
  loadBalancing.kind === 'ring-hash' || loadBalancing.kind === 'maglev';
