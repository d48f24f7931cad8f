import { isWildcardHost, mostSpecificHost, resolveHost } from '@lateen/api';
import type { Config } from '../input/config.ts';
import type { DestinationRule, Subset } from '../input/destination-rule.ts';
import type { TrafficPolicy } from '../input/traffic-policy.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import { selects } from '../registry/workload.ts';
import { configPath } from './config-path.ts';
import { isExportedTo, isPrivate } from './visibility.ts';

/** DestinationRules for one host and one visibility, merged. */
export interface MeshDestinationRule {
  readonly host: string;
  readonly namespace: string;
  readonly exportTo: readonly string[];
  /** The oldest one's path: what cluster metadata names. */
  readonly config: string;
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
  /** Client workloads it is for; empty: all. */
  readonly workloadSelector: ReadonlyMap<string, string>;
}

/** The rules of one namespace by host. */
export interface NamespaceRules {
  readonly byHost: ReadonlyMap<string, readonly MeshDestinationRule[]>;
  /** The hosts among them that are wildcards: few, so that looking through them costs little. */
  readonly wildcards: readonly string[];
}

/** By namespace. */
export type DestinationRuleIndex = ReadonlyMap<string, NamespaceRules>;

const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((entry) => right.includes(entry));

/** The first of a name stays. */
const mergeSubsets = (older: readonly Subset[], newer: readonly Subset[]): readonly Subset[] => {
  const byName = new Map<string | undefined, Subset>();
  for (const subset of [...older, ...newer]) {
    if (!byName.has(subset.name)) byName.set(subset.name, subset);
  }
  return [...byName.values()];
};

/** Subsets add up, the older of a name winning; the oldest traffic policy is kept. */
const addRule = (
  rules: readonly MeshDestinationRule[],
  rule: MeshDestinationRule,
): MeshDestinationRule[] => {
  const existing = rules.find(
    (other) =>
      other.workloadSelector.size === 0 &&
      rule.workloadSelector.size === 0 &&
      sameSet(other.exportTo, rule.exportTo),
  );
  if (existing === undefined) return [...rules, rule];
  const merged = {
    ...existing,
    trafficPolicy: existing.trafficPolicy ?? rule.trafficPolicy,
    subsets: mergeSubsets(existing.subsets, rule.subsets),
  };
  return rules.map((other) => (other === existing ? merged : other));
};

/** `configs`: oldest first. */
export const buildDestinationRuleIndex = (
  configs: readonly Config<DestinationRule>[],
  mesh: MeshConfig,
): DestinationRuleIndex => {
  const index = new Map<string, Map<string, MeshDestinationRule[]>>();
  for (const config of configs) {
    const { spec, namespace } = config;
    if (spec.host === undefined || spec.host === '') continue;
    const host = resolveHost(spec.host, namespace, mesh.domainSuffix);
    const byHost = index.get(namespace) ?? new Map<string, MeshDestinationRule[]>();
    index.set(namespace, byHost);
    const rule = {
      host,
      namespace,
      exportTo: spec.exportTo.length === 0 ? mesh.defaultDestinationRuleExportTo : spec.exportTo,
      config: configPath(config),
      trafficPolicy: spec.trafficPolicy,
      subsets: mergeSubsets([], spec.subsets),
      workloadSelector: spec.workloadSelector?.matchLabels ?? new Map<string, string>(),
    };
    byHost.set(host, addRule(byHost.get(host) ?? [], rule));
  }
  return new Map(
    [...index].map(([namespace, byHost]) => [
      namespace,
      { byHost, wildcards: [...byHost.keys()].filter(isWildcardHost) },
    ]),
  );
};

/** Who asks. */
export interface DestinationRuleClient {
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
}

type Accept = (rule: MeshDestinationRule) => boolean;

/** Among rules for the most specific host, one that selects this client beats one for all. */
const pick = (
  rules: NamespaceRules | undefined,
  hostname: string,
  accept: Accept,
): readonly MeshDestinationRule[] => {
  if (rules === undefined) return [];
  const { byHost, wildcards } = rules;
  const exact = byHost.get(hostname)?.filter(accept) ?? [];
  if (exact.length > 0) return exact;
  const best = mostSpecificHost(
    hostname,
    wildcards.filter((host) => byHost.get(host)?.some(accept)),
  );
  return best === undefined ? [] : (byHost.get(best)?.filter(accept) ?? []);
};

/**
 * The rule in force for a client: its own namespace's, else the service's, else the root
 * namespace's. The first namespace with a hit wins; nothing is merged across namespaces. In the
 * root namespace itself only private rules count as "own", so that mesh-wide ones stay last.
 */
export const findDestinationRule = (
  index: DestinationRuleIndex,
  service: Pick<MeshService, 'hostname' | 'namespace'>,
  client: DestinationRuleClient,
  rootNamespace: string,
): MeshDestinationRule | undefined => {
  const own: Accept =
    client.namespace === rootNamespace
      ? ({ exportTo }) => isPrivate(exportTo)
      : ({ exportTo, namespace }) => isExportedTo(exportTo, namespace, client.namespace);
  const exported: Accept = ({ exportTo, namespace }) =>
    !isPrivate(exportTo) && isExportedTo(exportTo, namespace, client.namespace);
  const steps: readonly (readonly [string, Accept])[] = [
    [client.namespace, own],
    [service.namespace, exported],
    [rootNamespace, exported],
  ];
  for (const [namespace, accept] of steps) {
    const rules = pick(index.get(namespace), service.hostname, accept).filter((rule) =>
      selects(rule.workloadSelector, namespace === client.namespace ? client.labels : new Map()),
    );
    const rule = rules.find(({ workloadSelector }) => workloadSelector.size > 0) ?? rules[0];
    if (rule !== undefined) return rule;
  }
  return undefined;
};
