import {
  type AuthorizationOperation,
  type AuthorizationPolicy,
  type AuthorizationSource,
  hasLabels,
} from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { isStrict } from '../context/peer-modes.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { denyRuleGap } from '../message.ts';
import { missedVariants, type PathVariant, patternMatches } from './path-variant.ts';

interface Place {
  readonly policy: AuthorizationPolicy;
  readonly path: string;
}

const variantText = ({ path, why, closedBy }: PathVariant): string =>
  `${path} (${why}${closedBy === undefined ? '' : `; pathNormalization ${closedBy} closes it`})`;

const pathGaps = (
  patterns: readonly string[],
  { policy, path }: Place,
  { pathNormalization }: AnalysisContext,
): readonly Finding[] =>
  patterns.flatMap((pattern, index) => {
    const missed = missedVariants(pattern, patterns, pathNormalization);
    if (missed.length === 0) return [];
    const text = missed.map(variantText).join(', ');
    return [finding(policy, denyRuleGap(`path ${pattern}`, text), `${path}[${index}]`)];
  });

/** A port in the Host header makes it another text. */
const hostGaps = (hosts: readonly string[], { policy, path }: Place): readonly Finding[] =>
  hosts.flatMap((host, index) => {
    if (host.includes(':') || host.endsWith('*')) return [];
    const withPort = `${host.replace(/^\*/, 'a')}:80`;
    if (hosts.some((one) => patternMatches(one, withPort))) return [];
    const text = `${host}:80 (a port in the Host header; "${host}:*" closes it)`;
    return [finding(policy, denyRuleGap(`host ${host}`, text), `${path}[${index}]`)];
  });

/** What a rule refuses: of a DENY rule what it names, of an ALLOW rule what it leaves out. */
const fieldsOf = ({ spec }: AuthorizationPolicy) => {
  if (spec?.action === 'DENY') return { paths: 'paths', hosts: 'hosts' } as const;
  const isAllow = spec?.action === undefined || spec.action === 'ALLOW';
  return isAllow ? ({ paths: 'notPaths', hosts: 'notHosts' } as const) : undefined;
};

const operationGaps = (
  operation: AuthorizationOperation,
  place: Place,
  context: AnalysisContext,
): readonly Finding[] => {
  const fields = fieldsOf(place.policy);
  if (fields === undefined) return [];
  const at = (field: string): Place => ({ ...place, path: `${place.path}.${field}` });
  return [
    ...pathGaps(operation[fields.paths] ?? [], at(fields.paths), context),
    ...hostGaps(operation[fields.hosts] ?? [], at(fields.hosts)),
  ];
};

const isCovered = (
  { namespace, labels, inMesh }: Workload,
  policy: AuthorizationPolicy,
  { rootNamespace }: AnalysisContext,
): boolean =>
  inMesh &&
  [namespace, rootNamespace].includes(namespaceOf(policy)) &&
  hasLabels(labels, policy.spec?.selector?.matchLabels ?? {});

const identityFields = ['principals', 'namespaces', 'serviceAccounts', 'trustDomains'] as const;

/** Who has no certificate has no identity that a DENY rule could name. */
const identityGaps = (
  source: AuthorizationSource,
  { policy, path }: Place,
  context: AnalysisContext,
): readonly Finding[] => {
  if (policy.spec?.action !== 'DENY') return [];
  const open = context.workloads.filter(
    (one) => isCovered(one, policy, context) && !isStrict(one, context),
  );
  const [first] = open;
  if (first === undefined) return [];
  return identityFields.flatMap((field) => {
    if ((source[field] ?? []).length === 0) return [];
    const text = `a client in plaintext, which has no identity and which ${first.namespace}/${first.name} takes (PeerAuthentication STRICT closes it)`;
    return [finding(policy, denyRuleGap(`${field} of a client`, text), `${path}.${field}`)];
  });
};

const policyGaps = (policy: AuthorizationPolicy, context: AnalysisContext): readonly Finding[] =>
  (policy.spec?.rules ?? []).flatMap(({ to = [], from = [] }, rule) => [
    ...to.flatMap(({ operation = {} }, index) =>
      operationGaps(
        operation,
        { policy, path: `spec.rules[${rule}].to[${index}].operation` },
        context,
      ),
    ),
    ...from.flatMap(({ source = {} }, index) =>
      identityGaps(source, { policy, path: `spec.rules[${rule}].from[${index}].source` }, context),
    ),
  ]);

/** What is refused by name cannot be had by another name. */
export const denyGaps: Analyzer = {
  name: 'auth.DenyGapAnalyzer',
  description: 'Checks whether what policies refuse can be written in a way they do not match',
  analyze: (context) =>
    context.authorizationPolicies.flatMap((policy) => policyGaps(policy, context)),
};
