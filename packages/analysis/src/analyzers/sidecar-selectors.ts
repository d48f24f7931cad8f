import { hasLabels, type Sidecar } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { firstLabel, selectorText } from '../context/label-text.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import {
  conflictingSidecarWorkloadSelectors,
  multipleSidecarsWithoutWorkloadSelectors,
  referencedResourceNotFound,
} from '../message.ts';

const names = (sidecars: readonly Sidecar[]): readonly string[] =>
  sidecars.map(({ metadata }) => metadata.name);

const hasSelector = ({ spec }: Sidecar): boolean =>
  Object.keys(spec?.workloadSelector?.labels ?? {}).length > 0;

const selectsWorkload = (sidecar: Sidecar, { labels, namespace }: Workload): boolean =>
  namespaceOf(sidecar) === namespace &&
  hasLabels(labels, sidecar.spec?.workloadSelector?.labels ?? {});

const withoutPods = (sidecars: readonly Sidecar[], context: AnalysisContext): readonly Finding[] =>
  sidecars
    .filter((sidecar) => !context.workloads.some((one) => selectsWorkload(sidecar, one)))
    .map((sidecar) => {
      const labels = sidecar.spec?.workloadSelector?.labels;
      const path = `spec.workloadSelector.labels[${firstLabel(labels) ?? ''}]`;
      return finding(sidecar, referencedResourceNotFound('selector', selectorText(labels)), path);
    });

const onSamePod = (sidecars: readonly Sidecar[], context: AnalysisContext): readonly Finding[] =>
  context.workloads.flatMap((workload) => {
    const both = sidecars.filter((sidecar) => selectsWorkload(sidecar, workload));
    if (both.length < 2) return [];
    const message = conflictingSidecarWorkloadSelectors(
      names(both),
      workload.namespace,
      workload.name,
    );
    return both.map((sidecar) => finding(sidecar, message, 'metadata.name'));
  });

/** Sidecars with a selector select something, each pod at most one. */
export const sidecarSelectors: Analyzer = {
  name: 'sidecar.SelectorAnalyzer',
  description:
    "Validates that sidecars that define a workload selector match at least one pod, and that there aren't multiple sidecar resources that select overlapping pods",
  analyze: (context) => {
    const sidecars = context.sidecars.filter(hasSelector);
    return [...withoutPods(sidecars, context), ...onSamePod(sidecars, context)];
  },
};

/** At most one Sidecar of a namespace is for all its pods. */
export const sidecarDefaults: Analyzer = {
  name: 'sidecar.DefaultSelectorAnalyzer',
  description: "Validates that there aren't multiple sidecar resources that have no selector",
  analyze: ({ sidecars }) => {
    const groups = Map.groupBy(
      sidecars.filter(({ spec }) => spec?.workloadSelector === undefined),
      namespaceOf,
    );
    return [...groups].flatMap(([namespace, group]) =>
      group.length < 2
        ? []
        : group.map((sidecar) =>
            finding(
              sidecar,
              multipleSidecarsWithoutWorkloadSelectors(names(group), namespace),
              'metadata.name',
            ),
          ),
    );
  },
};
