import type { KindVersion, ResourceKind } from '@lateen/api';
import { leaseColumns, namespaceColumns, nodeColumns } from './cluster-columns.ts';
import type { Column } from './column.ts';
import {
  bindingColumns,
  configMapColumns,
  createdAtColumns,
  secretColumns,
  serviceAccountColumns,
  webhookConfigurationColumns,
} from './configuration-columns.ts';
import { declaredColumns } from './declared-columns.ts';
import { eventColumns } from './event-columns.ts';
import { endpointSliceColumns, endpointsColumns, serviceColumns } from './service-columns.ts';
import { deploymentColumns, podColumns, replicaSetColumns } from './workload-columns.ts';

const builtinColumns: ReadonlyMap<string, readonly Column[]> = new Map([
  ['/namespaces', namespaceColumns],
  ['/nodes', nodeColumns],
  ['/pods', podColumns],
  ['/services', serviceColumns],
  ['/endpoints', endpointsColumns],
  ['/events', eventColumns],
  ['/serviceaccounts', serviceAccountColumns],
  ['/configmaps', configMapColumns],
  ['/secrets', secretColumns],
  ['apps/deployments', deploymentColumns],
  ['apps/replicasets', replicaSetColumns],
  ['extensions/deployments', deploymentColumns],
  ['discovery.k8s.io/endpointslices', endpointSliceColumns],
  ['events.k8s.io/events', eventColumns],
  ['coordination.k8s.io/leases', leaseColumns],
  ['apiextensions.k8s.io/customresourcedefinitions', createdAtColumns],
  ['rbac.authorization.k8s.io/roles', createdAtColumns],
  ['rbac.authorization.k8s.io/clusterroles', createdAtColumns],
  ['rbac.authorization.k8s.io/rolebindings', bindingColumns],
  ['rbac.authorization.k8s.io/clusterrolebindings', bindingColumns],
  ['admissionregistration.k8s.io/mutatingwebhookconfigurations', webhookConfigurationColumns],
  ['admissionregistration.k8s.io/validatingwebhookconfigurations', webhookConfigurationColumns],
]);

/** Declared columns compile their paths once a version; a changed CRD brings new version objects. */
const compiled = new WeakMap<KindVersion, readonly Column[]>();

const compiledColumns = (version: KindVersion): readonly Column[] => {
  const known = compiled.get(version);
  if (known !== undefined) return known;
  const columns = declaredColumns(version.printerColumns);
  compiled.set(version, columns);
  return columns;
};

/** The columns `kubectl get` shows of a kind in one of its versions. */
export const kindColumns = (kind: ResourceKind, version: string): readonly Column[] => {
  const builtin = builtinColumns.get(`${kind.group}/${kind.plural}`);
  if (builtin !== undefined) return builtin;
  const declared = kind.versions.find(({ name }) => name === version) ?? kind.versions[0];
  return declared === undefined ? declaredColumns() : compiledColumns(declared);
};
