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

const checkSubsets = (
  rule: DestinationRule,
  { workloadLabels, endpointLabels }: RegisteredHost,
  labelsOfAll: readonly Labels[],
): readonly Finding[] =>
  (rule.spec.subsets ?? []).flatMap(({ name, labels = {} }, index) => {
    const wanted = { ...workloadLabels, ...labels };
    const selects =
      labelsOfAll.some((one) => hasLabels(one, wanted)) ||
      endpointLabels.some((one) => hasLabels(one, labels));
    const path = `spec.subsets[${index}]`;
    return selects ? [] : [finding(rule, destinationRuleSubsetNotSelectPods(name), path)];
  });

/** A DestinationRule's host exists and its subsets select something. */
export const destinationRuleSubsets: Analyzer = {
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  description: 'Checks if pods are selected by subsets in destination rules.',
  analyze: (context) => {
    const labelsOfAll = candidates(context);
    return context.destinationRules.flatMap((rule) => {
      const host = context.hosts.find(rule.spec.host, namespaceOf(rule));
      return host === undefined
        ? [finding(rule, unknownDestinationRuleHost(rule.spec.host), 'spec.host')]
        : checkSubsets(rule, host, labelsOfAll);
    });
  },
};
