import { hasLabels, type PeerAuthentication, type RequestAuthentication } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { selectorText } from '../context/label-text.ts';
import { isForNamespace, oldestFirst, selectsWorkload } from '../context/peer-modes.ts';
import { type Finding, finding } from '../finding.ts';
import { conflictingPeerAuthentications, noMatchingWorkloadsFound } from '../message.ts';

const withoutWorkloads = (
  policy: PeerAuthentication | RequestAuthentication,
  context: AnalysisContext,
): readonly Finding[] => {
  const labels = policy.spec?.selector?.matchLabels;
  if (labels === undefined || Object.keys(labels).length === 0) return [];
  const place = namespaceOf(policy);
  const found = context.workloads.some(
    (one) =>
      one.inMesh &&
      (place === context.rootNamespace || one.namespace === place) &&
      hasLabels(one.labels, labels),
  );
  if (found) return [];
  return [finding(policy, noMatchingWorkloadsFound(selectorText(labels)), 'spec.selector')];
};

const namesOf = (policies: readonly PeerAuthentication[]): readonly string[] =>
  policies.map(({ metadata }) => metadata.name);

/** All of a group, when there are several: the oldest is in force. */
const conflict = (group: readonly PeerAuthentication[], what: string): readonly Finding[] => {
  if (group.length < 2) return [];
  const [oldest, ...others] = oldestFirst(group);
  if (oldest === undefined) return [];
  const message = conflictingPeerAuthentications(namesOf(group), what, oldest.metadata.name);
  return others.map((one) => finding(one, message, 'metadata.name'));
};

const conflicts = (context: AnalysisContext): readonly Finding[] => {
  const { peerAuthentications: all } = context;
  const wide = Map.groupBy(all.filter(isForNamespace), namespaceOf);
  return [
    ...[...wide].flatMap(([namespace, group]) =>
      conflict(group, namespace === context.rootNamespace ? 'the mesh' : `namespace ${namespace}`),
    ),
    ...context.workloads.flatMap((workload) =>
      conflict(
        all.filter((one) => selectsWorkload(one, workload)),
        `workload ${workload.namespace}/${workload.name}`,
      ),
    ),
  ];
};

/** Authentication policies apply to something, and only one to each thing. */
export const peerAuthentications: Analyzer = {
  name: 'auth.PeerAuthenticationAnalyzer',
  description: 'Checks that authentication policies select workloads and do not contradict',
  analyze: (context) => [
    ...[...context.peerAuthentications, ...context.requestAuthentications].flatMap((one) =>
      withoutWorkloads(one, context),
    ),
    ...conflicts(context),
  ],
};
