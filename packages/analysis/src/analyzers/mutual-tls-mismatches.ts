import {
  type DestinationRule,
  hasLabels,
  resolveHost,
  type Service,
  type TrafficPolicy,
} from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { peerModeOf } from '../context/peer-modes.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { mutualTlsMismatch } from '../message.ts';

/** Whether a rule for one host, or for all below a wildcard, is about a service. */
const isAbout = (rule: DestinationRule, { metadata }: Service): boolean => {
  const own = resolveHost(metadata.name, metadata.namespace ?? '');
  const named = resolveHost(rule.spec.host, namespaceOf(rule));
  return named.startsWith('*') ? own.endsWith(named.slice(1)) : own === named;
};

const workloadsOf = (
  { metadata, spec }: Service,
  { workloads }: AnalysisContext,
): readonly Workload[] => {
  const selector = spec?.selector ?? {};
  if (Object.keys(selector).length === 0) return [];
  return workloads.filter(
    ({ namespace, labels }) => namespace === metadata.namespace && hasLabels(labels, selector),
  );
};

/** What a client that does as told gets; undefined: an answer. */
const mismatch = (mode: string | undefined, peerMode: string): string | undefined => {
  if (mode === 'ISTIO_MUTUAL') return peerMode === 'DISABLE' ? 'takes plaintext only' : undefined;
  if (mode === undefined || peerMode !== 'STRICT') return undefined;
  return 'takes mutual TLS of the mesh only';
};

interface TlsUse {
  readonly policy: TrafficPolicy | undefined;
  readonly path: string;
}

const checkUse = (
  rule: DestinationRule,
  { policy, path }: TlsUse,
  context: AnalysisContext,
): readonly Finding[] => {
  const mode = policy?.tls?.mode;
  if (policy?.tls === undefined) return [];
  for (const workload of context.services
    .filter((service) => isAbout(rule, service))
    .flatMap((service) => workloadsOf(service, context))) {
    const peerMode = peerModeOf(workload, context);
    const problem = mismatch(mode ?? 'DISABLE', peerMode);
    if (problem === undefined) continue;
    const name = `${workload.namespace}/${workload.name}`;
    const message = mutualTlsMismatch(mode ?? 'DISABLE', name, problem, peerMode);
    return [finding(rule, message, `${path}.tls.mode`)];
  }
  return [];
};

/** What clients are told to speak is what the workloads take. */
export const mutualTlsMismatches: Analyzer = {
  name: 'destinationrule.MutualTlsAnalyzer',
  description: 'Checks that TLS of destination rules goes with the PeerAuthentication of workloads',
  analyze: (context) =>
    context.destinationRules.flatMap((rule) => {
      const { trafficPolicy, subsets = [] } = rule.spec;
      const uses: readonly TlsUse[] = [
        { policy: trafficPolicy, path: 'spec.trafficPolicy' },
        ...subsets.map((subset, index) => ({
          policy: subset.trafficPolicy,
          path: `spec.subsets[${index}].trafficPolicy`,
        })),
      ];
      return uses.flatMap((use) => checkUse(rule, use, context));
    }),
};
