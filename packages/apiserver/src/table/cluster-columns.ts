import type { Lease, Namespace, Node } from '@lateen/api';
import { ageColumn, type Column, column, nameColumn, orNone, wide } from './column.ts';

/** Columns of core/v1 Namespace. */
export const namespaceColumns: readonly Column[] = [
  nameColumn,
  column<Namespace>('Status', ({ status }) => status?.phase ?? 'Active'),
  ageColumn,
];

const nodeStatus = ({ spec, status }: Node): string => {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
};

const rolePrefix = 'node-role.kubernetes.io/';

const nodeRoles = ({ metadata }: Node): string => {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  return orNone([...new Set(roles.filter((role) => role !== ''))].sort().join(','));
};

const nodeAddress =
  (wanted: string) =>
  ({ status }: Node): string =>
    orNone(status?.addresses?.find(({ type }) => type === wanted)?.address);

const orUnknown = (text: string | undefined): string =>
  text === undefined || text === '' ? '<unknown>' : text;

/** Columns of core/v1 Node. */
export const nodeColumns: readonly Column[] = [
  nameColumn,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  ageColumn,
  column<Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
  wide(column('Internal-IP', nodeAddress('InternalIP'))),
  wide(column('External-IP', nodeAddress('ExternalIP'))),
  wide(column<Node>('OS-Image', ({ status }) => orUnknown(status?.nodeInfo?.osImage))),
  wide(column<Node>('Kernel-Version', ({ status }) => orUnknown(status?.nodeInfo?.kernelVersion))),
  wide(
    column<Node>('Container-Runtime', ({ status }) =>
      orUnknown(status?.nodeInfo?.containerRuntimeVersion),
    ),
  ),
];

/** Columns of coordination.k8s.io/v1 Lease. */
export const leaseColumns: readonly Column[] = [
  nameColumn,
  column<Lease>('Holder', ({ spec }) => spec?.holderIdentity ?? ''),
  ageColumn,
];
