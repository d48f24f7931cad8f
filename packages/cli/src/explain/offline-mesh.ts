import type { KubeObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import { readMeshConfigText, remoteSecretEntries } from '@lateen/runtime';
import { type ClusterObjects, completeCluster } from '@lateen/simulation';
import { ExplainError } from './explain-error.ts';
import { readManifests } from './manifest-files.ts';

/** A mesh to ask about: the first cluster is the one of the question. */
export interface ExplainedMesh {
  readonly clusters: readonly ClusterObjects[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Manifests of a mesh. */
export interface OfflineFlags {
  /** Paths of the cluster of the question. */
  readonly filename: readonly string[];
  /** `name=path` each. */
  readonly cluster: readonly string[];
  /** The cluster of the question. */
  readonly context?: string;
}

/** Node metadata CLUSTER_ID where nobody says another. */
const defaultClusterId = 'Kubernetes';
const rootNamespace = 'istio-system';

/** Addresses made up for one more would be another's. */
const maxClusters = 32;

type Paths = Map<string, readonly string[]>;

const readNames = (words: readonly string[]): Paths => {
  const paths: Paths = new Map();
  for (const word of words) {
    const equals = word.indexOf('=');
    const [name, path] = [word.slice(0, Math.max(equals, 0)), word.slice(equals + 1)];
    if (name === '' || path === '') {
      const message = `"${word}" is no cluster: write name=path`;
      throw new ExplainError('bad-file', message);
    }
    paths.set(name, [...(paths.get(name) ?? []), path]);
  }
  if (paths.size > maxClusters)
    throw new ExplainError('bad-file', `more than ${maxClusters} clusters`);
  return paths;
};

/** Paths by cluster, that of the question first. */
const pathsByCluster = ({ filename, cluster, context }: OfflineFlags): Paths => {
  const named = readNames(cluster);
  const first = filename.length > 0 ? defaultClusterId : [...named.keys()][0];
  const own = context ?? first ?? defaultClusterId;
  const paths: Paths = new Map([[own, [...filename, ...(named.get(own) ?? [])]]]);
  if (paths.get(own)?.length === 0) {
    const known = [...named.keys()].join(', ');
    throw new ExplainError('bad-caller', `there is no cluster "${own}": there are ${known}`);
  }
  for (const [name, own] of named) if (!paths.has(name)) paths.set(name, own);
  return paths;
};

const meshTextOf = (objects: readonly KubeObject[]): string | undefined => {
  const map = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'istio',
  );
  return (map as { readonly data?: { readonly mesh?: string } } | undefined)?.data?.mesh;
};

/** As pilot reads them: the clusters that its Secrets name. */
const readsOf = (objects: readonly KubeObject[]): readonly string[] => {
  const secrets = objects.filter(({ kind }) => kind === 'Secret');
  return remoteSecretEntries(secrets, rootNamespace).map(({ clusterId }) => clusterId);
};

const clusterOf = (clusterId: string, paths: readonly string[], index: number): ClusterObjects => {
  const { objects, locate } = readManifests(paths);
  const text = meshTextOf(objects);
  // One that is wrong leaves Istio's defaults.
  const meshConfig = text === undefined ? undefined : readMeshConfigText(text).value;
  return {
    ...{ clusterId, locate, reads: readsOf(objects) },
    objects: completeCluster(objects, index),
    ...(meshConfig !== undefined && { meshConfig }),
  };
};

const apart = ({ clusterId }: ClusterObjects): Diagnostic => ({
  severity: 'info',
  code: 'ClustersApart',
  message: `${clusterId} reads no other cluster: services of one name stay apart until a Secret labelled istio/multiCluster=true in ${rootNamespace} names the other`,
});

/** The mesh of manifests. @throws ExplainError for what cannot be read. */
export const offlineMesh = (flags: OfflineFlags): ExplainedMesh => {
  const paths = [...pathsByCluster(flags)];
  const clusters = paths.map(([name, files], index) => clusterOf(name, files, index));
  const [own] = clusters;
  const isApart = own !== undefined && clusters.length > 1 && own.reads.length === 0;
  return { clusters, diagnostics: isApart ? [apart(own)] : [] };
};
