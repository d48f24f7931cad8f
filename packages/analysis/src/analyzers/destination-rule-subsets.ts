import { type DestinationRule, hasLabels, type Labels } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import type { RegisteredHost } from '../context/host-registry.ts';
import { type Finding, finding } from '../finding.ts';
import { destinationRuleSubsetNotSelectPods, unknownDestinationRuleHost } from '../message.ts';

const topologyLabels = [
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
] as const;

const hostnameLabel = 'kubernetes.io/hostname';

/** What the registry adds to an endpoint's labels from its node. */
const nodeLabels = (nodeName: string | undefined, context: AnalysisContext): Labels => {
  const labels = nodeName === undefined ? undefined : context.nodes.get(nodeName)?.metadata.labels;
  if (nodeName === undefined || labels === undefined) return {};
  const known = topologyLabels.filter((key) => Object.hasOwn(labels, key));
  return {
    ...Object.fromEntries(known.map((key) => [key, labels[key] ?? ''])),
    [hostnameLabel]: nodeName,
  };
};

/** Labels of everything a subset could select. */
const candidates = (context: AnalysisContext): readonly Labels[] => [
  ...context.workloads.map(({ labels, nodeName }) => ({
    ...labels,
    ...nodeLabels(nodeName, context),
  })),
  ...context.workloadEntries.map(({ metadata, spec }) => ({ ...metadata.labels, ...spec.labels })),
];

/** Says whether anything carries all of some labels, looking only at what carries the rarest of them. */
const labelIndex = (all: readonly Labels[]): ((wanted: Labels) => boolean) => {
  const byPair = new Map<string, Labels[]>();
  for (const labels of all)
    for (const pair of Object.entries(labels)) {
      const key = JSON.stringify(pair);
      const bucket = byPair.get(key);
      if (bucket === undefined) byPair.set(key, [labels]);
      else bucket.push(labels);
    }
  return (wanted) => {
    const buckets = Object.entries(wanted).map((pair) => byPair.get(JSON.stringify(pair)) ?? []);
    const rarest = buckets.reduce((a, b) => (b.length < a.length ? b : a), buckets[0] ?? all);
    return rarest.some((labels) => hasLabels(labels, wanted));
  };
};

const checkSubsets = (
  rule: DestinationRule,
  { workloadLabels, endpointLabels }: RegisteredHost,
  isCarried: (wanted: Labels) => boolean,
): readonly Finding[] =>
  (rule.spec.subsets ?? []).flatMap(({ name, labels = {} }, index) => {
    const wanted = { ...workloadLabels, ...labels };
    const selects = isCarried(wanted) || endpointLabels.some((one) => hasLabels(one, labels));
    const path = `spec.subsets[${index}]`;
    return selects ? [] : [finding(rule, destinationRuleSubsetNotSelectPods(name), path)];
  });

/** A DestinationRule's host exists and its subsets select something. */
export const destinationRuleSubsets: Analyzer = {
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  description: 'Checks if pods are selected by subsets in destination rules.',
  analyze: (context) => {
    const isCarried = labelIndex(candidates(context));
    return context.destinationRules.flatMap((rule) => {
      const host = context.hosts.find(rule.spec.host, namespaceOf(rule));
      return host === undefined
        ? [finding(rule, unknownDestinationRuleHost(rule.spec.host), 'spec.host')]
        : checkSubsets(rule, host, isCarried);
    });
  },
};
