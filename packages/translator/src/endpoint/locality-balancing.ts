import type { EffectivePolicy } from '../cluster/effective-policy.ts';
import type { LocalitySetting } from '../input/traffic-policy.ts';
import { formatLocality, type Locality } from '../proxy/locality.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { MeshEndpoint } from '../registry/mesh-service.ts';
import { labelPriority } from './label-priority.ts';

/** Endpoints of one locality and priority. */
export interface EndpointGroup {
  readonly locality: Locality;
  readonly endpoints: readonly MeshEndpoint[];
  /** Against other groups of the same priority. */
  readonly weight: number;
  /** 0 is used first. */
  readonly priority: number;
}

type Groups = readonly EndpointGroup[];

const compareText = (left: string, right: string): number =>
  left === right ? 0 : left < right ? -1 : 1;

const groupOf = (endpoints: readonly MeshEndpoint[], priority: number): EndpointGroup => ({
  locality: endpoints[0]?.locality ?? { region: '', zone: '', subZone: '' },
  endpoints,
  weight: endpoints.reduce((sum, { weight }) => sum + weight, 0),
  priority,
});

/** One group for each locality, in the order of their names. */
const byLocality = (endpoints: readonly MeshEndpoint[], priority: number): Groups =>
  [...Map.groupBy(endpoints, ({ locality }) => formatLocality(locality))]
    .sort(([left], [right]) => compareText(left, right))
    .map(([, group]) => groupOf(group, priority));

/** `r/z/s` with `*` for any, or fewer parts for whatever lies below. */
const matches = ({ region, zone, subZone }: Locality, pattern: string): boolean => {
  const actual = [region, zone, subZone];
  return pattern.split('/').every((part, index) => part === '*' || part === actual[index]);
};

/** Shares of `to` are split over its localities by their own weights; unnamed localities get none. */
const distribute = (groups: Groups, to: ReadonlyMap<string, number>): Groups => {
  const result: EndpointGroup[] = [];
  const taken = new Set<EndpointGroup>();
  for (const [pattern, share] of to) {
    const chosen = groups.filter((group) => !taken.has(group) && matches(group.locality, pattern));
    const total = chosen.reduce((sum, { weight }) => sum + weight, 0);
    for (const group of chosen) {
      taken.add(group);
      const weight = Math.ceil((share * group.weight) / total);
      if (weight > 0) result.push({ ...group, weight });
    }
  }
  return result;
};

/** 0 same sub-zone, 1 same zone, 2 same region, 3 the failover region, 4 elsewhere. */
const distance = (
  client: Locality,
  server: Locality,
  setting: LocalitySetting | undefined,
): number => {
  if (server.region === client.region) {
    if (server.zone !== client.zone) return 2;
    return server.subZone === client.subZone ? 0 : 1;
  }
  const failover = setting?.failover.find(({ from }) => from === client.region);
  return failover === undefined || failover.to === server.region ? 3 : 4;
};

/** Envoy wants priorities that begin at 0 and have no gaps. */
const withoutGaps = (groups: Groups): Groups => {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups.map((group) => ({ ...group, priority: used.indexOf(group.priority) }));
};

/**
 * Istio's locality load balancing for a client: distribute by given shares, or fail over by labels
 * or by distance; failing over only with outlier detection, which is what notices a failure.
 */
export const groupEndpoints = (
  endpoints: readonly MeshEndpoint[],
  client: OutboundClient,
  { loadBalancer, outlierDetection }: EffectivePolicy,
  meshEnabled: boolean,
): Groups => {
  const groups = byLocality(endpoints, 0);
  const setting = loadBalancer?.localityLbSetting;
  if (!(setting?.enabled ?? meshEnabled)) return groups;
  const labels = setting?.failoverPriority ?? [];
  if (labels.length > 0 && outlierDetection !== undefined) {
    const split = Map.groupBy(endpoints, (endpoint) => labelPriority(labels, client, endpoint));
    return withoutGaps([...split].flatMap(([priority, part]) => byLocality(part, priority)));
  }
  if (client.locality.region === '') return groups;
  const rule = setting?.distribute.find(({ from }) => matches(client.locality, from ?? ''));
  if (rule !== undefined) return distribute(groups, rule.to);
  if (outlierDetection === undefined || (setting?.distribute.length ?? 0) > 0) return groups;
  const priority = ({ locality }: EndpointGroup) => distance(client.locality, locality, setting);
  return withoutGaps(groups.map((group) => ({ ...group, priority: priority(group) })));
};
