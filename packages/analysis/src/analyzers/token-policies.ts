import { type AuthorizationPolicy, type AuthorizationRule, hasLabels } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { policyWithoutRequestAuthentication } from '../message.ts';

/** The first field of a rule that asks for a token. */
const tokenField = ({ from = [], when = [] }: AuthorizationRule): string | undefined => {
  for (const [index, { source }] of from.entries()) {
    if ((source?.requestPrincipals ?? []).length > 0) {
      return `from[${index}].source.requestPrincipals`;
    }
  }
  const index = when.findIndex(
    ({ key, values = [] }) => key.startsWith('request.auth.') && values.length > 0,
  );
  return index < 0 ? undefined : `when[${index}].key`;
};

const isCovered = (
  { namespace, labels, inMesh }: Workload,
  policy: AuthorizationPolicy,
  rootNamespace: string,
): boolean =>
  inMesh &&
  [namespace, rootNamespace].includes(namespaceOf(policy)) &&
  hasLabels(labels, policy.spec?.selector?.matchLabels ?? {});

const readsTokens = ({ namespace, labels }: Workload, context: AnalysisContext): boolean =>
  context.requestAuthentications.some(
    (one) =>
      [context.rootNamespace, namespace].includes(namespaceOf(one)) &&
      hasLabels(labels, one.spec?.selector?.matchLabels ?? {}),
  );

const checkPolicy = (policy: AuthorizationPolicy, context: AnalysisContext): readonly Finding[] => {
  const targets = context.workloads.filter((one) => isCovered(one, policy, context.rootNamespace));
  const blind = targets.find((one) => !readsTokens(one, context));
  if (blind === undefined) return [];
  return (policy.spec?.rules ?? []).flatMap((rule, index) => {
    const field = tokenField(rule);
    if (field === undefined) return [];
    const message = policyWithoutRequestAuthentication(`${blind.namespace}/${blind.name}`);
    return [finding(policy, message, `spec.rules[${index}].${field}`)];
  });
};

/** Rules about tokens need something that reads them. */
export const tokenPolicies: Analyzer = {
  name: 'auth.TokenPolicyAnalyzer',
  description: 'Checks that policies about tokens have a RequestAuthentication for their workloads',
  analyze: (context) =>
    context.authorizationPolicies
      .filter(({ spec }) => spec?.targetRef === undefined && (spec?.targetRefs ?? []).length === 0)
      .flatMap((policy) => checkPolicy(policy, context)),
};
