import type { Deployment, Pod, PodTemplateSpec, ReplicaSet } from '@lateen/api';
import { ageColumn, type Column, column, nameColumn, orNone, wide } from './column.ts';
import { selectorText } from './label-text.ts';
import { restartsText, summarizePod } from './pod-summary.ts';

const readinessGates = ({ spec, status }: Pod): string => {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(({ conditionType }) =>
    status?.conditions?.some(
      ({ type, status: state }) => type === conditionType && state === 'True',
    ),
  );
  return `${open.length}/${gates.length}`;
};

const podReady = (pod: Pod): string => {
  const { readyContainers, totalContainers } = summarizePod(pod);
  return `${readyContainers}/${totalContainers}`;
};

/** Columns of core/v1 Pod. */
export const podColumns: readonly Column[] = [
  nameColumn,
  column('Ready', podReady),
  column<Pod>('Status', (pod) => summarizePod(pod).reason),
  column<Pod>('Restarts', (pod, nowMs) => restartsText(summarizePod(pod), nowMs)),
  ageColumn,
  wide(column<Pod>('IP', ({ status }) => orNone(status?.podIPs?.[0]?.ip ?? status?.podIP))),
  wide(column<Pod>('Node', ({ spec }) => orNone(spec?.nodeName))),
  wide(column<Pod>('Nominated Node', ({ status }) => orNone(status?.nominatedNodeName))),
  wide(column('Readiness Gates', readinessGates)),
];

const templateText = (template: PodTemplateSpec | undefined, field: 'name' | 'image'): string =>
  (template?.spec?.containers ?? []).map((container) => container[field] ?? '').join(',');

const templateColumns = [
  wide(column<Deployment>('Containers', ({ spec }) => templateText(spec?.template, 'name'))),
  wide(column<Deployment>('Images', ({ spec }) => templateText(spec?.template, 'image'))),
  wide(column<Deployment>('Selector', ({ spec }) => selectorText(spec?.selector))),
];

const integer = { type: 'integer' } as const;

/** Columns of apps/v1 Deployment. */
export const deploymentColumns: readonly Column[] = [
  nameColumn,
  column<Deployment>(
    'Ready',
    ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
  ),
  column<Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0, integer),
  column<Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0, integer),
  ageColumn,
  ...templateColumns,
];

/** Columns of apps/v1 ReplicaSet. */
export const replicaSetColumns: readonly Column[] = [
  nameColumn,
  column<ReplicaSet>('Desired', ({ spec }) => spec?.replicas ?? 1, integer),
  column<ReplicaSet>('Current', ({ status }) => status?.replicas ?? 0, integer),
  column<ReplicaSet>('Ready', ({ status }) => status?.readyReplicas ?? 0, integer),
  ageColumn,
  ...templateColumns,
];
