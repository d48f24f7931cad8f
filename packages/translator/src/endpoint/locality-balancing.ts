import { create } from '@bufbuild/protobuf';
import {
  type LocalityLbEndpoints,
  LocalityLbEndpointsSchema,
} from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import type { EffectivePolicy } from '../cluster/effective-policy.ts';
import type { LocalitySetting } from '../input/traffic-policy.ts';
import type { Locality } from '../proxy/locality.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';

type Groups = LocalityLbEndpoints[];

const parts = ({ region, zone, subZone }: Locality): readonly string[] => [region, zone, subZone];

/** `r/z/s` with `*` for any, or fewer parts for whatever lies below. */
const matches = (locality: Locality, pattern: string): boolean => {
  const wanted = pattern.split('/');
  const actual = parts(locality);
  return wanted.every((part, index) => part === '*' || part === actual[index]);
};

const localityOf = ({ locality }: LocalityLbEndpoints): Locality =>
  locality ?? { region: '', zone: '', subZone: '' };

const withFields = (
  group: LocalityLbEndpoints,
  fields: { readonly loadBalancingWeight?: number; readonly priority?: number },
): LocalityLbEndpoints => create(LocalityLbEndpointsSchema, { ...group, ...fields });

/** Shares of `to` are split over its localities by their own weights; unnamed localities get none. */
const distribute = (groups: Groups, to: ReadonlyMap<string, number>): Groups => {
  const result: Groups = [];
  const taken = new Set<LocalityLbEndpoints>();
  for (const [pattern, share] of to) {
    const chosen = groups.filter(
      (group) => !taken.has(group) && matches(localityOf(group), pattern),
    );
    const total = chosen.reduce((sum, group) => sum + (group.loadBalancingWeight ?? 1), 0);
    for (const group of chosen) {
      taken.add(group);
      const weight = Math.ceil((share * (group.loadBalancingWeight ?? 1)) / total);
      if (weight > 0) result.push(withFields(group, { loadBalancingWeight: weight }));
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

/** Envoy wants priorities without gaps. */
const failover = (
  groups: Groups,
  client: Locality,
  setting: LocalitySetting | undefined,
): Groups => {
  const distances = groups.map((group) => distance(client, localityOf(group), setting));
  const used = [...new Set(distances)].sort((left, right) => left - right);
  return groups.map((group, index) =>
    withFields(group, { priority: used.indexOf(distances[index] ?? 0) }),
  );
};

/**
 * Istio's locality load balancing for a client: distribute by given shares, or fail over by
 * distance; the latter only with outlier detection, which is what notices a failure.
 */
export const applyLocality = (
  groups: Groups,
  proxy: OutboundClient,
  policy: EffectivePolicy,
  meshEnabled: boolean,
): Groups => {
  const setting = policy.loadBalancer?.localityLbSetting;
  if (!(setting?.enabled ?? meshEnabled) || proxy.locality.region === '') return groups;
  const rule = setting?.distribute.find(({ from }) => matches(proxy.locality, from ?? ''));
  if (rule !== undefined) return distribute(groups, rule.to);
  if (policy.outlierDetection === undefined || (setting?.distribute.length ?? 0) > 0) return groups;
  return failover(groups, proxy.locality, setting);
};
