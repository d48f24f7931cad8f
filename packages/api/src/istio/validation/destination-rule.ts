import type { DestinationRuleSpec, Subset } from '../destination-rule.ts';
import { checkExportTo, checkHost, checkLabels, checkSelectorLabels, isDnsLabel } from './field.ts';
import { duplicate, type Findings, forEachItem, ifPresent, invalid, missing } from './finding.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';

const checkSubset = (subset: Subset, path: string): Findings => [
  ...(isDnsLabel(subset.name)
    ? []
    : [invalid(`${path}.name`, `"${subset.name}" is not a valid subset name`)]),
  ...checkLabels(subset.labels, `${path}.labels`),
  ...ifPresent(subset.trafficPolicy, (one) => checkTrafficPolicy(one, `${path}.trafficPolicy`)),
];

/** A DestinationRule: host, policies, and subsets with names of their own. */
export const checkDestinationRule = (spec: DestinationRuleSpec): Findings => {
  const { host, subsets = [], trafficPolicy, workloadSelector } = spec;
  const names = subsets.map((subset) => subset.name);
  return [
    ...(host === ''
      ? [missing('spec.host', 'name the service the rule is about')]
      : checkHost(host, 'spec.host')),
    ...ifPresent(trafficPolicy, (one) => checkTrafficPolicy(one, 'spec.trafficPolicy')),
    ...forEachItem(subsets, 'spec.subsets', (subset, path, index) => [
      ...(names.indexOf(subset.name) < index
        ? [duplicate(`${path}.name`, `duplicate subset name "${subset.name}"`)]
        : []),
      ...checkSubset(subset, path),
    ]),
    ...checkExportTo(spec.exportTo, 'spec.exportTo'),
    ...checkSelectorLabels(workloadSelector?.matchLabels, 'spec.workloadSelector.matchLabels'),
  ];
};
