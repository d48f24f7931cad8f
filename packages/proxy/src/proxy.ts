import { create, toBinary } from '@bufbuild/protobuf';
import { formatDiagnostic, type Logger, silentLogger } from '@lateen/base';
import {
  compileStatsSettings,
  type Dice,
  type FormatNode,
  type StatsSettings,
} from '@lateen/routing';
import { typeUrls } from '@lateen/xds';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { NodeSchema } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { SecretSchema } from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { watchLogFiles } from './access-log/access-logger.ts';
import { LogCollectors } from './access-log/log-collectors.ts';
import { LogSinks } from './access-log/log-sink.ts';
import type { AdminContext } from './admin/admin-context.ts';
import { AdminServer } from './admin/admin-server.ts';
import { startAds } from './ads/ads-start.ts';
import { SdsDirectory } from './ads/sds-directory.ts';
import { localZoneOf } from './cluster/local-zone.ts';
import { Clusters } from './config/clusters.ts';
import { Configuration } from './config/configuration.ts';
import { ResourceLog } from './config/resource-log.ts';
import { KeySets } from './filters/envoy.filters.http.jwt_authn/key-sets.ts';
import type { FilterEnvironment } from './filters/filter-registry.ts';
import { createMeshIdentity } from './filters/istio.stats/mesh-identity.ts';
import { createMeshSeries } from './filters/istio.stats/mesh-series.ts';
import { createRequestIds } from './http/request-id.ts';
import { ListenerSet } from './listener/listener-set.ts';
import { ProxyError } from './proxy-error.ts';
import { StatsRegistry } from './stats/registry.ts';
import { Ticker } from './ticker.ts';
import { loadedCertificates } from './tls/loaded-certificates.ts';
import { SecretStore } from './tls/secret-store.ts';
import { SecureContexts } from './tls/secure-context.ts';
import { createTracingEnvironment, lastReportMs } from './tracing/tracing-environment.ts';

/** What a proxy takes from outside. */
export interface ProxyDependencies {
  /** Default: silent. */
  readonly log?: Logger;
  /** Default: `Math.random`. */
  readonly dice?: Dice;
  /** How long replaced listeners and a stopping proxy let requests finish. Default 45 s, as Istio's drainDuration. */
  readonly drainMs?: number;
  /** Where SDS certificates are put. Default: an empty store. */
  readonly secrets?: SecretStore;
  /**
   * Address for the endpoints that Istio's agent serves beside Envoy: 15020 merged metrics and
   * readiness, 15021 readiness, 15090 metrics. Default: none are served.
   */
  readonly statusAddress?: string;
  /** Where the app's own metrics are, merged with the proxy's at 15020 (`ISTIO_PROMETHEUS_ANNOTATIONS`). */
  readonly prometheusAnnotations?: string;
  /** Level of `log`, changed by `/logging`. */
  readonly logLevel?: AdminContext['logLevel'];
  /** Called for `/quitquitquit`. */
  readonly quit?: () => void;
}

/** Default of `drainMs`. */
const defaultDrainMs = 45_000;
/** Idle connections are looked at so often. */
const sweepIntervalMs = 1000;

/** A running proxy. */
export interface ProxyServer {
  readonly stats: StatsRegistry;
  readonly configuration: Configuration;
  readonly listeners: ListenerSet;
  /** `host:port` the admin server is bound to; undefined without one. */
  readonly adminAddress: string | undefined;
  /** Listeners are in service and, with ADS, a first configuration has come. */
  readonly isReady: boolean;
  /** Port a listener is bound to; of interest when it asked for port 0. */
  listenerPort(name: string): number | undefined;
  /** Accepts no more, lets requests finish up to `limitMs`, then closes everything. */
  drain(limitMs: number): Promise<void>;
  /** Closes everything at once. */
  stop(): Promise<void>;
}

const randomDice: Dice = (limit) => Math.floor(Math.random() * limit);

const nowMs = (): number => performance.now();
const wallMs = (): number => Date.now();

const loadStatic = async (configuration: Configuration, bootstrap: Bootstrap): Promise<void> => {
  const resources = bootstrap.staticResources;
  const incoming = [
    ...(resources?.secrets ?? []).map((secret) => ({
      typeUrl: typeUrls.secret,
      name: secret.name,
      version: '',
      bytes: toBinary(SecretSchema, secret),
    })),
    ...(resources?.clusters ?? []).map((cluster) => ({
      typeUrl: typeUrls.cluster,
      name: cluster.name,
      version: '',
      bytes: toBinary(ClusterSchema, cluster),
    })),
    ...(resources?.listeners ?? []).map((listener) => ({
      typeUrl: typeUrls.listener,
      name: listener.name,
      version: '',
      bytes: toBinary(ListenerSchema, listener),
    })),
  ];
  for (const resource of incoming) {
    const reason = await configuration.apply(resource, true);
    if (reason === undefined) continue;
    throw new ProxyError('BootstrapInvalid', `static resource ${resource.name}: ${reason}`);
  }
};

