import type { KubeObject } from '../object.ts';
import type { LabelSelector } from './selector.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** rbac.authorization.k8s.io/v1 Subject. */
export interface RbacSubject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

/** rbac.authorization.k8s.io/v1 RoleRef. */
export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

/** rbac.authorization.k8s.io/v1 Role: stored, not enforced by this mesh. */
export interface Role extends KubeObject<never, never> {
  readonly rules?: readonly PolicyRule[];
}

/** rbac.authorization.k8s.io/v1 ClusterRole (cluster-scoped): stored, not enforced by this mesh. */
export interface ClusterRole extends KubeObject<never, never> {
  readonly rules?: readonly PolicyRule[];
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
}

/** rbac.authorization.k8s.io/v1 RoleBinding. */
export interface RoleBinding extends KubeObject<never, never> {
  readonly subjects?: readonly RbacSubject[];
  readonly roleRef: RoleRef;
}

/** rbac.authorization.k8s.io/v1 ClusterRoleBinding (cluster-scoped). */
export interface ClusterRoleBinding extends KubeObject<never, never> {
  readonly subjects?: readonly RbacSubject[];
  readonly roleRef: RoleRef;
}
