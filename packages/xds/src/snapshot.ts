import { unorderedHash } from './content-hash.ts';
import type { Resource } from './resource.ts';
import { comparePushOrder } from './type-url.ts';

/** The resources of one type by name. */
export type ResourceMap = ReadonlyMap<string, Resource>;

/**
 * All that one proxy should have, by type URL. Never edited: a new state is a new Snapshot, and types
 * that did not change keep the identical `ResourceMap`, which makes "nothing to do" one comparison.
 */
export interface Snapshot {
  readonly types: ReadonlyMap<string, ResourceMap>;
}

const noResources: ResourceMap = new Map();

/** A snapshot without any resource. */
export const emptySnapshot: Snapshot = { types: new Map() };

/** Sorts resources into types. Of two with the same type and name the later one wins. */
export const createSnapshot = (resources: Iterable<Resource>): Snapshot => {
  const types = new Map<string, Map<string, Resource>>();
  for (const resource of resources) {
    const ofType = types.get(resource.typeUrl) ?? new Map<string, Resource>();
    types.set(resource.typeUrl, ofType.set(resource.name, resource));
  }
  return { types };
};

/** The resources of a type; an empty map when there are none. */
export const resourcesOfType = (snapshot: Snapshot, typeUrl: string): ResourceMap =>
  snapshot.types.get(typeUrl) ?? noResources;

/**
 * The snapshot with one type replaced. When the new resources equal the old ones in names and versions
 * the old map stays, so that a rebuild without effect is seen as such.
 */
export const withResourcesOfType = (
  snapshot: Snapshot,
  typeUrl: string,
  resources: Iterable<Resource>,
): Snapshot => {
  const next = new Map<string, Resource>();
  for (const resource of resources) next.set(resource.name, resource);
  const before = resourcesOfType(snapshot, typeUrl);
  if (sameResources(before, next)) return snapshot;
  return { types: new Map(snapshot.types).set(typeUrl, next) };
};

/** Whether both hold the same names in the same versions. */
const sameResources = (left: ResourceMap, right: ResourceMap): boolean => {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [name, resource] of right)
    if (left.get(name)?.version !== resource.version) return false;
  return true;
};

/** What to do to get from one snapshot to another, for one type. */
export interface TypeDifference {
  readonly typeUrl: string;
  /** New, or in another version. */
  readonly changed: readonly Resource[];
  readonly removed: readonly string[];
}

/** The types in which two snapshots differ, in push order. */
export const diffSnapshots = (before: Snapshot, after: Snapshot): readonly TypeDifference[] => {
  const typeNames = new Set([...before.types.keys(), ...after.types.keys()]);
  return [...typeNames]
    .sort(comparePushOrder)
    .map((typeUrl) => diffType(typeUrl, before, after))
    .filter(({ changed, removed }) => changed.length > 0 || removed.length > 0);
};

const diffType = (typeUrl: string, before: Snapshot, after: Snapshot): TypeDifference => {
  const old = resourcesOfType(before, typeUrl);
  const now = resourcesOfType(after, typeUrl);
  if (old === now) return { typeUrl, changed: [], removed: [] };
  return {
    typeUrl,
    changed: [...now.values()].filter(({ name, version }) => old.get(name)?.version !== version),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
};

/** One version for a set of resources, whatever their order: `version_info` of a response. */
export const versionOfSet = (resources: Iterable<Pick<Resource, 'name' | 'version'>>): string => {
  const entries: string[] = [];
  for (const { name, version } of resources) entries.push(`${name}\n${version}`);
  return unorderedHash(entries);
};
