import { hasLabels, type Telemetry } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { namespaceOf } from '../context/analysis-context.ts';
import { firstLabel, selectorText } from '../context/label-text.ts';
import type { Workload } from '../context/workload.ts';
import { finding } from '../finding.ts';
import {
  conflictingTelemetryWorkloadSelectors,
  multipleTelemetriesWithoutWorkloadSelectors,
  referencedResourceNotFound,
} from '../message.ts';

const namesOf = (telemetries: readonly Telemetry[]): readonly string[] =>
  telemetries.map(({ metadata }) => metadata.name);

const labelsOf = ({ spec }: Telemetry): Readonly<Record<string, string>> =>
  spec?.selector?.matchLabels ?? {};

const refersToGateways = ({ spec }: Telemetry): boolean =>
  (spec?.targetRefs ?? []).length > 0 || spec?.targetRef !== undefined;

const selects = (telemetry: Telemetry, { labels, namespace }: Workload): boolean =>
  namespaceOf(telemetry) === namespace && hasLabels(labels, labelsOf(telemetry));

/** Telemetry with a selector selects something, each pod at most one. */
export const telemetrySelectors: Analyzer = {
  name: 'telemetry.SelectorAnalyzer',
  description:
    "Validates that telemetries that define a selector match at least one pod, and that there aren't multiple telemetry resources that select overlapping pods",
  analyze: ({ telemetries, workloads }) => {
    const selective = telemetries.filter((one) => Object.keys(labelsOf(one)).length > 0);
    const lost = selective.filter((one) => !workloads.some((workload) => selects(one, workload)));
    return [
      ...lost.map((one) => {
        const labels = labelsOf(one);
        const path = `spec.selector.matchLabels[${firstLabel(labels) ?? ''}]`;
        return finding(one, referencedResourceNotFound('selector', selectorText(labels)), path);
      }),
      ...workloads.flatMap((workload) => {
        const group = selective.filter((one) => selects(one, workload));
        if (group.length < 2) return [];
        const { namespace, name } = workload;
        const message = conflictingTelemetryWorkloadSelectors(namesOf(group), namespace, name);
        return group.map((one) => finding(one, message, 'metadata.name'));
      }),
    ];
  },
};

/** At most one Telemetry of a namespace is for all its pods. */
export const telemetryDefaults: Analyzer = {
  name: 'telemetry.DefaultSelectorAnalyzer',
  description: "Validates that there aren't multiple telemetry resources that have no selector",
  analyze: ({ telemetries }) => {
    const wide = telemetries.filter(
      (one) => one.spec?.selector === undefined && !refersToGateways(one),
    );
    return [...Map.groupBy(wide, namespaceOf)].flatMap(([namespace, group]) => {
      if (group.length < 2) return [];
      const message = multipleTelemetriesWithoutWorkloadSelectors(namesOf(group), namespace);
      return group.map((one) => finding(one, message, 'metadata.name'));
    });
  },
};
