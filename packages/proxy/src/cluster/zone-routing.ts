import type { Locality } from '@lateen/routing';
import type { LoadBalancer } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';

/** The proxy's own zone, and how many of its like stand where (`local_cluster_name`). */
export interface LocalZone {
  /** `localityName` of the proxy's node. */
  readonly locality: string;
  /** Endpoints of the proxy's own cluster; undefined: not known yet. */
  endpoints(): readonly Endpoint[] | undefined;
  /** Changes whenever `endpoints` does, or their health. */
  version(): number;
}

/** One word for a locality. */
export const localityName = ({ region, zone, subZone }: Locality): string =>
  `${region}/${zone}/${subZone}`;

/** Shares are in hundredths of a percent. */
const whole = 10_000;

/** Where a request goes: to the own zone, or to another with room for those that have none. */
export interface ZonePlan {
  /** Of 10,000 requests those that stay. */
  readonly stay: number;
  /** The others, by what zones can take beyond their own callers; running sums. */
  readonly elsewhere: readonly { readonly locality: string; readonly upTo: number }[];
}

const countHealthy = (endpoints: readonly Endpoint[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const endpoint of endpoints) {
    const name = localityName(endpoint.entry.locality);
    counts.set(name, (counts.get(name) ?? 0) + Number(endpoint.isHealthy));
  }
  return counts;
};

const shareOf = (counts: ReadonlyMap<string, number>, name: string): number => {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : Math.floor((whole * (counts.get(name) ?? 0)) / total);
};

/**
 * Envoy's zone aware routing: callers stay in their zone as far as its endpoints carry all callers
 * there, and what is too much goes to zones with more endpoints than callers. Undefined where zones
 * do not count: one zone alone, none at home, or fewer endpoints than `minClusterSize`.
 */
export const planZones = (
  upstream: readonly Endpoint[],
  local: readonly Endpoint[],
  home: string,
  minClusterSize: number,
): ZonePlan | undefined => {
  const servers = countHealthy(upstream);
  const callers = countHealthy(local);
  const healthy = upstream.filter(({ isHealthy }) => isHealthy).length;
  if (servers.size < 2 || healthy < minClusterSize) return undefined;
  if ((servers.get(home) ?? 0) === 0 || (callers.get(home) ?? 0) === 0) return undefined;
  const ours = shareOf(callers, home);
  const theirs = shareOf(servers, home);
  if (theirs >= ours) return { stay: whole, elsewhere: [] };
  let upTo = 0;
  const elsewhere = [...servers.keys()].flatMap((locality) => {
    const room = shareOf(servers, locality) - shareOf(callers, locality);
    if (locality === home || room <= 0) return [];
    upTo += room;
    return [{ locality, upTo }];
  });
  return { stay: Math.floor((theirs * whole) / ours), elsewhere };
};

/** What a zone balancer is made of. */
export interface ZoneParts {
  readonly plan: ZonePlan;
  readonly home: string;
  /** Percent of requests that zones count for (`routing_enabled`). */
  readonly enabledPercent: number;
  /** All zones together. */
  readonly everywhere: LoadBalancer;
  inZone(locality: string): LoadBalancer;
}

/** Turns by zone, then by the balancer within. */
export const zoneBalancer = (parts: ZoneParts): LoadBalancer => {
  const { plan, home, enabledPercent, everywhere } = parts;
  const atHome = parts.inZone(home);
  const others = plan.elsewhere.map(({ locality, upTo }) => ({
    upTo,
    balancer: parts.inZone(locality),
  }));
  const room = plan.elsewhere.at(-1)?.upTo ?? 0;
  return {
    pick: (context) => {
      const { dice } = context;
      if (enabledPercent < 100 && dice(100) >= enabledPercent) return everywhere.pick(context);
      if (plan.stay === whole || dice(whole) < plan.stay) return atHome.pick(context);
      if (room === 0) return everywhere.pick(context);
      const drawn = dice(room);
      return others.find(({ upTo }) => drawn < upTo)?.balancer.pick(context);
    },
  };
};
