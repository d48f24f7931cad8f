import type { ConfigMap, Secret } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { Informer, type KubeClient, resources } from '@lateen/kube';
import type { FollowedCluster } from '../ingest/remote-clusters.ts';
import type { MeshAuthority } from './mesh-authority.ts';
import { RootPublisher, rootConfigMapName } from './root-publisher.ts';
import { SecretAccess } from './secret-access.ts';

/** On the root namespace of a cluster: which clusters' control planes are its own, `*` for any (Istio's). */
const controllersAnnotation = 'topology.istio.io/controlPlaneClusters';

export interface ControlledClustersOptions {
  /** The cluster this control plane runs in. */
  readonly clusterId: string;
  readonly rootNamespace: string;
  readonly authority: MeshAuthority;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Asks for all gateways of a cluster that are known whether they may read Secrets there; never rejects. */
  readonly askAgain: (clusterId: string, access: SecretAccess) => Promise<void>;
  /** A Secret that gateways may have is another one now. */
  readonly onSecretChange: () => void;
}

/** What gateways of a cluster may be given. */
export interface SecretSource {
  readonly access: SecretAccess;
  readonly find: (namespace: string, name: string) => Secret | undefined;
}

/** One cluster that is under this control plane. */
interface Controlled extends SecretSource {
  readonly client: KubeClient;
  /** Resolves when its Secrets have been read; rejects when it is stopped before. */
  readonly read: Promise<unknown>;
  stop(): void;
}

/**
 * A gateway waits this long for the Secrets of its cluster to be read: told before that there are none, it
 * would close its TLS ports. Without the right to read them the wait is in vain.
 */
const readTimeoutMs = 5_000;

/**
 * Clusters without a control plane of their own that say this one is theirs (Istio's primary-remote): it
 * writes the roots of the mesh into their namespaces and hands their gateways the Secrets they have there.
 */
export class ControlledClusters {
  readonly #options: ControlledClustersOptions;
  readonly #controlled = new Map<string, Controlled>();
  /** With other credentials than those in `#controlled`, not read yet. */
  readonly #next = new Map<string, Controlled>();
  #watches: readonly (() => void)[] = [];

  constructor(options: ControlledClustersOptions) {
    this.#options = options;
  }

  /** From now on these are all other clusters there are. */
  follow(clusters: readonly FollowedCluster[]): void {
    for (const stop of this.#watches) stop();
    for (const id of new Set([...this.#controlled.keys(), ...this.#next.keys()]))
      if (!clusters.some(({ clusterId }) => clusterId === id)) this.#end(id);
    this.#watches = clusters.map((cluster) =>
      cluster.namespaces.onChange(({ before, after }) => {
        if ((after ?? before)?.metadata.name === this.#options.rootNamespace) this.#check(cluster);
      }),
    );
  }

  /** Undefined for clusters that are not under this control plane. */
  secrets(clusterId: string): SecretSource | undefined {
    return this.#controlled.get(clusterId);
  }

  /** Resolves when the Secrets of a cluster are known, if they ever are. */
  async settled(clusterId: string): Promise<void> {
    const controlled = this.#controlled.get(clusterId);
    if (controlled === undefined) return;
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(readTimeoutMs, () => late.resolve());
    await Promise.race([controlled.read.catch(() => undefined), late.promise]);
    cancel();
  }

  stop(): void {
    this.follow([]);
  }

  #check(cluster: FollowedCluster): void {
    const { clusterId: id, namespaces } = cluster;
    const { rootNamespace, clusterId } = this.#options;
    const { annotations } = namespaces.get(rootNamespace)?.metadata ?? {};
    const controllers = (annotations?.[controllersAnnotation] ?? '').split(',');
    const isOurs = controllers.some((one) => ['*', clusterId].includes(one.trim()));
    const { client } = cluster;
    const isKnown = [this.#controlled.get(id), this.#next.get(id)].some(
      (one) => one?.client === client,
    );
    if (!isOurs) this.#end(id);
    else if (!isKnown) this.#take(id, this.#begin(cluster));
  }

  /** Replaces what there was with other credentials only when it knows as much. */
  #take(id: string, next: Controlled): void {
    this.#next.get(id)?.stop();
    this.#next.delete(id);
    if (!this.#controlled.has(id)) {
      this.#controlled.set(id, next);
      return;
    }
    this.#next.set(id, next);
    const replace = async (): Promise<void> => {
      await next.read;
      await this.#options.askAgain(id, next.access);
      if (this.#next.get(id) !== next) return;
      this.#next.delete(id);
      this.#controlled.get(id)?.stop();
      this.#controlled.set(id, next);
      this.#options.onSecretChange();
    };
    // Stopped before it was read.
    replace().catch(() => undefined);
  }

  #begin({ clusterId, client, namespaces }: FollowedCluster): Controlled {
    const { authority, clock, log, jitter, onSecretChange } = this.#options;
    log.info('remote cluster is under this control plane', { cluster: clusterId });
    const stop = new AbortController();
    const common = { client, clock, log, jitter };
    const configMaps = new Informer<ConfigMap>({
      ...common,
      resource: resources.configMaps,
      fieldSelector: `metadata.name=${rootConfigMapName}`,
    });
    const secrets = new Informer<Secret>({ ...common, resource: resources.secrets });
    const publisher = new RootPublisher({ client, clock, log, authority, namespaces, configMaps });
    secrets.onChange(onSecretChange);
    void secrets.run(stop.signal);
    void configMaps.run(stop.signal);
    const publish = async (): Promise<void> => {
      await configMaps.synced;
      if (!stop.signal.aborted) publisher.start();
    };
    publish().catch(() => undefined);
    const { synced } = secrets;
    return {
      client,
      read: synced,
      access: new SecretAccess(client, clock, log),
      find: (namespace, name) => secrets.get(name, namespace),
      stop: () => {
        stop.abort();
        publisher.stop();
      },
    };
  }

  #end(clusterId: string): void {
    this.#next.get(clusterId)?.stop();
    this.#next.delete(clusterId);
    this.#controlled.get(clusterId)?.stop();
    if (this.#controlled.delete(clusterId))
      this.#options.log.info('remote cluster is not under this control plane any more', {
        cluster: clusterId,
      });
  }
}
