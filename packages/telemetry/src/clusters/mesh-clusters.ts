import type { Diagnostic } from '@lateen/base';
import { findConflicts, readMeshConfigText } from '@lateen/pilot';
import { type ClusterObjects, meshInputs } from '@lateen/simulation';
import { controlPlanesOf } from './cluster-identity.ts';
import { type ReadCluster, readCluster, rootNamespace } from './cluster-objects.ts';
import { clusterTrust } from './cluster-trust.ts';
import {
  type ClusterSource,
  type KnownCluster,
  knownCluster,
  type OtherClusters,
  type OtherSources,
  readOtherClusters,
} from './other-clusters.ts';

export {
  type ClusterSource,
  clusterUnreachable,
  type MeshPlace,
  type PeerAddress,
} from './other-clusters.ts';

/** What is to be read. */
export interface MeshSources extends OtherSources {
  /** The cluster that is asked about. */
  readonly own: ClusterSource;
}

/** The clusters of a mesh; the first is the one asked about. */
export interface MeshClusters {
  readonly clusters: readonly ClusterObjects[];
  /** What could not be read, and why. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Ids that the control plane of a cluster joins: what its Secrets name, without those that clash. */
const joined = (
  { clusterId, read, entries }: KnownCluster,
  found: ReadonlyMap<string, KnownCluster>,
): { readonly reads: readonly string[]; readonly conflicts: ReadonlyMap<string, string> } => {
  // Whose Secrets may not be read is taken to read all others, as clusters of one mesh do.
  const ids = entries?.map((entry) => entry.clusterId) ?? [...found.keys()];
  const others = [...new Set(ids)].filter((id) => id !== clusterId && found.has(id));
  const compared = [clusterId, ...others].map((id) => {
    const { pods, namespaces, nodes } = meshInputs(found.get(id)?.read.objects ?? read.objects);
    return { clusterId: id, pods, namespaces, nodes };
  });
  const conflicts = findConflicts(compared, rootNamespace);
  return { reads: others.filter((id) => !conflicts.has(id)), conflicts };
};

/** The cluster whose control plane configures the proxies of one. */
const configuring = (
  { clusterId, read }: KnownCluster,
  found: ReadonlyMap<string, KnownCluster>,
): string | undefined => {
  const planes = controlPlanesOf(read.objects);
  if (planes === undefined) return undefined;
  const readers = [...found.values()].filter(
    (one) =>
      controlPlanesOf(one.read.objects) === undefined &&
      one.entries?.some((entry) => entry.clusterId === clusterId),
  );
  const ids = readers.map((one) => one.clusterId);
  return planes.includes('*') ? ids[0] : ids.find((id) => planes.includes(id));
};

const meshConfigOf = ({ mesh }: ReadCluster) =>
  mesh === undefined ? undefined : readMeshConfigText(mesh).value;

const objectsOf = (one: KnownCluster, found: ReadonlyMap<string, KnownCluster>): ClusterObjects => {
  const { clusterId, read } = one;
  const { objects, hasRules } = read;
  const configuredBy = configuring(one, found);
  const meshConfig = meshConfigOf(read);
  const primary = configuredBy === undefined ? undefined : found.get(configuredBy)?.read;
  const trust = clusterTrust(
    read.roots,
    primary === undefined ? meshConfig : meshConfigOf(primary),
  );
  return {
    ...{ clusterId, objects, hasRules, reads: joined(one, found).reads },
    ...(meshConfig !== undefined && { meshConfig }),
    ...(configuredBy !== undefined && { configuredBy }),
    ...(trust !== undefined && { trust }),
  };
};

const withoutPlane = (clusterId: string): Diagnostic => ({
  severity: 'warning',
  code: 'ControlPlaneUnknown',
  message: `${clusterId} has no control plane of its own, and none that reads it is known here: the answer is by the rules of ${clusterId}; name the context of the cluster with istiod with --remote-context`,
});

/** A cluster that is known by name only: it makes the others worth naming. */
const unread = (clusterId: string): ClusterObjects => ({
  ...{ clusterId, objects: [], reads: [], hasRules: false },
});

/** A mesh as control planes see it, of a cluster and the others that were read. */
export const joinClusters = (here: KnownCluster, others: OtherClusters): MeshClusters => {
  const known = [here, ...others.found];
  const found = new Map(known.map((one) => [one.clusterId, one]));
  const clashes = [...joined(here, found).conflicts].map(
    ([id, problem]): Diagnostic => ({
      severity: 'warning',
      code: 'ClusterConflict',
      message: `cluster ${id} is left out: it ${problem}`,
    }),
  );
  const hasPlane = controlPlanesOf(here.read.objects) === undefined || configuring(here, found);
  const named = (here.entries ?? []).filter(({ clusterId }) => others.lost.has(clusterId));
  const missing = [...new Set(named.map(({ clusterId }) => clusterId))].map(unread);
  const own = objectsOf(here, found);
  const reads = [...own.reads, ...missing.map(({ clusterId }) => clusterId)];
  const rest = others.found.map((one) => objectsOf(one, found));
  return {
    clusters: [{ ...own, reads }, ...rest, ...missing],
    diagnostics: [
      ...others.diagnostics,
      ...(hasPlane ? [] : [withoutPlane(here.clusterId)]),
      ...clashes,
    ],
  };
};

/**
 * Reads a cluster and the others of its mesh: those named here, and those that Secrets name, as control planes
 * read them. One that cannot be read is a diagnostic. Rejects with KubeError where the own cannot be.
 */
export const readMeshClusters = async (sources: MeshSources): Promise<MeshClusters> => {
  const { client, name } = sources.own;
  const reading = readCluster(client, { needsRules: true });
  const own = reading.then((read) => knownCluster(read, name));
  const others = await readOtherClusters(own, sources);
  return joinClusters(await own, others);
};
