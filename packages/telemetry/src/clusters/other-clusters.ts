import type { Diagnostic } from '@lateen/base';
import { createKubeClient, type KubeClient, parseKubeConfig } from '@lateen/kube';
import { type RemoteSecretEntry, remoteSecretEntries } from '@lateen/pilot';
import { clusterIdOf } from './cluster-identity.ts';
import { type ReadCluster, readCluster, rootNamespace } from './cluster-objects.ts';

/** Code of the diagnostic about a cluster that cannot be read. */
export const clusterUnreachable = 'ClusterUnreachable';

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

/** Where the eyes of a cluster answer those of the others: a Unix socket that only its owner may open. */
export interface PeerAddress {
  readonly cluster: string;
  readonly socket: string;
}

/** A cluster among the others of a mesh. */
export interface MeshPlace {
  /** Its own id. */
  readonly name: string;
  /** Its own eyes' socket, and those of the others as they are now. Absent: they show one cluster. */
  readonly eyes?: {
    readonly socket: string;
    readonly others: () => readonly PeerAddress[];
  };
  /** The others as they are now. */
  readonly others: () => readonly ClusterSource[];
}

/** How other clusters are found and reached. */
export interface OtherSources {
  /** Further clusters, besides those that Secrets name. Default none. */
  readonly others?: readonly ClusterSource[];
  /** Of each other cluster. Default 5 s. */
  readonly timeoutMs?: number;
  /** Makes a client of a Secret's kubeconfig. Throws what is wrong with it. */
  readonly connect?: (kubeconfig: string) => KubeClient;
}

/** A cluster that was read. */
export interface KnownCluster {
  readonly clusterId: string;
  readonly read: ReadCluster;
  /** What its Secrets say; undefined: they may not be read. */
  readonly entries: readonly RemoteSecretEntry[] | undefined;
}

/** Clusters besides the one asked about. */
export interface OtherClusters {
  readonly found: readonly KnownCluster[];
  /** Ids that were tried in vain. */
  readonly lost: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** A cluster by what it says of itself, else by the name it goes by. */
export const knownCluster = (read: ReadCluster, name: string | undefined): KnownCluster => ({
  clusterId: clusterIdOf(read.objects) ?? name ?? defaultClusterId,
  read,
  entries: read.secrets && remoteSecretEntries(read.secrets, rootNamespace),
});

/** Once they are followed only the ids that they name matter: what is not held cannot leak. */
export const withoutSecrets = (one: KnownCluster): KnownCluster => ({
  ...one,
  read: { ...one.read, secrets: [] },
  entries: one.entries?.map((entry) => ({ ...entry, kubeconfig: '' })),
});

const connectByKubeconfig = (kubeconfig: string): KubeClient =>
  createKubeClient(parseKubeConfig(kubeconfig, { files: 'refused' }));

/** Reads clusters, and those that their Secrets name, each once. */
class ClusterReading {
  readonly #found = new Map<string, KnownCluster>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #lost = new Set<string>();
  readonly #sources: OtherSources;

  constructor(sources: OtherSources) {
    this.#sources = sources;
  }

  /** The cluster asked about stands above others of its name. */
  know(one: KnownCluster): void {
    this.#found.set(one.clusterId, one);
  }

  async readOthers(): Promise<void> {
    const { others = [] } = this.#sources;
    const reads = others.map(({ client, name = '' }) => this.#read(client, name, ''));
    for (const one of await Promise.all(reads)) {
      if (one !== undefined && !this.#found.has(one.clusterId)) this.#found.set(one.clusterId, one);
    }
  }

  /** Follows Secrets until they name nobody new. */
  async followSecrets(): Promise<void> {
    for (;;) {
      const named = [...this.#found.values()].flatMap(({ entries = [] }) => entries);
      const next = new Map<string, RemoteSecretEntry>();
      for (const entry of named) {
        const { clusterId } = entry;
        const isNew = !(this.#found.has(clusterId) || this.#lost.has(clusterId));
        if (isNew && !next.has(clusterId)) next.set(clusterId, entry);
      }
      const room = maxClusters - this.#found.size - this.#lost.size;
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
    if (one !== undefined) this.#found.set(clusterId, { ...one, clusterId });
  }

  async #read(client: KubeClient, name: string, secret: string): Promise<KnownCluster | undefined> {
    const { timeoutMs = defaultTimeoutMs } = this.#sources;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return knownCluster(await readCluster(client, { signal }), name === '' ? undefined : name);
    } catch (error) {
      const reason = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
      this.#lose(name, secret === '' ? reason : `${reason} (Secret ${secret})`);
      return undefined;
    }
  }

  #lose(name: string, reason: string): void {
    this.#lost.add(name);
    const message = `cluster ${name} cannot be read: ${reason}; what it has now is not known`;
    this.#diagnostics.push({ severity: 'warning', code: clusterUnreachable, message });
  }

  /** What was found besides the cluster asked about. */
  result({ clusterId }: KnownCluster): OtherClusters {
    const found = [...this.#found.values()].filter((one) => one.clusterId !== clusterId);
    return { found: found.map(withoutSecrets), lost: this.#lost, diagnostics: this.#diagnostics };
  }
}

/** Reads the others of a cluster's mesh, while `own` is being read. Rejects only as `own` does. */
export const readOtherClusters = async (
  own: Promise<KnownCluster>,
  sources: OtherSources,
): Promise<OtherClusters> => {
  const reading = new ClusterReading(sources);
  const [here] = await Promise.all([own, reading.readOthers()]);
  reading.know(here);
  await reading.followSecrets();
  return reading.result(here);
};
