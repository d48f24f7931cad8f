import { type AuthorizationPolicy, hasLabels } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { selectorText } from '../context/label-text.ts';
import { type Finding, finding } from '../finding.ts';
import { noMatchingWorkloadsFound, referencedResourceNotFound } from '../message.ts';

const appliesToNothing = (policy: AuthorizationPolicy, context: AnalysisContext): boolean => {
  const selector = policy.spec?.selector;
  const namespace = namespaceOf(policy);
  const isMeshWide = namespace === context.rootNamespace;
  if (selector === undefined && isMeshWide) return false;
  return !context.workloads.some(
    (one) =>
      one.inMesh &&
      (isMeshWide || one.namespace === namespace) &&
      hasLabels(one.labels, selector?.matchLabels ?? {}),
  );
};

/** `*`, `x*`, `*x` or a name. */
const namesNamespace = (pattern: string, name: string): boolean => {
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return name.startsWith(pattern.slice(0, -1));
  return pattern.toLowerCase() === name.toLowerCase();
};

const unknownNamespaces = (
  policy: AuthorizationPolicy,
  { namespaces }: AnalysisContext,
): readonly Finding[] =>
  (policy.spec?.rules ?? []).flatMap(({ from = [] }, rule) =>
    from.flatMap(({ source }, place) =>
      (['namespaces', 'notNamespaces'] as const).flatMap((field) =>
        (source?.[field] ?? []).flatMap((pattern, index) => {
          if ([...namespaces.keys()].some((name) => namesNamespace(pattern, name))) return [];
          const path = `spec.rules[${rule}].from[${place}].source.${field}[${index}]`;
          return [finding(policy, referencedResourceNotFound('namespace', pattern), path)];
        }),
      ),
    ),
  );

/** Policies apply to something, and name namespaces that exist. */
export const authorizationPolicies: Analyzer = {
  name: 'auth.AuthorizationPoliciesAnalyzer',
  description: 'Checks the validity of authorization policies',
  analyze: (context) =>
    context.authorizationPolicies.flatMap((policy) => [
      ...((policy.spec?.targetRefs ?? []).length === 0 &&
      policy.spec?.targetRef === undefined &&
      appliesToNothing(policy, context)
        ? [
            finding(
              policy,
              noMatchingWorkloadsFound(selectorText(policy.spec?.selector?.matchLabels)),
              policy.spec?.selector === undefined ? 'metadata.name' : 'spec.selector',
            ),
          ]
        : []),
      ...unknownNamespaces(policy, context),
    ]),
};
