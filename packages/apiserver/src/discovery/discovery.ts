import type { ResourceKind } from '@lateen/api';
import type { KindRegistry, ServedKind } from '../registry/kind-registry.ts';

const objectVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

interface VirtualResource {
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Kinds that are asked, not stored, by `group/version`. */
const virtualResources: Readonly<Record<string, readonly VirtualResource[]>> = {
  'authorization.k8s.io/v1': [
    { plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', namespaced: false },
    { plural: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview', namespaced: false },
    { plural: 'subjectaccessreviews', kind: 'SubjectAccessReview', namespaced: false },
  ],
  'authentication.k8s.io/v1': [
    { plural: 'selfsubjectreviews', kind: 'SelfSubjectReview', namespaced: false },
    { plural: 'tokenreviews', kind: 'TokenReview', namespaced: false },
  ],
};

const podSubresources: readonly Subresource[] = (
  [
    ['attach', ['create', 'get'], 'PodAttachOptions'],
    ['exec', ['create', 'get'], 'PodExecOptions'],
    ['log', ['get'], 'Pod'],
    ['portforward', ['create', 'get'], 'PodPortForwardOptions'],
    ['proxy', ['create', 'delete', 'get', 'patch', 'update'], 'PodProxyOptions'],
    ['binding', ['create'], 'Binding'],
  ] as const
).map(([name, verbs, kind]) => ({ name, verbs, kind: { group: '', version: 'v1', kind } }));

/** Subresources of built-in kinds, by `group/plural`. */
const extraSubresources: Readonly<Record<string, readonly Subresource[]>> = {
  '/pods': [
    ...podSubresources,
    {
      name: 'eviction',
      verbs: ['create'],
      kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    },
  ],
  '/serviceaccounts': [
    {
      name: 'token',
      verbs: ['create'],
      kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    },
  ],
};

const subresourcesOf = ({ kind, version }: ServedKind): readonly Subresource[] => {
  const own = { group: kind.group, version: version.name, kind: kind.kind };
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  const verbs = ['get', 'patch', 'update'];
  return [
    ...(kind.statusSubresource === true ? [{ name: 'status', verbs, kind: own }] : []),
    ...(kind.scaleSubresource === true ? [{ name: 'scale', verbs, kind: scale }] : []),
    ...(extraSubresources[`${kind.group}/${kind.plural}`] ?? []),
  ];
};

/** Groups and their versions, in the order of serving, with the groups of reviews. */
const allGroups = (registry: KindRegistry): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map(registry.groups());
  for (const groupVersion of Object.keys(virtualResources)) {
    const [group = '', version = ''] = groupVersion.split('/');
    groups.set(group, [...new Set([...(groups.get(group) ?? []), version])]);
  }
  return groups;
};

const groupVersionText = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** `GET /apis`, or `/api` with the core group only: meta/v1 APIGroupList and APIVersions. */
export const legacyRoot = (registry: KindRegistry, core: boolean): unknown => {
  if (core) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  const groups = [...allGroups(registry)]
    .filter(([group]) => group !== '')
    .map(([group, versions]) => groupObject(group, versions));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
};

const groupObject = (name: string, versions: readonly string[]) => {
  const list = versions.map((version) => ({
    groupVersion: groupVersionText(name, version),
    version,
  }));
  return { name, versions: list, preferredVersion: list[0] };
};

/** `GET /apis/GROUP`: meta/v1 APIGroup; undefined for a group nobody serves. */
export const legacyGroup = (registry: KindRegistry, group: string): unknown => {
  const versions = allGroups(registry).get(group);
  return versions === undefined
    ? undefined
    : { kind: 'APIGroup', apiVersion: 'v1', ...groupObject(group, versions) };
};

const legacyResource = (served: ServedKind): readonly unknown[] => {
  const { kind, version } = served;
  const { plural, singular, namespaced, shortNames, categories } = kind;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind: kind.kind,
      verbs: objectVerbs,
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
    },
    ...subresourcesOf(served).map(({ name, verbs, kind: response }) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind: response.kind,
      ...(response.group !== kind.group && { group: response.group, version: response.version }),
      ...(response.group === kind.group && response.version !== version.name && response),
      verbs,
    })),
  ];
};

/** `GET /api/v1` and `/apis/GROUP/VERSION`: meta/v1 APIResourceList; undefined when not served. */
export const legacyResources = (
  registry: KindRegistry,
  group: string,
  version: string,
): unknown => {
  if (!(allGroups(registry).get(group) ?? []).includes(version)) return undefined;
  const groupVersion = groupVersionText(group, version);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: [
      ...registry.inGroupVersion(group, version).flatMap(legacyResource),
      ...(virtualResources[groupVersion] ?? []).map(({ plural, kind, namespaced }) => ({
        name: plural,
        singularName: '',
        namespaced,
        kind,
        verbs: ['create'],
      })),
    ],
  };
};

const aggregatedResource = (served: ServedKind): unknown => {
  const { kind, version } = served;
  const subresources = subresourcesOf(served).map((sub) => ({
    subresource: sub.name,
    responseKind: sub.kind,
    verbs: sub.verbs,
  }));
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: version.name, kind: kind.kind },
    scope: scopeOf(kind),
    singularResource: kind.singular,
    verbs: objectVerbs,
    ...(kind.shortNames && { shortNames: kind.shortNames }),
    ...(kind.categories && { categories: kind.categories }),
    ...(subresources.length > 0 && { subresources }),
  };
};

const scopeOf = ({ namespaced }: Pick<ResourceKind, 'namespaced'>): string =>
  namespaced ? 'Namespaced' : 'Cluster';

/** Media type of aggregated discovery; kubectl asks for it first. */
export const aggregatedMediaType: string =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList: everything below `/api` or `/apis` in one answer. */
export const aggregatedDiscovery = (registry: KindRegistry, core: boolean): unknown => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [...allGroups(registry)]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        freshness: 'Current',
        resources: [
          ...registry.inGroupVersion(group, version).map(aggregatedResource),
          ...(virtualResources[groupVersionText(group, version)] ?? []).map((virtual) => ({
            resource: virtual.plural,
            responseKind: { group, version, kind: virtual.kind },
            scope: scopeOf(virtual),
            singularResource: virtual.kind.toLowerCase(),
            verbs: ['create'],
          })),
        ],
      })),
    })),
});
