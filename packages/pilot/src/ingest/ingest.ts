import type { KubeObject } from '@lateen/api';
import { type Clock, formatDiagnostic, type Logger } from '@lateen/base';
import { Informer, type InformerChange, isKubeError, type KubeClient } from '@lateen/kube';
import { defaultMeshConfig, type MeshConfig, type MeshInputs } from '@lateen/translator';
import type { PushScope } from '../ads/proxy-stream.ts';
import { type ConfigChange, workloadAddresses } from './config-change.ts';
import { readMeshConfigText } from './mesh-config-text.ts';
import {
  type Fields,
  isRelevantChange,
  type WatchedKind,
  type WatchedKindName,
  watchedKinds,
} from './watched-kind.ts';

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
  /** Called after each change that matters, once everything has been read. */
  readonly onChange: (change: ConfigChange) => void;
  /** Called for every event, with the kind and what happened to it. */
  readonly onEvent: (kind: string, event: 'add' | 'update' | 'delete') => void;
}

/** Until key sets are fetched, tokens whose keys are not inline are invalid. */
const noKeySets: ReadonlyMap<string, string> = new Map();

/** How well one kind is followed. */
export interface IngestStatus {
  readonly kind: string;
  readonly objects: number;
  /** `away`: the API server cannot be reached, and the last known state is served. */
  readonly state: 'followed' | 'away' | 'not-installed';
  readonly lastError: string | undefined;
}

const stateOf = ({ connected, lastError }: Informer<KubeObject>): IngestStatus['state'] => {
  if (connected) return 'followed';
  return isKubeError(lastError, 'not-found') ? 'not-installed' : 'away';
};

/** Follows the API server and holds what pushes are computed from. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #informers: ReadonlyMap<WatchedKindName, Informer<KubeObject>>;
  /** Arrays keep their identity until something in them changes that matters. */
  readonly #lists = new Map<WatchedKindName, readonly KubeObject[]>();
  #meshConfig: MeshConfig = defaultMeshConfig;
  #meshConfigError: string | undefined;
  #isSynced = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    const { client, clock, log, jitter, rootNamespace } = options;
    this.#informers = new Map(
      Object.entries(watchedKinds).map(([name, { resource }]) => [
        name as WatchedKindName,
        new Informer<KubeObject>({
          client,
          resource,
          clock,
          log,
          jitter,
          ...(name === 'configMaps'
            ? { namespace: rootNamespace, fieldSelector: `metadata.name=${meshConfigName}` }
            : {}),
        }),
      ]),
    );
    for (const [name, informer] of this.#informers)
      informer.onChange((change) => this.#note(name, watchedKinds[name], change));
  }

  /** Starts following until the signal fires. Resolves when everything has been read once. */
  async start(signal: AbortSignal): Promise<void> {
    for (const informer of this.#informers.values()) void informer.run(signal);
    const reads = [...this.#informers].map(([name, informer]) =>
      watchedKinds[name].isOptional
        ? Promise.race([informer.synced, this.#absence(watchedKinds[name], signal)])
        : informer.synced,
    );
    await Promise.all(reads);
    this.#isSynced = true;
  }

  /** The cache of a kind, for parts that follow it themselves. */
  informer(name: WatchedKindName): Informer<KubeObject> {
    const found = this.#informers.get(name);
    if (found === undefined) throw new RangeError(`${name} is not watched`);
    return found;
  }

  get isSynced(): boolean {
    return this.#isSynced;
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
      keySets: noKeySets,
    };
  }

  status(): readonly IngestStatus[] {
    return [...this.#informers].map(([name, informer]) => ({
      kind: watchedKinds[name].resource.kind,
      objects: informer.list().length,
      state: stateOf(informer),
      lastError:
        informer.lastError?.message ?? (name === 'configMaps' ? this.#meshConfigError : undefined),
    }));
  }

  #list(name: WatchedKindName): readonly KubeObject[] {
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = this.#informers.get(name)?.list() ?? [];
      this.#lists.set(name, list);
    }
    return list;
  }

  #note(name: WatchedKindName, kind: WatchedKind, change: InformerChange<KubeObject>): void {
    const { before, after } = change;
    const event = before === undefined ? 'add' : after === undefined ? 'delete' : 'update';
    this.#options.onEvent(kind.resource.kind, event);
    const isRelevant = isRelevantChange(
      kind,
      before as Fields | undefined,
      after as Fields | undefined,
    );
    if (!isRelevant) return;
    this.#lists.delete(name);
    if (name === 'configMaps' && !this.#readMeshConfig(change)) return;
    if (!this.#isSynced) return;
    const touchesWorkloads = name === 'pods' || name === 'endpointSlices';
    const addresses = touchesWorkloads
      ? [...workloadAddresses(before), ...workloadAddresses(after)]
      : [];
    this.#options.onChange({
      scope: this.#scopeOf(name, kind),
      kinds: new Set([kind.resource.kind]),
      addresses: new Set(addresses),
    });
  }

  /** Destinations of virtual services join a Sidecar's scope, and so decide which clusters there are. */
  #scopeOf(name: WatchedKindName, { scope }: WatchedKind): PushScope {
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
    this.#meshConfigError = undefined;
    this.#meshConfig = {
      ...value,
      rootNamespace: value.rootNamespace || defaultMeshConfig.rootNamespace,
    };
    return true;
  }

  /** Resolves when the API server says it has no such kind; otherwise never. */
  async #absence({ resource }: WatchedKind, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.client.list(resource, { signal });
    } catch (error) {
      if (isKubeError(error, 'not-found')) {
        this.#options.log.warn('kind is not installed', { kind: resource.kind });
        return;
      }
    }
    await new Promise<never>(() => undefined);
  }
}