const portOf = (listeners: ListenerSet, name: string): number | undefined => {
  const address = listeners.addresses(name)[0]?.address;
  return typeof address === 'object' && address !== null ? address.port : undefined;
};

/** How often a draining proxy looks whether it is done. */
const drainPollMs = 50;

/** Waits until no connection is left, or for the deadline. */
const lastConnection = async (listeners: ListenerSet, deadlineMs: number): Promise<void> => {
  while (listeners.connectionCount > 0 && nowMs() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, drainPollMs));
  }
};

const nodeOf = ({ node }: Bootstrap): FormatNode => {
  const { id = '', cluster = '', metadata = {}, locality } = node ?? {};
  const { region = '', zone = '', subZone = '' } = locality ?? {};
  return { id, cluster, metadata, locality: { region, zone, sub_zone: subZone } };
};

const filterEnvironment = (
  node: FormatNode,
  shared: Pick<FilterEnvironment, 'clusters' | 'dice' | 'stats' | 'log'> & {
    readonly nowMs: () => number;
  },
): FilterEnvironment => ({
  ...shared,
  identity: createMeshIdentity(node),
  series: createMeshSeries(shared.stats, shared.log, node.metadata),
  keys: new KeySets(shared),
  wallMs,
});

/** Throws `ProxyError`. */
const statsSettings = ({ statsConfig }: Bootstrap): StatsSettings => {
  const { value, diagnostics } = compileStatsSettings(statsConfig);
  if (value !== undefined) return value;
  throw new ProxyError('BootstrapInvalid', diagnostics.map(formatDiagnostic).join('; '));
};

const adminOptions = ({
  logLevel,
  statusAddress,
  prometheusAnnotations,
  quit,
}: ProxyDependencies) => ({
  ...(prometheusAnnotations !== undefined && { prometheusAnnotations }),
  ...(logLevel !== undefined && { logLevel }),
  ...(statusAddress !== undefined && { statusAddress }),
  ...(quit !== undefined && { quit }),
});

/**
 * Starts a proxy from a bootstrap. Rejects with `ProxyError` when a static resource is invalid or
 * the admin address cannot be bound.
 */
export const startProxy = async (
  bootstrap: Bootstrap,
  deps: ProxyDependencies = {},
): Promise<ProxyServer> => {
  const log = deps.log ?? silentLogger;
  const dice = deps.dice ?? randomDice;
  const stats = new StatsRegistry(statsSettings(bootstrap));
  const secrets = deps.secrets ?? new SecretStore();
  const contexts = new SecureContexts(secrets, stats);
  const ticker = new Ticker(nowMs);
  const sinks = new LogSinks();
  watchLogFiles(sinks, stats);
  const node = nodeOf(bootstrap);
  const localZone = localZoneOf(bootstrap, (name) => clusters.get(name)?.endpoints);
  const clusters: Clusters = new Clusters({ stats, contexts, dice, nowMs, localZone });
  secrets.comesByAds = bootstrap.dynamicResources?.adsConfig !== undefined;
  const shared = { clusters, dice, stats, nowMs, log };
  const parts = { ...shared, resources: new ResourceLog(), secrets, wallMs, bootstrap };
  const configuration = new Configuration(parts);
  const collectors = new LogCollectors({ ...shared, node });
  const tracing = createTracingEnvironment(bootstrap, shared);
  const listeners = new ListenerSet(
    {
      http: { ...shared, ticker, newRequestId: createRequestIds(), node },
      tcp: { ...shared, node },
      contexts,
      logs: { files: sinks, collectors },
      log,
      filters: filterEnvironment(node, shared),
      tracing,
      routes: (name) => configuration.routes(name),
    },
    deps.drainMs ?? defaultDrainMs,
  );
  configuration.useListeners(listeners);
  const sweep = setInterval(() => listeners.sweep(nowMs()), sweepIntervalMs).unref();

  const adsDeps = { configuration, log, dice, stats, contexts };
  const sds = new SdsDirectory(adsDeps, bootstrap.node ?? create(NodeSchema));
  await loadStatic(configuration, bootstrap);
  const ads = await startAds(bootstrap, adsDeps);
  const isReady = (): boolean => ads === undefined || ads.isReady;
  const admin = await AdminServer.start({
    bootstrap,
    configuration,
    listeners,
    stats,
    log,
    isReady,
    certificates: () => loadedCertificates(configuration, listeners, contexts),
    ...adminOptions(deps),
  });

  const stop = async (): Promise<void> => {
    clearInterval(sweep);
    ticker.stop();
    ads?.stop();
    sds.stop();
    listeners.destroy();
    await Promise.all([tracing.tracers.close(lastReportMs), collectors.close(lastReportMs)]);
    clusters.stop();
    await admin.stop();
    await sinks.close();
  };
  return {
    stats,
    configuration,
    listeners,
    get adminAddress() {
      return admin.address;
    },
    get isReady() {
      return isReady();
    },
    listenerPort: (name) => portOf(listeners, name),
    drain: async (limitMs) => {
      admin.markDraining();
      listeners.drain();
      await lastConnection(listeners, nowMs() + limitMs);
      await stop();
    },
    stop,
  };
};
