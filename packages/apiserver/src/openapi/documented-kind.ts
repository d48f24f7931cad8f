import type { KindVersion, ResourceKind } from '@lateen/api';

/** What the documents say of one version of a kind; `ServedKind` of the registry is one. */
export interface DocumentedKind {
  readonly kind: ResourceKind;
  readonly version: KindVersion;
  /** Made by a CustomResourceDefinition: strategic merge patch is not offered. */
  readonly custom: boolean;
}

/** `api/v1` or `apis/GROUP/VERSION`: the path of a group version, which also names its document. */
const groupVersionPath = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/** Path of the group version that a kind is served in. */
export const pathOf = ({ kind, version }: DocumentedKind): string =>
  groupVersionPath(kind.group, version.name);

/** `x-kubernetes-group-version-kind`, by which clients find operations and schemas. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The value of `x-kubernetes-group-version-kind` for a kind. */
export const groupVersionKind = ({ kind, version }: DocumentedKind): GroupVersionKind => ({
  group: kind.group,
  version: version.name,
  kind: kind.kind,
});
