import type { Diagnostic } from '@lateen/base';
import { createKubeClient, type KubeClient, parseKubeConfig } from '@lateen/kube';
import {
  findConflicts,
  type RemoteSecretEntry,
  readMeshConfigText,
  remoteSecretEntries,
} from '@lateen/pilot';
import { type ClusterObjects, meshInputs } from '@lateen/simulation';
import { clusterIdOf, controlPlanesOf } from './cluster-identity.ts';
import { type ReadCluster, readCluster, rootNamespace } from './cluster-objects.ts';

/** Clusters of a mesh that are looked at; Istio's largest meshes have a few dozen. */
const maxClusters = 32;

/** A person waits: a cluster that takes longer is told, and left out. */
const defaultTimeoutMs = 5_000;

/** Node metadata CLUSTER_ID where nobody says another. */
const defaultClusterId = 'Kubernetes';

/** An API server of the mesh. */
export interface ClusterSource {
  readonly client: KubeClient;
  /** Its id where it does not say so itself, and its name where it cannot be read. */
  readonly name?: string;
}

/** What is to be read. */
export interface MeshSources {
  /** The cluster that is asked about. */
  readonly own: ClusterSource;
  /** Further clusters, besides those that Secrets name. Default none. */
  readonly others?: readonly ClusterSource[];
  /** Of each other cluster. Default 5 s. */
  readonly timeoutMs?: number;
  /** Makes a client of a Secret's kubeconfig. Throws what is wrong with it. */
  readonly connect?: (kubeconfig: string) => KubeClient;
}

/** The clusters of a mesh; the first is the one asked about. */
export interface MeshClusters {
  readonly clusters: readonly ClusterObjects[];
  /** What could not be read, and why. */
  readonly diagnostics: readonly Diagnostic[];
}

interface Known {
  readonly clusterId: string;
  readonly read: ReadCluster;
  readonly entries: readonly RemoteSecretEntry[] | undefined;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const known = (read: ReadCluster, name: string | undefined): Known => ({
  clusterId: clusterIdOf(read.objects) ?? name ?? defaultClusterId,
  read,
  entries: read.secrets && remoteSecretEntries(read.secrets, rootNamespace),
});

const connectByKubeconfig = (kubeconfig: string): KubeClient =>
  createKubeClient(parseKubeConfig(kubeconfig, { files: 'refused' }));

/** Reads clusters, and those that their Secrets name, each once. */
class MeshReading {
  readonly found = new Map<string, Known>();
  readonly diagnostics: Diagnostic[] = [];
  /** Ids that were tried in vain. */
  readonly lost = new Set<string>();
  readonly #sources: MeshSources;

  constructor(sources: MeshSources) {
    this.#sources = sources;
  }

  async readOthers(): Promise<void> {
    const { others = [] } = this.#sources;
    const reads = others.map(({ client, name = '' }) => this.#read(client, name, ''));
    for (const one of await Promise.all(reads)) {
      if (one !== undefined && !this.found.has(one.clusterId)) this.found.set(one.clusterId, one);
    }
  }

  /** Follows Secrets until they name nobody new. */
  async followSecrets(): Promise<void> {
    for (;;) {
      const named = [...this.found.values()].flatMap(({ entries = [] }) => entries);
      const next = new Map<string, RemoteSecretEntry>();
      for (const entry of named) {
        const { clusterId } = entry;
        const isNew = !(this.found.has(clusterId) || this.lost.has(clusterId));
        if (isNew && !next.has(clusterId)) next.set(clusterId, entry);
      }
      const room = maxClusters - this.found.size - this.lost.size;
      if (next.size === 0 || room <= 0) return;
      await Promise.all([...next.values()].slice(0, room).map((entry) => this.#follow(entry)));
    }
  }

  async #follow({ clusterId, secret, kubeconfig }: RemoteSecretEntry): Promise<void> {
    const { connect = connectByKubeconfig } = this.#sources;
    let client: KubeClient;
    try {
      client = connect(kubeconfig);
    } catch (error) {
      this.#lose(clusterId, `${secret}: ${reasonOf(error)}`);
      return;
    }
    const one = await this.#read(client, clusterId, secret);
    if (one !== undefined) this.found.set(clusterId, { ...one, clusterId });
  }

  async #read(client: KubeClient, name: string, secret: string): Promise<Known | undefined> {
    const { timeoutMs = defaultTimeoutMs } = this.#sources;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return known(await readCluster(client, { signal }), name === '' ? undefined : name);
    } catch (error) {
      const reason = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
      this.#lose(name, secret === '' ? reason : `${reason} (Secret ${secret})`);
      return undefined;
    }
  }

  #lose(name: string, reason: string): void {
    this.lost.add(name);
    const message = `cluster ${name} cannot be read: ${reason}; the answer is without it, while control planes may go on with what they saw of it last`;
    this.diagnostics.push({ severity: 'warning', code: 'ClusterUnreachable', message });
  }
}

/** Ids that the control plane of a cluster joins: what its Secrets name, without those that clash. */
const joined = (
  { clusterId, read, entries }: Known,
  found: ReadonlyMap<string, Known>,
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
  { clusterId, read }: Known,
  found: ReadonlyMap<string, Known>,
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

const objectsOf = (one: Known, found: ReadonlyMap<string, Known>): ClusterObjects => {
  const { clusterId, read } = one;
  const { mesh, objects, hasRules } = read;
  const configuredBy = configuring(one, found);
  const meshConfig = mesh === undefined ? undefined : readMeshConfigText(mesh).value;
  return {
    ...{ clusterId, objects, hasRules, reads: joined(one, found).reads },
    ...(meshConfig !== undefined && { meshConfig }),
    ...(configuredBy !== undefined && { configuredBy }),
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

/**
 * Reads a cluster and the others of its mesh: those named here, and those that Secrets name, as control planes
 * read them. One that cannot be read is a diagnostic. Rejects with KubeError where the own cannot be.
 */
export const readMeshClusters = async (sources: MeshSources): Promise<MeshClusters> => {
  const reading = new MeshReading(sources);
  const { own } = sources;
  const [first] = await Promise.all([
    readCluster(own.client, { needsRules: true }),
    reading.readOthers(),
  ]);
  const here = known(first, own.name);
  const others = [...reading.found.values()].filter((one) => one.clusterId !== here.clusterId);
  reading.found.clear();
  for (const one of [here, ...others]) reading.found.set(one.clusterId, one);
  await reading.followSecrets();
  const { found, lost, diagnostics } = reading;
  const clashes = [...joined(here, found).conflicts].map(
    ([id, problem]): Diagnostic => ({
      severity: 'warning',
      code: 'ClusterConflict',
      message: `cluster ${id} is left out: it ${problem}`,
    }),
  );
  const hasPlane = controlPlanesOf(here.read.objects) === undefined || configuring(here, found);
  if (!hasPlane) diagnostics.push(withoutPlane(here.clusterId));
  const named = (here.entries ?? []).filter(({ clusterId }) => lost.has(clusterId));
  const missing = [...new Set(named.map(({ clusterId }) => clusterId))].map(unread);
  const clusters = [...found.values()].map((one) => objectsOf(one, found));
  const [asked, ...rest] = clusters;
  const reads = [...(asked?.reads ?? []), ...missing.map(({ clusterId }) => clusterId)];
  return {
    clusters: asked === undefined ? [] : [{ ...asked, reads }, ...rest, ...missing],
    diagnostics: [...diagnostics, ...clashes],
  };
};
