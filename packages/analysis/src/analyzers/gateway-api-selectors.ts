import { hasLabels, type KubeObject, type PolicyTarget } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { type Finding, finding } from '../finding.ts';
import { ineffectiveSelector } from '../message.ts';

const gatewayLabel = 'gateway.networking.k8s.io/gateway-name';

const checkPolicy = (
  policy: KubeObject<PolicyTarget>,
  { workloads }: AnalysisContext,
): readonly Finding[] => {
  const { selector, targetRef, targetRefs = [] } = policy.spec ?? {};
  if (selector === undefined || targetRef !== undefined || targetRefs.length > 0) return [];
  return workloads.flatMap(({ labels, namespace }) => {
    const gateway = labels[gatewayLabel];
    const isMeant =
      gateway !== undefined &&
      namespace === namespaceOf(policy) &&
      hasLabels(labels, selector.matchLabels ?? {});
    return isMeant ? [finding(policy, ineffectiveSelector(gateway), 'spec.selector')] : [];
  });
};

/** Pods of a Kubernetes Gateway are reached by reference, not by labels. */
export const gatewayApiSelectors: Analyzer = {
  name: 'k8sgateway.SelectorAnalyzer',
  description: 'Check that selectors are effective for Kubernetes gateway',
  analyze: (context) =>
    [
      ...context.authorizationPolicies,
      ...context.requestAuthentications,
      ...context.telemetries,
      ...context.wasmPlugins,
    ].flatMap((policy) => checkPolicy(policy, context)),
};
