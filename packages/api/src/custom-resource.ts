import type {
  CustomResourceDefinition,
  CustomResourceVersion,
} from './kubernetes/custom-resource-definition.ts';
import type { ObjectMeta } from './object.ts';
import type { JsonSchema, KindVersion, ResourceKind } from './resource-kind.ts';
import { wholeObjectSchema } from './schema/object-schema.ts';

/** A version without a schema accepts every field, as `x-kubernetes-preserve-unknown-fields` at the root does. */
const openSchema: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** CRDs say nothing about metadata beyond that it is an object. */
const withoutMeta = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: { ...schema.properties, metadata: { type: 'object' } },
});

const crdVersion = (kind: ResourceKind, version: KindVersion): CustomResourceVersion => ({
  name: version.name,
  served: true,
  storage: version.name === kind.storageVersion,
  ...(version.deprecationWarning && {
    deprecated: true,
    deprecationWarning: version.deprecationWarning,
  }),
  ...(version.printerColumns && { additionalPrinterColumns: version.printerColumns }),
  schema: { openAPIV3Schema: withoutMeta(version.schema) },
  ...((kind.statusSubresource || kind.scaleSubresource) && {
    subresources: {
      ...(kind.statusSubresource && { status: {} }),
      ...(kind.scaleSubresource && {
        scale: {
          specReplicasPath: '.spec.replicas',
          statusReplicasPath: '.status.replicas',
        },
      }),
    },
  }),
});

/** The CustomResourceDefinition that serves `kind`. `metadata` adds labels and annotations. */
export const crdFromKind = (
  kind: ResourceKind,
  metadata: Pick<ObjectMeta, 'labels' | 'annotations'> = {},
): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.plural}.${kind.group}`, ...metadata },
  spec: {
    group: kind.group,
    names: {
      plural: kind.plural,
      singular: kind.singular,
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      ...(kind.shortNames && { shortNames: kind.shortNames }),
      ...(kind.categories && { categories: kind.categories }),
    },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    versions: kind.versions.map((version) => crdVersion(kind, version)),
  },
});

/** `v1` before `v1beta2` before `v1alpha1` before names of any other form: Kubernetes' order of preference. */
const versionRank = (name: string): readonly [number, number, number] => {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name);
  if (match === null) return [3, 0, 0];
  const stage = match[2] === undefined ? 0 : match[2] === 'beta' ? 1 : 2;
  return [stage, -Number(match[1]), -Number(match[3] ?? 0)];
};

/** Orders version names by Kubernetes' preference (`kube-aware` version order): negative when `a` comes first. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [versionRank(a), versionRank(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || a.localeCompare(b);
};

const kindVersion = (version: CustomResourceVersion, full: string): KindVersion => ({
  name: version.name,
  schema: wholeObjectSchema(version.schema?.openAPIV3Schema ?? openSchema),
  ...(version.additionalPrinterColumns && { printerColumns: version.additionalPrinterColumns }),
  ...(version.deprecated && {
    deprecationWarning: version.deprecationWarning ?? `${full} is deprecated`,
  }),
});

/**
 * What a CustomResourceDefinition asks the API server to serve. Expects one that passed its own
 * schema; versions that are not served are left out.
 */
export const kindFromCrd = ({ spec }: CustomResourceDefinition): ResourceKind => {
  const { names, versions } = spec;
  const served = versions
    .filter((version) => version.served)
    .toSorted((a, b) => compareVersions(a.name, b.name));
  const stored = versions.find((version) => version.storage) ?? versions[0];
  const has = (subresource: 'status' | 'scale'): boolean =>
    served.some((version) => version.subresources?.[subresource] !== undefined);
  return {
    group: spec.group,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    ...(names.shortNames && { shortNames: names.shortNames }),
    ...(names.categories && { categories: names.categories }),
    namespaced: spec.scope === 'Namespaced',
    versions: served.map((version) =>
      kindVersion(version, `${spec.group}/${version.name} ${names.kind}`),
    ),
    storageVersion: stored?.name ?? '',
    ...(has('status') && { statusSubresource: true }),
    ...(has('scale') && { scaleSubresource: true }),
  };
};
