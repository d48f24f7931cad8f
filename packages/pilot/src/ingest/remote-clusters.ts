import type { KubeObject, Secret } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { KubeClient, ObjectCache } from '@lateen/kube';
import type { RemoteCluster } from '@lateen/translator';
import { type ConfigChange, wholeChange } from './config-change.ts';
import { RemoteRegistry } from './remote-registry.ts';

/** Label of Secrets whose keys are cluster ids and whose values are kubeconfigs. */
const secretLabel = 'istio/multiCluster';
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
  /** The cluster this control plane is of: a Secret that names it is ignored. */
  readonly clusterId: string;
  readonly rootNamespace: string;
  readonly secrets: ObjectCache<KubeObject>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Makes a client of a kubeconfig. Throws what is wrong with it. */
  readonly connect: (kubeconfig: string) => KubeClient;
  readonly onChange: (change: ConfigChange) => void;
}

/** A Secret's word for one cluster. */
interface Entry {
  readonly clusterId: string;
  readonly secret: string;
  readonly kubeconfig: string;
}

/** An entry that is followed, or why it is not. */
interface Followed {
  readonly entry: Entry;
  readonly registry: RemoteRegistry | undefined;
  readonly problem: string;
  readonly isConflict: boolean;
  readonly sinceMs: number;
}

const ageOf = ({ metadata }: KubeObject): string =>
  `${metadata.creationTimestamp ?? ''} ${metadata.name}`;

const entriesOf = (secret: Secret): readonly Entry[] =>
  Object.entries(secret.data ?? {}).map(([clusterId, data]) => ({
    clusterId,
    secret: `${secret.metadata.namespace}/${secret.metadata.name}`,
    kubeconfig: Buffer.from(data, 'base64').toString('utf8'),
  }));

const sameEntry = (left: Entry, right: Entry): boolean =>
  left.clusterId === right.clusterId &&
  left.secret === right.secret &&
  left.kubeconfig === right.kubeconfig;

/** The other clusters of the mesh, as Secrets of the root namespace name them. */
export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  #followed: readonly Followed[] = [];
  #clusters: readonly RemoteCluster[] | undefined;
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

  /** Those that have been read, oldest Secret first; the same array until something changes. */
  get clusters(): readonly RemoteCluster[] {
    this.#clusters ??= this.#followed.flatMap(({ registry }) => registry?.cluster ?? []);
    return this.#clusters;
  }

  status(): readonly RemoteClusterStatus[] {
    return this.#followed.map((followed) => {
      const { clusterId, secret } = followed.entry;
      return { clusterId, secret, ...this.#stateOf(followed) };
    });
  }

  #stateOf(followed: Followed): Pick<RemoteClusterStatus, 'state' | 'message'> {
    const { registry, problem, isConflict, sinceMs } = followed;
    if (registry === undefined) {
      return { state: isConflict ? 'conflict' : 'invalid', message: problem };
    }
    const message = registry.problem ?? '';
    if (registry.isSynced) return { state: message === '' ? 'synced' : 'unreachable', message };
    const isLate = this.#options.clock.nowMs() - sinceMs > syncTimeoutMs;
    return { state: isLate ? 'timeout' : 'syncing', message };
  }

  #isOurs(object: KubeObject | undefined): boolean {
    const { namespace, labels } = object?.metadata ?? {};
    return namespace === this.#options.rootNamespace && labels?.[secretLabel] === 'true';
  }

  #entries(): readonly Entry[] {
    return this.#options.secrets
      .list()
      .filter((secret) => this.#isOurs(secret))
      .toSorted((left, right) => (ageOf(left) < ageOf(right) ? -1 : 1))
      .flatMap((secret) => entriesOf(secret as Secret))
      .filter(({ clusterId }) => clusterId !== this.#options.clusterId);
  }

  /** What stays as it was goes on; the rest is stopped or started. */
  #reconcile(): void {
    const before = this.#followed;
    const after: Followed[] = [];
    for (const entry of this.#entries()) {
      const known = before.find((one) => sameEntry(one.entry, entry));
      const holder = after.find(({ entry: { clusterId } }) => clusterId === entry.clusterId);
      if (holder !== undefined) after.push(this.#conflict(entry, holder.entry.secret));
      else after.push(known?.registry === undefined ? this.#follow(entry) : known);
    }
    const kept = new Set(after.map(({ registry }) => registry));
    const gone = before.filter(({ registry }) => registry !== undefined && !kept.has(registry));
    for (const { registry, entry } of gone) {
      registry?.stop();
      this.#options.log.info('remote cluster left', { cluster: entry.clusterId });
    }
    this.#followed = after;
    this.#note(
      wholeChange('Secret'),
      gone.some(({ registry }) => registry?.isSynced === true),
    );
  }

  #note(change: ConfigChange, matters: boolean): void {
    this.#clusters = undefined;
    if (matters) this.#options.onChange(change);
  }

  #conflict(entry: Entry, holder: string): Followed {
    const problem = `cluster "${entry.clusterId}" is in ${holder} already: give one of the two another name`;
    return this.#refused(entry, problem, true);
  }

  #refused(entry: Entry, problem: string, isConflict: boolean): Followed {
    this.#options.log.error('remote cluster not followed', {
      cluster: entry.clusterId,
      secret: entry.secret,
      reason: problem,
    });
    const sinceMs = this.#options.clock.nowMs();
    return { entry, registry: undefined, problem, isConflict, sinceMs };
  }

  #follow(entry: Entry): Followed {
    const { clock, log, jitter, connect } = this.#options;
    let client: KubeClient;
    try {
      client = connect(entry.kubeconfig);
    } catch (error) {
      return this.#refused(entry, error instanceof Error ? error.message : String(error), false);
    }
    const registry = new RemoteRegistry({
      clusterId: entry.clusterId,
      client,
      clock,
      log,
      jitter,
      onChange: (change) => this.#note(change, true),
    });
    log.info('remote cluster joins', { cluster: entry.clusterId, secret: entry.secret });
    void registry.start();
    return { entry, registry, problem: '', isConflict: false, sinceMs: clock.nowMs() };
  }
}
