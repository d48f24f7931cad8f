import { readFileSync } from 'node:fs';
import type { BlockList } from 'node:net';
import type { Clock, Logger } from '@lateen/base';
import type { KeyAlgorithm } from '@lateen/identity';
import { createKubeClient, type KubeClient, parseKubeConfig } from '@lateen/kube';
import {
  buildPushContext,
  keySetLocations,
  type MeshConfig,
  type PushContext,
} from '@lateen/translator';
import { typeUrls } from '@lateen/xds';
import { AdsServer, type Connection } from './ads/ads-server.ts';
import { mergeScopes, type PushScope, type ResourceBuilder } from './ads/proxy-stream.ts';
import {
  Debounce,
  type DebounceDelays,
  defaultConfigDelays,
  defaultEndpointDelays,
} from './debounce.ts';
import {
  type ConfigChange,
  mergeChanges,
  scopeForProxy,
  withClusters,
} from './ingest/config-change.ts';
import { rootsInForce } from './ingest/foreign-roots.ts';
import { Ingest } from './ingest/ingest.ts';
import { defaultInjectionOptions } from './injection/injection-options.ts';
import { createKeySetFetch } from './key-sets/key-set-fetch.ts';
import { KeySetResolver } from './key-sets/key-set-resolver.ts';
import { serviceAddress } from './key-sets/service-address.ts';
import { meshBuilder } from './mesh-builder.ts';
import { metricsPage } from './metrics/metrics-page.ts';
import { createPilotMetrics } from './metrics/pilot-metrics.ts';
import { PilotError } from './pilot-error.ts';
import { PushQueue } from './push-queue.ts';
import { AutoRegistration } from './registration/auto-registration.ts';
import { ResourcePool } from './resource-pool.ts';
import type { RootRotation } from './security/mesh-authority.ts';
import { MeshSecurity } from './security/mesh-security.ts';
import { networkProblems } from './status/network-problems.ts';
import { publicPages, statusPages } from './status/pages.ts';
import { registryServices } from './status/registry.ts';
import { StatusServer } from './status/status-server.ts';

/** Namespace of the mesh configuration unless told otherwise. */
const defaultRootNamespace = 'istio-system';

export interface PilotOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1): spreads retries towards the API server. */
  readonly jitter: () => number;
  /** `host:port` of xDS over gRPC in plaintext, where every node is believed; port 0 takes a free one. Absent: off. */
  readonly grpcAddress?: string;
  /**
   * `host:port` of xDS and the certificate service over TLS; port 0 takes a free one. Absent: off, and
   * this control plane has no certificate authority.
   */
  readonly secureAddress?: string;
  /** Of a self-signed root. Default ECDSA P-256. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** Default `defaultRootRotation`. */
  readonly rootRotation?: RootRotation;
  /** `host:port` of status pages and metrics. */
  readonly httpAddress: string;
  /**
   * Unix socket for all status pages; `httpAddress` then has readiness and metrics only, as the others
   * tell any stranger on the network how every workload is configured. Default: none.
   */
  readonly debugSocket?: string;
  /** Name under which status pages show this control plane. */
  readonly podName: string;
  /** Default `istio-system`. */
  readonly rootNamespace?: string;
  /** Id of the cluster behind `client`. Default `Kubernetes`. */
  readonly clusterId?: string;
  /** Makes a client of a remote Secret's kubeconfig. Throws what is wrong with it. Default: over HTTPS. */
  readonly connect?: (kubeconfig: string) => KubeClient;
  /** Addresses from which no key set is fetched. Default none. */
  readonly blockedKeySetAddresses?: BlockList;
  /** Who fetches key sets. Default istiod. */
  readonly jwksFetchMode?: MeshConfig['jwksFetchMode'];
  /** Percent of requests that are traced where nobody says. Default 1. */
  readonly traceSampling?: number;
  /** Default 20 minutes, in milliseconds. */
  readonly keySetRefreshMs?: number;
  /** Default `defaultConfigDelays`. */
  readonly configDelays?: DebounceDelays;
  /** For changes of endpoints only. Default `defaultEndpointDelays`. */
  readonly endpointDelays?: DebounceDelays;
  /** Gives the event loop a turn between pushes: `setImmediate`. */
  readonly yieldTurn: () => Promise<void>;
  /** Stops a start that still waits for the API server. */
  readonly signal?: AbortSignal;
}

