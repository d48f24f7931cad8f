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
  stop(): void;
}

/**
 * Clusters without a control plane of their own that say this one is theirs (Istio's primary-remote): it
 * writes the roots of the mesh into their namespaces and hands their gateways the Secrets they have there.
 */
export class ControlledClusters {
  readonly #options: ControlledClustersOptions;
  readonly #controlled = new Map<string, Controlled>();
  #watches: readonly (() => void)[] = [];

  constructor(options: ControlledClustersOptions) {
    this.#options = options;
  }

  /** From now on these are all other clusters there are. */
  follow(clusters: readonly FollowedCluster[]): void {
    for (const stop of this.#watches) stop();
    for (const [id, { client }] of this.#controlled)
      if (!clusters.some((one) => one.client === client)) this.#end(id);
    this.#watches = clusters.map((cluster) => {
      const check = (): void => this.#check(cluster);
      return cluster.namespaces.onChange(({ before, after }) => {
        if ((after ?? before)?.metadata.name === this.#options.rootNamespace) check();
      });
    });
  }

  /** Undefined for clusters that are not under this control plane. */
  secrets(clusterId: string): SecretSource | undefined {
    return this.#controlled.get(clusterId);
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
    if (!isOurs) this.#end(id);
    else if (!this.#controlled.has(id)) this.#controlled.set(id, this.#begin(cluster));
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
    return {
      client,
      access: new SecretAccess(client, clock, log),
      find: (namespace, name) => secrets.get(name, namespace),
      stop: () => {
        stop.abort();
        publisher.stop();
      },
    };
  }

  #end(clusterId: string): void {
    this.#controlled.get(clusterId)?.stop();
    if (this.#controlled.delete(clusterId))
      this.#options.log.info('remote cluster is not under this control plane any more', {
        cluster: clusterId,
      });
  }
}
