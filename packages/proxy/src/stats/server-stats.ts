import type { ServerState } from '../admin/server-state.ts';
import type { CertificatePem } from '../tls/secure-context.ts';
import { firstExpiryMs } from './certificate-expiry.ts';
import type { Gauge } from './metric.ts';
import { type StatsRegistry, StatsScope } from './registry.ts';

/** What the numbers are read from, when somebody asks. */
export interface ServerFacts {
  readonly state: () => ServerState;
  readonly connections: () => number;
  readonly clusters: () => { readonly active: number; readonly warming: number };
  readonly listeners: () => {
    readonly active: number;
    readonly warming: number;
    readonly draining: number;
  };
  readonly certificates: () => readonly CertificatePem[];
}

/** Envoy's numbers of states (`envoy.admin.v3.ServerInfo.State`). */
const stateNumbers: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  INITIALIZING: 3,
};

const dayMs = 86_400_000;
/** Envoy's value when there is no certificate. */
const noCertificateDays = 4_294_967_295;

const daysUntilExpiry = (certificates: readonly CertificatePem[]): number => {
  const endMs = firstExpiryMs(certificates);
  if (endMs === undefined) return noCertificateDays;
  return Math.max(0, Math.floor((endMs - Date.now()) / dayMs));
};

type Names = readonly string[];
type GaugesOf<N extends Names> = Readonly<Record<N[number], Gauge>>;

const gaugesOf = <const N extends Names>(
  registry: StatsRegistry,
  group: string,
  names: N,
): GaugesOf<N> => {
  const scope = new StatsScope(registry, { prefix: group, family: `envoy_${group}`, labels: {} });
  return Object.fromEntries(names.map((name) => [name, scope.gauge(name)])) as GaugesOf<N>;
};

const serverNames = [
  'live',
  'state',
  'uptime',
  'concurrency',
  'memory_allocated',
  'memory_heap_size',
  'memory_physical_size',
  'total_connections',
  'parent_connections',
  'hot_restart_epoch',
  'days_until_first_cert_expiring',
] as const;

const listenerNames = [
  'total_listeners_active',
  'total_listeners_warming',
  'total_listeners_draining',
  'workers_started',
] as const;

/** `server.*`, and what the managers of clusters and listeners have (Envoy's names). */
export const watchServer = (registry: StatsRegistry, facts: ServerFacts): void => {
  const server = gaugesOf(registry, 'server', serverNames);
  const clusters = gaugesOf(registry, 'cluster_manager', ['active_clusters', 'warming_clusters']);
  const listeners = gaugesOf(registry, 'listener_manager', listenerNames);
  server.concurrency.value = 1;
  listeners.workers_started.value = 1;
  registry.beforeRead(() => {
    const { heapUsed, heapTotal, rss } = process.memoryUsage();
    const state = facts.state();
    server.live.value = Number(state === 'LIVE');
    server.state.value = stateNumbers[state];
    server.uptime.value = Math.floor(process.uptime());
    server.memory_allocated.value = heapUsed;
    server.memory_heap_size.value = heapTotal;
    server.memory_physical_size.value = rss;
    server.total_connections.value = facts.connections();
    server.days_until_first_cert_expiring.value = daysUntilExpiry(facts.certificates());
    const { active, warming } = facts.clusters();
    clusters.active_clusters.value = active;
    clusters.warming_clusters.value = warming;
    const counted = facts.listeners();
    listeners.total_listeners_active.value = counted.active;
    listeners.total_listeners_warming.value = counted.warming;
    listeners.total_listeners_draining.value = counted.draining;
  });
};
