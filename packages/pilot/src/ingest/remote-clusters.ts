import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { type Informer, type KubeClient, type ObjectCache, resources } from '@lateen/kube';
import type { RemoteCluster } from '@lateen/translator';
import { defaultInjectionOptions } from '../injection/injection-options.ts';
import { type ComparedCluster, clusterUid, findConflicts } from './cluster-conflicts.ts';
import { type ConfigChange, wholeChange } from './config-change.ts';
import { RemoteRegistry } from './remote-registry.ts';
import { isRemoteSecret, type RemoteSecretEntry, remoteSecretEntries } from './remote-secret.ts';

/** Istio's PILOT_REMOTE_CLUSTER_TIMEOUT: a cluster that was not read by then is called so. */
const syncTimeoutMs = 30_000;

/** How it goes with one remote cluster; the states of `istioctl remote-clusters`, and three of ours. */
export interface RemoteClusterStatus {
  readonly clusterId: string;
  /** `namespace/name`. */
  readonly secret: string;
  readonly state: 'synced' | 'syncing' | 'timeout' | 'unreachable' | 'invalid' | 'conflict';
  /** What is wrong, '' when nothing is. */
  readonly message: string;
}

export interface RemoteClustersOptions {
  /** The cluster this control plane is of. */
  readonly clusterId: string;
  readonly rootNamespace: string;
  readonly secrets: ObjectCache<KubeObject>;
  /** What the others are compared with; arrays are the same until something in them changes. */
  readonly own: () => ComparedCluster;
  /** Resolves when `own` is complete. */
  readonly ownRead: () => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Makes a client of a kubeconfig. Throws what is wrong with it. */
  readonly connect: (kubeconfig: string) => KubeClient;
  readonly onChange: (change: ConfigChange) => void;
}

/** A cluster whose API server is being read. */
export interface FollowedCluster {
  readonly clusterId: string;
  readonly client: KubeClient;
  readonly namespaces: Informer<KubeObject>;
}

/** A cluster as those see it who have to do with its workloads. */
export interface ClusterAccess {
  readonly client: KubeClient;
  readonly pods: readonly KubeObject[];
  /** Why its proxies cannot be served now; undefined: they can. */
  readonly problem: string | undefined;
}

/** What is said to those who come from a cluster that no Secret names. */
export const unknownCluster = (clusterId: string): string =>
  `cluster "${clusterId}" is not one of this control plane: it needs a Secret of lateen create-remote-secret for it`;

/** An entry that is followed, or why it is not. */
interface Followed {
  readonly entry: RemoteSecretEntry;
  readonly registry: RemoteRegistry | undefined;
  readonly problem: string;
  readonly isConflict: boolean;
  readonly sinceMs: number;
}

/** What came of comparing clusters, and what was compared. */
interface Comparison {
  readonly compared: readonly unknown[];
  readonly clusters: readonly RemoteCluster[];
  /** By cluster id. */
  readonly conflicts: ReadonlyMap<string, string>;
}

const sameEntry = (left: RemoteSecretEntry, right: RemoteSecretEntry): boolean =>
  left.clusterId === right.clusterId &&
  left.secret === right.secret &&
  left.kubeconfig === right.kubeconfig;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The other clusters of the mesh, as Secrets of the root namespace name them. */
