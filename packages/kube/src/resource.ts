import { istioKinds, type ResourceKind } from '@lateen/api';

/** Which collection a call is about: `/apis/apps/v1/.../deployments`. */
export interface Resource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** The preferred version of a kind, or the one named. */
export const resourceOf = (kind: ResourceKind, version?: string): Resource => ({
  group: kind.group,
  version: version ?? kind.versions[0]?.name ?? kind.storageVersion,
  plural: kind.plural,
  kind: kind.kind,
  namespaced: kind.namespaced,
});

/** `v1`, `networking.istio.io/v1`: as objects have it. */
export const apiVersionOf = ({ group, version }: Resource): string =>
  group === '' ? version : `${group}/${version}`;

/** What of a collection a path leads to. */
export interface ResourcePathParts {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** Path of a collection, an object or a subresource; every part is percent-encoded. */
export const resourcePath = (resource: Resource, parts: ResourcePathParts = {}): string => {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope =
    resource.namespaced && parts.namespace !== undefined
      ? `/namespaces/${encodeURIComponent(parts.namespace)}`
      : '';
  const name = parts.name === undefined ? '' : `/${encodeURIComponent(parts.name)}`;
  const sub = parts.subresource === undefined ? '' : `/${parts.subresource}`;
  return `${root}/${resource.version}${scope}/${resource.plural}${name}${sub}`;
};

const core = (plural: string, kind: string, namespaced = true): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

const rbac = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** Names of `resources`. */
export type BuiltinResource =
  | 'namespaces'
  | 'nodes'
  | 'pods'
  | 'services'
  | 'serviceAccounts'
  | 'configMaps'
  | 'secrets'
  | 'endpoints'
  | 'events'
  | 'endpointSlices'
  | 'deployments'
  | 'replicaSets'
  | 'roles'
  | 'roleBindings'
  | 'clusterRoles'
  | 'clusterRoleBindings'
  | 'customResourceDefinitions';

/** The built-in resources that controllers and the control plane read and write. */
export const resources: Readonly<Record<BuiltinResource, Resource>> = {
  namespaces: core('namespaces', 'Namespace', false),
  nodes: core('nodes', 'Node', false),
  pods: core('pods', 'Pod'),
  services: core('services', 'Service'),
  serviceAccounts: core('serviceaccounts', 'ServiceAccount'),
  configMaps: core('configmaps', 'ConfigMap'),
  secrets: core('secrets', 'Secret'),
  endpoints: core('endpoints', 'Endpoints'),
  events: core('events', 'Event'),
  endpointSlices: {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
  },
  deployments: {
    group: 'apps',
    version: 'v1',
    plural: 'deployments',
    kind: 'Deployment',
    namespaced: true,
  },
  replicaSets: {
    group: 'apps',
    version: 'v1',
    plural: 'replicasets',
    kind: 'ReplicaSet',
    namespaced: true,
  },
  roles: rbac('roles', 'Role', true),
  roleBindings: rbac('rolebindings', 'RoleBinding', true),
  clusterRoles: rbac('clusterroles', 'ClusterRole', false),
  clusterRoleBindings: rbac('clusterrolebindings', 'ClusterRoleBinding', false),
  customResourceDefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  },
};

/** The collection of a kind the mesh works with, built in or Istio's; `version` as in `resourceOf`. Throws RangeError for others. */
export const resourceOfKind = (kind: string, version?: string): Resource => {
  const builtin = Object.values(resources).find((resource) => resource.kind === kind);
  if (builtin !== undefined) return builtin;
  const istio = istioKinds.find((one) => one.kind === kind);
  if (istio === undefined) throw new RangeError(`${kind} is no kind of the mesh`);
  return resourceOf(istio, version);
};
