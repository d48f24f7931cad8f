import { istioKinds } from '@lateen/api';
import { type Resource, resourceOf, resources } from '@lateen/kube';

/** A kind that the eyes follow. */
export interface WatchedKind {
  readonly resource: Resource;
  /** A configuration object: it has a history and can be edited. */
  readonly isConfig: boolean;
  /** A cluster may be without it. */
  readonly isOptional: boolean;
  readonly shortNames: readonly string[];
}

const builtin = (resource: Resource, isConfig = false): WatchedKind => ({
  resource,
  isConfig,
  isOptional: false,
  shortNames: [],
});

const apps = (plural: string, kind: string): Resource => ({
  group: 'apps',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});

/** Kinds of ours that have no objects worth a page. */
const unwatched: ReadonlySet<string> = new Set(['IstioOperator']);

/** All kinds followed, Istio's first. Secrets are not: what is not held cannot leak. */
export const watchedKinds: readonly WatchedKind[] = [
  ...istioKinds
    .filter(({ kind }) => !unwatched.has(kind))
    .map((kind) => ({
      resource: resourceOf(kind),
      isConfig: true,
      isOptional: true,
      shortNames: kind.shortNames ?? [],
    })),
  builtin(resources.services, true),
  builtin(resources.namespaces),
  builtin(resources.pods),
  builtin(resources.nodes),
  builtin(resources.endpointSlices),
  builtin(resources.deployments),
  { ...builtin(apps('statefulsets', 'StatefulSet')), isOptional: true },
  { ...builtin(apps('daemonsets', 'DaemonSet')), isOptional: true },
  builtin(resources.serviceAccounts),
  builtin(resources.configMaps),
];

/** By kind, or by short name or plural in any case; undefined when it is not followed. */
export const findWatchedKind = (word: string): WatchedKind | undefined => {
  const lower = word.toLowerCase();
  return watchedKinds.find(
    ({ resource: { kind, plural }, shortNames }) =>
      kind.toLowerCase() === lower || plural === lower || shortNames.includes(lower),
  );
};
