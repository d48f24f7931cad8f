import type {
  ClusterRole,
  ClusterRoleBinding,
  KubeObject,
  PolicyRule,
  RbacSubject,
  Role,
  RoleBinding,
} from '@lateen/api';
import type { ObjectStore } from '../store/object-store.ts';
import type { UserInfo } from './authentication.ts';
import type { AccessAttributes, Authorizer } from './authorization.ts';

const prefixOf = (plural: string): string => `/rbac.authorization.k8s.io/${plural}/`;

const covers = (list: readonly string[] | undefined, value: string): boolean =>
  list?.some((one) => one === '*' || one === value) === true;

/** `nonResourceURLs`: the path itself, all paths, or all below one (`/debug/*`). */
const coversPath = (list: readonly string[] | undefined, path: string): boolean =>
  list?.some(
    (one) =>
      one === '*' || one === path || (one.endsWith('*') && path.startsWith(one.slice(0, -1))),
  ) === true;

/** Whether a rule of a role allows it (Kubernetes' `RuleAllows`). */
const ruleAllows = (rule: PolicyRule, attributes: AccessAttributes): boolean => {
  const { verb, group, plural, subresource, name, path } = attributes;
  if (path !== undefined) return covers(rule.verbs, verb) && coversPath(rule.nonResourceURLs, path);
  const { verbs, apiGroups, resources, resourceNames = [] } = rule;
  const isNamed =
    resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
  if (!covers(verbs, verb) || !covers(apiGroups, group) || !isNamed) return false;
  if (subresource === undefined) return covers(resources, plural);
  return (
    covers(resources, `${plural}/${subresource}`) ||
    resources?.includes(`*/${subresource}`) === true
  );
};

const isSubject = (
  { kind, name, namespace }: RbacSubject,
  user: UserInfo,
  bindingNamespace: string | undefined,
): boolean => {
  if (kind === 'User') return name === user.username;
  if (kind === 'Group') return user.groups.includes(name);
  const place = namespace ?? bindingNamespace;
  return kind === 'ServiceAccount' && user.username === `system:serviceaccount:${place}:${name}`;
};

type Binding = RoleBinding | ClusterRoleBinding;

/** Roles and bindings of a store, read again after one of them changed. */
class RoleIndex {
  readonly #store: ObjectStore;
  #bindings: readonly Binding[] | undefined;

  constructor(store: ObjectStore) {
    this.#store = store;
    store.subscribe(({ key }) => {
      if (key.startsWith('/rbac.authorization.k8s.io/')) this.#bindings = undefined;
    });
  }

  /** Bindings that count in a namespace; only cluster-wide ones where there is none. */
  bindings(namespace: string | undefined): readonly Binding[] {
    this.#bindings ??= [
      ...this.#list<ClusterRoleBinding>('clusterrolebindings'),
      ...this.#list<RoleBinding>('rolebindings'),
    ];
    return this.#bindings.filter(
      ({ metadata }) => metadata.namespace === undefined || metadata.namespace === namespace,
    );
  }

  rules({ roleRef, metadata }: Binding): readonly PolicyRule[] {
    const key =
      roleRef.kind === 'ClusterRole'
        ? `${prefixOf('clusterroles')}/${roleRef.name}`
        : `${prefixOf('roles')}${metadata.namespace}/${roleRef.name}`;
    return (this.#store.get(key) as Role | ClusterRole | undefined)?.rules ?? [];
  }

  #list<T extends KubeObject>(plural: string): readonly T[] {
    return this.#store.list(prefixOf(plural)) as readonly T[];
  }
}

/**
 * Kubernetes' RBAC over the Roles, ClusterRoles and bindings in the store: nothing is allowed that no
 * rule allows. Aggregated cluster roles are not followed.
 */
export const roleAuthorizer = (store: ObjectStore): Authorizer => {
  const index = new RoleIndex(store);
  return (attributes) => ({
    allowed: index
      .bindings(attributes.namespace)
      .some(
        (binding) =>
          binding.subjects?.some((subject) =>
            isSubject(subject, attributes.user, binding.metadata.namespace),
          ) === true && index.rules(binding).some((rule) => ruleAllows(rule, attributes)),
      ),
  });
};

/** Allows what one of them allows; the reason of a refusal is the last one's. */
export const anyAuthorizer =
  (...authorizers: readonly Authorizer[]): Authorizer =>
  (attributes) => {
    let decision: ReturnType<Authorizer> = { allowed: false };
    for (const authorizer of authorizers) {
      decision = authorizer(attributes);
      if (decision.allowed) return decision;
    }
    return decision;
  };