export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  readonly #listeners = new Set<(clusters: readonly FollowedCluster[]) => void>();
  #followed: readonly Followed[] = [];
  #comparison: Comparison = { compared: [], clusters: [], conflicts: new Map() };
  #forget: (() => void) | undefined;

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
  }

  /** Follows the Secrets, and what they name, until `stop`. */
  start(): void {
    this.#forget = this.#options.secrets.onChange(({ before, after }) => {
      if (this.#isOurs(before) || this.#isOurs(after)) this.#reconcile();
    });
  }

  stop(): void {
    this.#forget?.();
    for (const { registry } of this.#followed) registry?.stop();
    this.#followed = [];
  }

  /**
   * Resolves when each has been read or cannot be: proxies must not hear that a cluster has no endpoints
   * because a control plane is new.
   */
  async tried(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(syncTimeoutMs, () => late.resolve());
    const all = Promise.all(
      this.#followed.flatMap(({ registry }) => (registry === undefined ? [] : registry.tried())),
    );
    await Promise.race([all, late.promise]);
    cancel();
  }

  /** Called with all that are followed, now and whenever they are others. Returns its removal. */
  onFollowed(listener: (clusters: readonly FollowedCluster[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#members());
    return () => this.#listeners.delete(listener);
  }

  /** Those that have been read and can be joined, oldest Secret first; the same array until something changes. */
  get clusters(): readonly RemoteCluster[] {
    return this.#compare().clusters;
  }

  /** Undefined for a cluster that no Secret names. */
  access(clusterId: string): ClusterAccess | undefined {
    const registry = this.#followed.find(
      (one) => one.entry.clusterId === clusterId && one.registry !== undefined,
    )?.registry;
    if (registry === undefined) return undefined;
    const clash = this.#compare().conflicts.get(clusterId);
    const unread =
      registry.cluster !== undefined
        ? undefined
        : `its API server has not been read yet${registry.problem ? `: ${registry.problem}` : ''}`;
    const problem = clash ?? unread;
    return {
      client: registry.client,
      pods: registry.cluster?.pods ?? [],
      problem: problem && `cluster "${clusterId}": ${problem}`,
    };
  }

  /**
   * Why proxies of a cluster cannot be served now; undefined: they can. Those of a cluster that nobody told
   * us about would be told that they serve nothing; one that names none counts as the own.
   */
  problemOf(clusterId: string): string | undefined {
    const { clusterId: own } = this.#options;
    if (clusterId === own || clusterId === defaultInjectionOptions.clusterId) return undefined;
    const access = this.access(clusterId);
    return access === undefined ? unknownCluster(clusterId) : access.problem;
  }

  status(): readonly RemoteClusterStatus[] {
    return this.#followed.map((followed) => {
      const { clusterId, secret } = followed.entry;
      return { clusterId, secret, ...this.#stateOf(followed) };
    });
  }

  #stateOf(followed: Followed): Pick<RemoteClusterStatus, 'state' | 'message'> {
    const { entry, registry, problem, isConflict, sinceMs } = followed;
    if (registry === undefined) {
      return { state: isConflict ? 'conflict' : 'invalid', message: problem };
    }
    if (problem !== '') return { state: 'invalid', message: problem };
    const clash = this.#compare().conflicts.get(entry.clusterId);
    if (clash !== undefined) return { state: 'conflict', message: clash };
    const message = registry.problem ?? '';
    if (registry.isSynced) return { state: message === '' ? 'synced' : 'unreachable', message };
    const isLate = this.#options.clock.nowMs() - sinceMs > syncTimeoutMs;
    return { state: isLate ? 'timeout' : 'syncing', message };
  }

  /** Anew only when a cluster, or what it is compared by, is not as it was. */
  #compare(): Comparison {
    const { own, rootNamespace, log } = this.#options;
    const before = this.#comparison;
    const here = own();
    const read = this.#followed.flatMap(({ registry }) => registry?.cluster ?? []);
    const compared = [here.pods, here.namespaces, here.nodes, ...read];
    const isSame =
      compared.length === before.compared.length &&
      compared.every((one, at) => one === before.compared[at]);
    if (isSame) return before;
    const conflicts = findConflicts([here, ...read], rootNamespace);
    const clusters = read.filter(({ clusterId }) => !conflicts.has(clusterId));
    this.#comparison = { compared, clusters, conflicts };
    for (const [cluster, reason] of conflicts)
      if (before.conflicts.get(cluster) !== reason)
        log.error('remote cluster not joined', { cluster, reason });
    const changed = new Set(conflicts.keys()).symmetricDifference(new Set(before.conflicts.keys()));
    // What made the difference may have looked like a matter of endpoints.
    if (changed.size > 0) this.#options.onChange(wholeChange('Secret'));
    return this.#comparison;
  }

  #members(): readonly FollowedCluster[] {
    return this.#followed.flatMap(({ entry: { clusterId }, registry }) =>
      registry === undefined
        ? []
        : [{ clusterId, client: registry.client, namespaces: registry.namespaces }],
    );
  }

  #isOurs(object: KubeObject | undefined): boolean {
    return isRemoteSecret(object, this.#options.rootNamespace);
  }

  #entries(): readonly RemoteSecretEntry[] {
    return remoteSecretEntries(this.#options.secrets.list(), this.#options.rootNamespace);
  }

  /** What stays as it was goes on; the rest is stopped or started. */
  #reconcile(): void {
    const before = this.#followed;
    const after: Followed[] = [];
    for (const entry of this.#entries()) {
      const next = this.#next(entry, before, after);
      if (next !== undefined) after.push(next);
    }
    const kept = new Set(after.map(({ registry }) => registry));
    const gone = before.filter(({ registry }) => registry !== undefined && !kept.has(registry));
    for (const { registry, entry } of gone) {
      registry?.stop();
      this.#options.log.info('remote cluster left', { cluster: entry.clusterId });
    }
    this.#followed = after;
    for (const listener of this.#listeners) listener(this.#members());
    if (gone.some(({ registry }) => registry?.cluster !== undefined))
      this.#options.onChange(wholeChange('Secret'));
  }

  /** What becomes of an entry; undefined: nothing that is worth saying, so far. */
  #next(
    entry: RemoteSecretEntry,
    before: readonly Followed[],
    older: readonly Followed[],
  ): Followed | undefined {
    const known = before.find((one) => sameEntry(one.entry, entry));
    if (entry.clusterId === this.#options.clusterId) {
      if (known === undefined) void this.#reviewOwn(entry);
      return known;
    }
    const holder = older.find((one) => one.entry.clusterId === entry.clusterId);
    if (holder !== undefined) return this.#conflict(entry, holder.entry.secret);
    if (known?.registry !== undefined) return known;
    // Another kubeconfig for a cluster that is followed: what is known of it counts until more is.
    const former = before.find(
      (one) => one.entry.clusterId === entry.clusterId && one.entry.secret === entry.secret,
    );
    return this.#follow(entry, former?.registry);
  }

  /**
   * A Secret for the own cluster is of no use and does no harm, and many apply all to all; but if it leads
   * elsewhere, two clusters have one name.
   */
  async #reviewOwn(entry: RemoteSecretEntry): Promise<void> {
    const { clusterId, connect, own, ownRead } = this.#options;
    let problem: string | undefined;
    try {
      await ownRead();
      const { items } = await connect(entry.kubeconfig).list(resources.namespaces);
      const isOwn = clusterUid(items) === clusterUid(own().namespaces);
      if (!isOwn)
        problem = `"${clusterId}" is the name of this cluster, and the Secret is of another: give that one another name`;
    } catch (error) {
      problem = `"${clusterId}" is the name of this cluster, and whether the Secret is its own is not known: ${reasonOf(error)}`;
    }
    const isCurrent = this.#entries().some((one) => sameEntry(one, entry));
    const isSaid = this.#followed.some((one) => sameEntry(one.entry, entry));
    if (problem === undefined || !isCurrent || isSaid) return;
    this.#followed = [...this.#followed, this.#refused(entry, problem, true)];
  }

  #conflict(entry: RemoteSecretEntry, holder: string): Followed {
    const problem = `cluster "${entry.clusterId}" is in ${holder} already: give one of the two another name`;
    return this.#refused(entry, problem, true);
  }

  #refused(entry: RemoteSecretEntry, problem: string, isConflict: boolean): Followed {
    this.#options.log.error('remote cluster not followed', {
      cluster: entry.clusterId,
      secret: entry.secret,
      reason: problem,
    });
    const sinceMs = this.#options.clock.nowMs();
    return { entry, registry: undefined, problem, isConflict, sinceMs };
  }

  #follow(entry: RemoteSecretEntry, former?: RemoteRegistry): Followed {
    const { clock, log, jitter, connect, onChange } = this.#options;
    let client: KubeClient;
    try {
      client = connect(entry.kubeconfig);
    } catch (error) {
      const reason = reasonOf(error);
      const refused = this.#refused(entry, reason, false);
      if (former === undefined) return refused;
      const problem = `${reason}; the kubeconfig of before is used as long as it is good`;
      return { ...refused, registry: former, problem };
    }
    const { clusterId } = entry;
    const known = former?.cluster;
    const registry = new RemoteRegistry({ clusterId, client, clock, log, jitter, known, onChange });
    log.info('remote cluster joins', { cluster: clusterId, secret: entry.secret });
    void registry.start();
    return { entry, registry, problem: '', isConflict: false, sinceMs: clock.nowMs() };
  }
}
