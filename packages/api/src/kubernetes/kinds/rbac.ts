import type { ResourceKind } from '../../resource-kind.ts';
import { array, object, string, strings, withDefault } from '../../schema/combinators.ts';
import type { PolicyRule, RbacSubject, RoleRef } from '../rbac.ts';
import { labelSelectorSchema } from '../schema/part.ts';
import { coreKind } from './core-kind.ts';

const rbac = 'rbac.authorization.k8s.io';

const rules = array(
  object<PolicyRule>(
    {
      verbs: strings,
      apiGroups: strings,
      resources: strings,
      resourceNames: strings,
      nonResourceURLs: strings,
    },
    ['verbs'],
  ),
);

const bindingProperties = {
  subjects: array(
    object<RbacSubject>({ kind: string, apiGroup: string, name: string, namespace: string }, [
      'kind',
      'name',
    ]),
  ),
  roleRef: object<RoleRef>({ apiGroup: withDefault(string, rbac), kind: string, name: string }, [
    'kind',
    'name',
  ]),
} as const;

/** rbac.authorization.k8s.io/v1 Role. */
export const roleKind: ResourceKind = coreKind({
  group: rbac,
  kind: 'Role',
  plural: 'roles',
  properties: { rules },
});

/** rbac.authorization.k8s.io/v1 ClusterRole. */
export const clusterRoleKind: ResourceKind = coreKind({
  group: rbac,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  properties: {
    rules,
    aggregationRule: object<{ clusterRoleSelectors: unknown }>({
      clusterRoleSelectors: array(labelSelectorSchema),
    }),
  },
});

/** rbac.authorization.k8s.io/v1 RoleBinding. */
export const roleBindingKind: ResourceKind = coreKind({
  group: rbac,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  properties: bindingProperties,
  required: ['roleRef'],
});

/** rbac.authorization.k8s.io/v1 ClusterRoleBinding. */
export const clusterRoleBindingKind: ResourceKind = coreKind({
  group: rbac,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  properties: bindingProperties,
  required: ['roleRef'],
});
