import type { ClusterTable, LoadBalancing, SlowStart } from '@lateen/routing';
import { type EndpointShare, type LoadBalancer, noEndpoints } from './balancer.ts';
import { boundLoad } from './bounded-load-balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { buildMaglev } from './maglev-balancer.ts';
import { buildRendezvous } from './rendezvous-balancer.ts';
import { slowStartFactor, warmAtMs } from './slow-start.ts';

/** Weight of an endpoint at this moment. */
type Weigh = (endpoint: Endpoint) => number;

/** What balancers need besides their endpoints. */
export interface BalancerOptions {
  /** Where a round begins, so that new rounds do not all begin at the first. */
  readonly start: number;
  readonly nowMs: () => number;
}

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
const weightedRoundRobin = (endpoints: readonly Endpoint[], weigh: Weigh): LoadBalancer => {
  const current = new Float64Array(endpoints.length);
  return {
    pick: () => {
      let best = 0;
      let total = 0;
      for (let at = 0; at < current.length; at++) {
        const weight = weigh(endpoints[at] as Endpoint);
        total += weight;
        current[at] = (current[at] as number) + weight;
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

/** Steps of a drawn fraction. */
const drawResolution = 1_000_000_000;

/** Unequal weights: weighted by `weight / (active + 1) ^ bias`, drawn. */
const weightedLeastRequest = (
  endpoints: readonly Endpoint[],
  bias: number,
  weigh: Weigh,
): LoadBalancer => {
  const sums = new Float64Array(endpoints.length);
  return {
    pick: ({ dice }) => {
      let total = 0;
      for (let at = 0; at < sums.length; at++) {
        const endpoint = endpoints[at] as Endpoint;
        total += weigh(endpoint) / (endpoint.active + 1) ** bias;
        sums[at] = total;
      }
      const drawn = (dice(drawResolution) / drawResolution) * total;
      const at = sums.findIndex((sum) => drawn < sum);
      return endpoints[at < 0 ? endpoints.length - 1 : at];
    },
  };
};

const configuredWeight: Weigh = ({ entry }) => entry.weight;

/** Weights that grow while endpoints are new, and the plain balancer once all are warm. */
const warmingUp = (
  slowStart: SlowStart,
  endpoints: readonly Endpoint[],
  nowMs: () => number,
  build: (weigh: Weigh | undefined) => LoadBalancer,
): LoadBalancer => {
  const until = warmAtMs(slowStart, endpoints);
  const warm = build(undefined);
  if (nowMs() >= until) return warm;
  let now = 0;
  const warming = build(
    (endpoint) => endpoint.entry.weight * slowStartFactor(slowStart, endpoint, now),
  );
  return {
    pick: (context) => {
      now = nowMs();
      return (now >= until ? warm : warming).pick(context);
    },
  };
};

/** A balancer over endpoints that are fit for traffic, by their own weights. */
export const buildLoadBalancer = (
  settings: LoadBalancing,
  endpoints: readonly Endpoint[],
  { start, nowMs }: BalancerOptions,
): LoadBalancer => {
  if (endpoints.length === 0) return noEndpoints;
  if (settings.kind === 'random') return random(endpoints);
  const isEqual = hasEqualWeights(endpoints);
  const build = (weigh: Weigh | undefined): LoadBalancer => {
    if (settings.kind === 'least-request') {
      if (isEqual && weigh === undefined) return leastOfChoices(endpoints, settings.choiceCount);
      const bias = settings.activeRequestBias;
      return weightedLeastRequest(endpoints, bias, weigh ?? configuredWeight);
    }
    if (isEqual && weigh === undefined) return plainRoundRobin(endpoints, start);
    return weightedRoundRobin(endpoints, weigh ?? configuredWeight);
  };
  const slowStart = 'slowStart' in settings ? settings.slowStart : undefined;
  return slowStart === undefined ? build(undefined) : warmingUp(slowStart, endpoints, nowMs, build);
};

/** Settings of the balancers that place requests by their hash. */
export type HashBalancing = Extract<LoadBalancing, { kind: 'ring-hash' | 'maglev' }>;

/** A balancer by the request's hash, over shares that sum up to 1. */
export const buildHashBalancer = (
  settings: HashBalancing,
  shares: readonly EndpointShare[],
): LoadBalancer => {
  if (shares.length === 0) return noEndpoints;
  const balancer =
    settings.kind === 'maglev' ? buildMaglev(settings, shares) : buildRendezvous(settings, shares);
  const { hashBalanceFactor } = settings.consistentHashing;
  return hashBalanceFactor === undefined
    ? balancer
    : boundLoad(balancer, shares, hashBalanceFactor);
};

/** Whether requests are placed by hash. */
export const isHashBalancing = (settings: LoadBalancing): settings is HashBalancing =>
  settings.kind === 'ring-hash' || settings.kind === 'maglev';

/** Whether the cluster's balancer needs a hash of the request. */
export const needsHash = ({ loadBalancing }: ClusterTable): boolean =>
  isHashBalancing(loadBalancing);