/** Nothing of this machine gets into what is sent to an address that a Secret names. */
const connectByKubeconfig = (kubeconfig: string): KubeClient =>
  createKubeClient(parseKubeConfig(kubeconfig, { files: 'refused' }));

/** A running control plane. */
export interface Pilot {
  /** 0 when it is off. */
  readonly grpcPort: number;
  /** 0 when it is off. */
  readonly securePort: number;
  readonly httpPort: number;
  /** Stops following the API server, ends all streams, closes both servers. */
  close(): Promise<void>;
}

interface PendingPush {
  readonly scope: PushScope;
  /** When the first change in it came; milliseconds since the epoch. */
  readonly firstMs: number;
  /** Since when it waits for its turn. */
  readonly queuedMs: number;
}

/** Kinds of the registry; all others are configuration. */
const registryKinds: ReadonlySet<string> = new Set(['Service', 'EndpointSlice', 'Pod', 'Node']);

/** Istio's words for what a change is about. */
const updateTypes: Readonly<Record<string, string>> = {
  Service: 'svc',
  EndpointSlice: 'eds',
  Pod: 'eds',
};

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

/** The parts of a control plane, wired. Started by `startPilot`. */
export class RunningPilot {
  readonly #options: PilotOptions;
  readonly #metrics = createPilotMetrics(version);
  readonly #stop = new AbortController();
  readonly #ingest: Ingest;
  readonly #ads: AdsServer;
  readonly #registration: AutoRegistration;
  readonly #status: StatusServer;
  readonly #debug: StatusServer | undefined;
  readonly #debounce: Debounce<ConfigChange>;
  readonly #queue: PushQueue<Connection, PendingPush>;
  readonly #pool = new ResourcePool();
  readonly #security: MeshSecurity | undefined;
  readonly #keySets: KeySetResolver;
  #push: PushContext | undefined;
  #networkProblems: ReadonlyMap<string, string> = new Map();
  #builder: ResourceBuilder = { build: () => [] };

