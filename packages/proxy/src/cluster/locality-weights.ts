import type { EndpointShare, LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { localityName } from './zone-routing.ts';

/** Endpoints of one locality within one priority. */
export interface LocalityMembers {
  /** `load_balancing_weight` of the locality; absent counts as 0. */
  readonly weight: number;
  /** All of them, fit or not. */
  readonly total: number;
  /** Those that may be picked. */
  readonly fit: readonly Endpoint[];
}

/** Groups a priority by locality, in order of first appearance. */
export const byLocality = (
  all: readonly Endpoint[],
  fit: ReadonlySet<Endpoint>,
): readonly LocalityMembers[] => {
  const groups = new Map<string, { weight: number; total: number; fit: Endpoint[] }>();
  for (const endpoint of all) {
    const key = localityName(endpoint.entry.locality);
    const group = groups.get(key) ?? {
      weight: endpoint.entry.localityWeight ?? 0,
      total: 0,
      fit: [],
    };
    groups.set(key, group);
    group.total++;
    if (fit.has(endpoint)) group.fit.push(endpoint);
  }
  return [...groups.values()];
};

/**
 * The weight a locality works with: its own, less what its sick endpoints cost beyond the
 * overprovisioning (Envoy's `effectiveLocalityWeight`).
 */
export const effectiveWeight = (
  { weight, total, fit }: LocalityMembers,
  overprovisioningPercent: number,
): number => weight * Math.min(1, ((overprovisioningPercent / 100) * fit.length) / total);

/** Turns among localities by weight, and within each by its own balancer. */
export const weighLocalities = (
  localities: readonly { readonly weight: number; readonly balancer: LoadBalancer }[],
): LoadBalancer => {
  const current = new Float64Array(localities.length);
  const total = localities.reduce((sum, { weight }) => sum + weight, 0);
  return {
    pick: (context) => {
      let best = 0;
      for (const [at, { weight }] of localities.entries()) {
        current[at] = (current[at] as number) + weight;
        if ((current[at] as number) > (current[best] as number)) best = at;
      }
      current[best] = (current[best] as number) - total;
      return localities[best]?.balancer.pick(context);
    },
  };
};

/** Shares by weight alone, of a part of all traffic. */
export const plainShares = (endpoints: readonly Endpoint[], part = 1): readonly EndpointShare[] => {
  const total = endpoints.reduce((sum, { entry }) => sum + entry.weight, 0);
  return endpoints.map((endpoint) => ({ endpoint, share: (part * endpoint.entry.weight) / total }));
};

/** Shares by weight within localities that share by theirs; weight 0 gets nothing. */
export const localityShares = (
  localities: readonly LocalityMembers[],
): readonly EndpointShare[] => {
  const usable = localities.filter(({ weight, fit }) => weight > 0 && fit.length > 0);
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  return usable.flatMap(({ weight, fit }) => plainShares(fit, weight / total));
};
