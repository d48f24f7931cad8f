import type {
  ConfigMap,
  MutatingWebhookConfiguration,
  RbacSubject,
  RoleBinding,
  Secret,
  ServiceAccount,
} from '@lateen/api';
import { ageColumn, type Column, column, createdAtColumn, nameColumn, wide } from './column.ts';

const countOf = (entries: object | undefined): number => Object.keys(entries ?? {}).length;
const integer = { type: 'integer' } as const;

/** Columns of core/v1 ConfigMap. */
export const configMapColumns: readonly Column[] = [
  nameColumn,
  column<ConfigMap>('Data', ({ data, binaryData }) => countOf(data) + countOf(binaryData), integer),
  ageColumn,
];

/** Columns of core/v1 Secret. */
export const secretColumns: readonly Column[] = [
  nameColumn,
  column<Secret>('Type', ({ type }) => type ?? 'Opaque'),
  column<Secret>('Data', ({ data }) => countOf(data), integer),
  ageColumn,
];

/** Columns of core/v1 ServiceAccount. */
export const serviceAccountColumns: readonly Column[] = [
  nameColumn,
  column<ServiceAccount>('Secrets', ({ secrets }) => secrets?.length ?? 0, integer),
  ageColumn,
];

/** Columns of rbac Role and ClusterRole, and of CustomResourceDefinition. */
export const createdAtColumns: readonly Column[] = [nameColumn, createdAtColumn];

const subjects = (kind: RbacSubject['kind']) => (binding: RoleBinding) =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');

/** Columns of rbac RoleBinding and ClusterRoleBinding. */
export const bindingColumns: readonly Column[] = [
  nameColumn,
  column<RoleBinding>('Role', ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`),
  ageColumn,
  wide(column('Users', subjects('User'))),
  wide(column('Groups', subjects('Group'))),
  wide(column('ServiceAccounts', subjects('ServiceAccount'))),
];

/** Columns of both admissionregistration webhook configurations. */
export const webhookConfigurationColumns: readonly Column[] = [
  nameColumn,
  column<MutatingWebhookConfiguration>(
    'Webhooks',
    ({ webhooks }) => webhooks?.length ?? 0,
    integer,
  ),
  ageColumn,
];