  constructor(options: PilotOptions) {
    this.#options = options;
    const { client, clock, log, jitter } = options;
    this.#debounce = new Debounce({
      clock,
      merge: mergeChanges,
      delaysOf: ({ scope }) =>
        scope === 'all' || scope.size > 1
          ? (options.configDelays ?? defaultConfigDelays)
          : (options.endpointDelays ?? defaultEndpointDelays),
      flush: (change, firstMs) => this.#publish(change, firstMs),
    });
    this.#keySets = this.#createKeySets();
    this.#ingest = new Ingest({
      client,
      clock,
      log,
      jitter,
      rootNamespace: options.rootNamespace ?? defaultRootNamespace,
      clusterId: options.clusterId ?? defaultInjectionOptions.clusterId,
      connect: options.connect ?? connectByKubeconfig,
      keySets: () => this.#keySets.keySets,
      ...(options.jwksFetchMode !== undefined && { jwksFetchMode: options.jwksFetchMode }),
      ...(options.traceSampling !== undefined && { traceSampling: options.traceSampling }),
      onChange: (change) => {
        for (const kind of change.kinds)
          this.#metrics.inboundUpdates.add(1, { type: updateTypes[kind] ?? 'config' });
        this.#debounce.add(change);
      },
      onEvent: (type, event) => this.#countEvent(type, event),
    });
    this.#queue = new PushQueue({
      merge: (pending, added) => ({
        scope: mergeScopes(pending.scope, added.scope),
        firstMs: Math.min(pending.firstMs, added.firstMs),
        queuedMs: Math.min(pending.queuedMs, added.queuedMs),
      }),
      run: (connection, pending) => this.#pushTo(connection, pending),
      yieldTurn: options.yieldTurn,
    });
    this.#security = options.secureAddress === undefined ? undefined : this.#createSecurity();
    this.#registration = new AutoRegistration({
      client,
      clock,
      log,
      controller: options.podName,
      entries: this.#ingest.informer('workloadEntries'),
    });
    this.#ads = new AdsServer({
      clock,
      log,
      metrics: this.#metrics,
      builder: () => this.#builder,
      onDisconnect: (connection) => this.#queue.forget(connection),
      registration: this.#registration,
      ...(this.#security !== undefined && { guard: this.#security }),
    });
    const pages = statusPages({
      ads: this.#ads,
      ingest: this.#ingest,
      keySets: this.#keySets,
      metricsText: () =>
        metricsPage(this.#metrics, {
          push: this.#push,
          pods: this.#ingest.pods,
          connections: this.#ads.connections,
          remoteClusters: this.#ingest.remoteStatus().length,
          root: this.#security?.authority.roots[0],
        }),
      controlPlane: { podName: options.podName },
      isReady: () => this.#push !== undefined,
      registry: () => registryServices(this.#push),
      diagnostics: () => this.#push?.diagnostics ?? [],
      networkProblems: () => this.#networkProblems,
    });
    const isSplit = options.debugSocket !== undefined;
    this.#status = new StatusServer(isSplit ? publicPages(pages) : pages, log);
    this.#debug = isSplit ? new StatusServer(pages, log) : undefined;
  }

  async start(): Promise<Pilot> {
    const {
      grpcAddress,
      secureAddress = '',
      httpAddress,
      debugSocket,
      signal,
      log,
    } = this.#options;
    const httpPort = await this.#status.listen(httpAddress);
    if (debugSocket !== undefined) await this.#debug?.listenOn(debugSocket);
    await this.#untilSynced(signal);
    const secured = this.#security?.start(this.#stop.signal);
    // No proxy is told that there are no keys because a control plane is new.
    const untried = this.#rebuild();
    if (untried !== undefined) {
      await untried;
      void this.#rebuild();
    }
    await secured;
    const securePort = (await this.#security?.listen(this.#ads.server, secureAddress)) ?? 0;
    const grpcPort = grpcAddress === undefined ? 0 : await this.#ads.listen(grpcAddress);
    this.#registration.start();
    log.info('control plane ready', { grpcPort, securePort, httpPort });
    return { grpcPort, securePort, httpPort, close: () => this.close() };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#keySets.stop();
    this.#debounce.stop();
    await this.#ads.close();
    this.#registration.stop();
    this.#security?.stop();
    await this.#status.close();
    await this.#debug?.close();
  }

  #countEvent(type: string, event: string): void {
    const { registryEvents, configEvents } = this.#metrics;
    (registryKinds.has(type) ? registryEvents : configEvents).add(1, { type, event });
  }

  #createKeySets(): KeySetResolver {
    const { clock, log, jitter, blockedKeySetAddresses: blocked } = this.#options;
    const { keySetRefreshMs: refreshMs } = this.#options;
    return new KeySetResolver({
      ...(refreshMs !== undefined && { refreshMs }),
      ...{ clock, log, jitter },
      metrics: this.#metrics,
      fetch: createKeySetFetch({
        serviceAddress: (hostname) => this.#push && serviceAddress(this.#push, hostname),
        ...(blocked !== undefined && { blocked }),
      }),
      onChange: () => {
        const scope = new Set([typeUrls.listener]);
        this.#debounce.add({ scope, kinds: new Set(['JsonWebKeySet']), addresses: new Set() });
      },
    });
  }

  #createSecurity(): MeshSecurity {
    const { client, clock, log, jitter, keyAlgorithm, rootRotation, rootNamespace } = this.#options;
    return new MeshSecurity({
      client,
      clock,
      log,
      jitter,
      metrics: this.#metrics,
      rootNamespace: rootNamespace ?? defaultRootNamespace,
      trustDomains: () => {
        const { trustDomain, trustDomainAliases } = this.#ingest.meshSettings;
        return [trustDomain, ...trustDomainAliases];
      },
      foreignRoots: () => {
        const { meshSettings } = this.#ingest;
        return rootsInForce(meshSettings.foreignRoots, meshSettings);
      },
      namespaces: this.#ingest.informer('namespaces'),
      pods: () => this.#ingest.pods,
      clusterId: this.#options.clusterId ?? defaultInjectionOptions.clusterId,
      remote: this.#ingest.remote,
      secrets: this.#ingest.informer('secrets'),
      onAccessChange: () => {
        const scope = new Set([typeUrls.secret]);
        this.#debounce.add({ scope, kinds: new Set(['Secret']), addresses: new Set() });
      },
      ...(keyAlgorithm !== undefined && { keyAlgorithm }),
      ...(rootRotation !== undefined && { rotation: rootRotation }),
    });
  }

  async #untilSynced(signal: AbortSignal | undefined): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void =>
      aborted.reject(new PilotError('aborted', 'stopped before the API server was read'));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    try {
      await Promise.race([this.#ingest.start(this.#stop.signal), aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Resolves when key sets that are new have been tried; undefined: there are none. */
  #rebuild(): Promise<void> | undefined {
    const { clock } = this.#options;
    const startedMs = clock.nowMs();
    this.#push = buildPushContext(this.#ingest.inputs(), this.#push);
    this.#noteNetworks(networkProblems(this.#push));
    this.#pool.rotate();
    this.#builder = meshBuilder(this.#push, this.#pool);
    this.#metrics.contextInit.observe((clock.nowMs() - startedMs) / 1_000);
    this.#metrics.services.set(this.#push.services.services.length);
    this.#metrics.virtualServices.set(this.#push.virtualServices.length);
    const { jwksFetchMode } = this.#push.meshConfig;
    // Proxies cannot do discovery.
    const locations = keySetLocations(this.#push).filter(
      ({ kind }) => jwksFetchMode !== 'envoy' || kind === 'discovery',
    );
    return this.#keySets.follow(locations);
  }

  #noteNetworks(problems: ReadonlyMap<string, string>): void {
    const known = this.#networkProblems;
    this.#networkProblems = problems;
    for (const [cluster, reason] of problems)
      if (known.get(cluster) !== reason)
        this.#options.log.warn('network of a cluster', { cluster, reason });
  }

  #publish(change: ConfigChange, firstMs: number): void {
    const waitedMs = this.#options.clock.nowMs() - firstMs;
    this.#metrics.debounceTime.observe(waitedMs / 1_000);
    for (const type of change.kinds) this.#metrics.triggers.add(1, { type });
    const identities = this.#push?.serviceAccounts;
    this.#security?.authority.reviewForeignRoots();
    const untried = this.#rebuild();
    // Clusters check servers by the identities behind a service, which endpoints bring along.
    const merged = this.#push?.serviceAccounts === identities ? change : withClusters(change);
    if (untried !== undefined) {
      // Good tokens are not refused in between, because a policy comes before its keys.
      void untried.then(() => {
        if (!this.#stop.signal.aborted) this.#debounce.add(merged);
      });
      return;
    }
    const queuedMs = this.#options.clock.nowMs();
    this.#endStreamsOfLostClusters();
    for (const connection of this.#ads.connections) {
      const scope = scopeForProxy(merged, connection.stream.proxy.addresses);
      this.#queue.enqueue(connection, { scope, firstMs, queuedMs });
    }
  }

  /**
   * A cluster whose Secret is gone, or that clashes with another now, has nothing any more: its proxies are
   * sent away, and keep what they have, rather than being told so.
   */
  #endStreamsOfLostClusters(): void {
    const problems = new Map<string, string | undefined>();
    for (const connection of this.#ads.connections) {
      const { clusterId } = connection.stream.proxy;
      if (!problems.has(clusterId))
        problems.set(clusterId, this.#ingest.remote.problemOf(clusterId));
      const problem = problems.get(clusterId);
      // In plaintext every node is believed.
      if (problem !== undefined && connection.identity !== undefined)
        this.#ads.end(connection, problem);
    }
  }

  #pushTo(connection: Connection, { scope, firstMs, queuedMs }: PendingPush): void {
    const { clock, log } = this.#options;
    this.#metrics.queueTime.observe((clock.nowMs() - queuedMs) / 1_000);
    try {
      connection.stream.push(this.#builder, scope);
      this.#metrics.convergence.observe((clock.nowMs() - firstMs) / 1_000);
    } catch (error) {
      // The proxy keeps what it has; the others must not pay for it.
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#metrics.internalErrors.add(1);
      log.error('push failed', { connection: connection.id, reason });
    }
  }
}
