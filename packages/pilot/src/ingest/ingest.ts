import type { KubeObject } from '@lateen/api';
import { type Clock, formatDiagnostic, type Logger } from '@lateen/base';
import type { Informer, InformerChange, KubeClient } from '@lateen/kube';
import type { MeshInputs } from '@lateen/translator';
import type { PushScope } from '../ads/proxy-stream.ts';
import { type CollectionStatus, Collections } from './collections.ts';
import { type ConfigChange, objectChange } from './config-change.ts';
import { defaultMeshSettings, type MeshSettings, readMeshConfigText } from './mesh-config-text.ts';
import { type RemoteClusterStatus, RemoteClusters } from './remote-clusters.ts';
import { type WatchedKindName, watchedKinds } from './watched-kind.ts';

/** Where Istio keeps its mesh configuration. */
const meshConfigName = 'istio';
const meshConfigKey = 'mesh';

export interface IngestOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Namespace of the ConfigMap `istio`. */
  readonly rootNamespace: string;
  /** Id of the cluster that is followed. */
  readonly clusterId: string;
  /** Makes a client of another cluster's kubeconfig. Throws what is wrong with it. */
  readonly connect: (kubeconfig: string) => KubeClient;
  /** Not in the mesh configuration, but istiod's own setting. Default istiod. */
  readonly jwksFetchMode?: MeshSettings['jwksFetchMode'];
  /** Not in the mesh configuration either. Default 1. */
  readonly traceSampling?: number;
  /** Key sets as fetched; a change is another map. */
  readonly keySets: () => ReadonlyMap<string, string>;
  /** Called after each change that matters, once everything has been read. */
  readonly onChange: (change: ConfigChange) => void;
  /** Called for every event, with the kind and what happened to it. */
  readonly onEvent: (kind: string, event: 'add' | 'update' | 'delete') => void;
}

/** Follows the API server and holds what pushes are computed from. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #collections: Collections;
  readonly #remote: RemoteClusters;
  #meshConfig: MeshSettings;
  #meshConfigError: string | undefined;
  #isSynced = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#meshConfig = this.#withOwnSettings(defaultMeshSettings);
    const { client, clock, log, jitter, rootNamespace, onEvent } = options;
    this.#collections = new Collections({
      client,
      clock,
      log,
      jitter,
      onEvent,
      kinds: Object.keys(watchedKinds) as WatchedKindName[],
      selections: {
        configMaps: { namespace: rootNamespace, fieldSelector: `metadata.name=${meshConfigName}` },
      },
      onChange: (name, change) => this.#note(name, change),
    });
    this.#remote = new RemoteClusters({
      clusterId: options.clusterId,
      rootNamespace,
      secrets: this.#collections.informer('secrets'),
      own: () => ({
        clusterId: options.clusterId,
        pods: this.#list('pods'),
        namespaces: this.#list('namespaces'),
        nodes: this.#list('nodes'),
      }),
      ownRead: () => this.#collections.informer('namespaces').synced,
      clock,
      log,
      jitter,
      connect: options.connect,
      onChange: (change) => {
        if (this.#isSynced) options.onChange(change);
      },
    });
  }

  /**
   * Starts following until the signal fires. Resolves when everything of this cluster has been read once,
   * and of the others what can be read.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#remote.start();
    signal.addEventListener('abort', () => this.#remote.stop(), { once: true });
    await this.#collections.start(signal);
    await this.#remote.tried();
    this.#isSynced = true;
  }

  /** The cache of a kind, for parts that follow it themselves. */
  informer(name: WatchedKindName): Informer<KubeObject> {
    return this.#collections.informer(name);
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get meshSettings(): MeshSettings {
    return this.#meshConfig;
  }

  /** Pods of this cluster. */
  get pods(): readonly KubeObject[] {
    return this.#list('pods');
  }

  /** What a push is computed from now. */
  inputs(): MeshInputs {
    return {
      meshConfig: this.#meshConfig,
      services: this.#list('services'),
      endpointSlices: this.#list('endpointSlices'),
      pods: this.#list('pods'),
      namespaces: this.#list('namespaces'),
      nodes: this.#list('nodes'),
      virtualServices: this.#list('virtualServices'),
      destinationRules: this.#list('destinationRules'),
      gateways: this.#list('gateways'),
      serviceEntries: this.#list('serviceEntries'),
      sidecars: this.#list('sidecars'),
      workloadEntries: this.#list('workloadEntries'),
      peerAuthentications: this.#list('peerAuthentications'),
      requestAuthentications: this.#list('requestAuthentications'),
      authorizationPolicies: this.#list('authorizationPolicies'),
      telemetries: this.#list('telemetries'),
      keySets: this.#options.keySets(),
      clusterId: this.#options.clusterId,
      remoteClusters: this.#remote.clusters,
    };
  }

  status(): readonly CollectionStatus[] {
    return this.#collections
      .status()
      .map((one) =>
        one.name === 'configMaps' && this.#meshConfigError !== undefined
          ? { ...one, lastError: one.lastError ?? this.#meshConfigError }
          : one,
      );
  }

  /** The other clusters of the mesh. */
  get remote(): Pick<RemoteClusters, 'access' | 'problemOf' | 'onFollowed'> {
    return this.#remote;
  }

  /** How it goes with them. */
  remoteStatus(): readonly RemoteClusterStatus[] {
    return this.#remote.status();
  }

  #list(name: WatchedKindName): readonly KubeObject[] {
    return this.#collections.list(name);
  }

  #note(name: WatchedKindName, change: InformerChange<KubeObject>): void {
    if (name === 'configMaps' && !this.#readMeshConfig(change)) return;
    if (!this.#isSynced) return;
    this.#options.onChange({ ...objectChange(name, change), scope: this.#scopeOf(name) });
  }

  /** Destinations of virtual services join a Sidecar's scope, and so decide which clusters there are. */
  #scopeOf(name: WatchedKindName): PushScope {
    const { scope } = watchedKinds[name];
    return name === 'virtualServices' && this.#list('sidecars').length > 0 ? 'all' : scope;
  }

  /** Whether the mesh configuration is another one now. */
  #readMeshConfig({ before, after }: InformerChange<KubeObject>): boolean {
    const { name } = (after ?? before)?.metadata ?? {};
    if (name !== meshConfigName) return false;
    const data = (after as { data?: Readonly<Record<string, string>> } | undefined)?.data;
    const { value, diagnostics } = readMeshConfigText(data?.[meshConfigKey] ?? '');
    if (value === undefined) {
      this.#meshConfigError = diagnostics.map(formatDiagnostic).join('; ');
      this.#options.log.error('mesh configuration not taken over', {
        reason: this.#meshConfigError,
      });
      return false;
    }
    for (const diagnostic of diagnostics)
      this.#options.log.warn('mesh configuration', { reason: formatDiagnostic(diagnostic) });
    this.#meshConfigError = undefined;
    this.#meshConfig = this.#withOwnSettings({
      ...value,
      rootNamespace: value.rootNamespace || defaultMeshSettings.rootNamespace,
    });
    return true;
  }

  #withOwnSettings(settings: MeshSettings): MeshSettings {
    const { jwksFetchMode = settings.jwksFetchMode, traceSampling = settings.traceSampling } =
      this.#options;
    return { ...settings, jwksFetchMode, traceSampling };
  }
}
