import type { Logger } from '@lateen/base';
import {
  type Dice,
  defaultMeshStats,
  type FilterChainTable,
  type HttpFilterSettings,
  type ListenerTable,
} from '@lateen/routing';
import type { ClusterDirectory } from '../http/connection-manager.ts';
import type { HttpFilter } from '../http/http-filter.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { TcpObserver } from '../tcp/tcp-proxy.ts';
import { corsFilterName, createCorsFilter } from './envoy.filters.http.cors/cors-filter.ts';
import { createExtAuthzFilter } from './envoy.filters.http.ext_authz/ext-authz-filter.ts';
import { createFaultFilter, faultFilterName } from './envoy.filters.http.fault/fault-filter.ts';
import {
  createGrpcStatsFilter,
  grpcStatsFilterName,
} from './envoy.filters.http.grpc_stats/grpc-stats-filter.ts';
import { createJwtFilter } from './envoy.filters.http.jwt_authn/jwt-filter.ts';
import type { KeySets } from './envoy.filters.http.jwt_authn/key-sets.ts';
import { createRbacFilter } from './envoy.filters.http.rbac/rbac-filter.ts';
import { createNetworkExtAuthz } from './envoy.filters.network.ext_authz/network-ext-authz.ts';
import { createNetworkRbac } from './envoy.filters.network.rbac/network-rbac.ts';
import { createAlpnFilter } from './istio.alpn/alpn-filter.ts';
import type { MeshIdentity } from './istio.stats/mesh-identity.ts';
import type { MeshSeries } from './istio.stats/mesh-series.ts';
import { createMeshStatsFilter, meshStatsFilterName } from './istio.stats/mesh-stats-filter.ts';
import { MeshTcpObserver } from './istio.stats/mesh-tcp-observer.ts';
import type { NetworkGate } from './network-gate.ts';

/** What filters may need to work. */
export interface FilterEnvironment {
  readonly dice: Dice;
  readonly stats: StatsRegistry;
  readonly log: Logger;
  /** Who this proxy is: labels of its own workload. */
  readonly identity: MeshIdentity;
  /** The mesh's metrics, bounded. */
  readonly series: MeshSeries;
  readonly clusters: ClusterDirectory;
  /** Keys that tokens are checked with. */
  readonly keys: KeySets;
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
}

/** The chain that filters are built for. */
export interface FilterPlace {
  readonly listener: ListenerTable;
  /** `stat_prefix` of the connection manager. */
  readonly statPrefix: string;
}

/** Names that are part of the chain elsewhere, or without effect here. */
const builtIn: ReadonlySet<string> = new Set([
  'envoy.filters.http.router',
  'istio.metadata_exchange',
  'istio.alpn',
  'envoy.filters.http.peer_metadata',
  'envoy.filters.http.upstream_codec',
]);

/** Filters that are known by what their settings are, whatever they are called. */
const buildByKind = (
  { config }: HttpFilterSettings,
  { listener, statPrefix }: FilterPlace,
  environment: FilterEnvironment,
): HttpFilter | undefined => {
  const { dice, stats, clusters, keys, wallMs, identity, series } = environment;
  switch (config.kind) {
    case 'rbac':
      return createRbacFilter(config, { stats, statPrefix });
    case 'jwt-authn':
      return createJwtFilter(config, { keys, stats, statPrefix, wallMs });
    case 'ext-authz':
      return createExtAuthzFilter(config, { clusters, dice, stats, statPrefix });
    case 'alpn':
      return createAlpnFilter(config);
    case 'mesh-stats': {
      const isInbound = listener.direction === 'inbound';
      return createMeshStatsFilter({ isInbound, config, identity, series });
    }
    default:
      return undefined;
  }
};

const buildByName = (
  settings: HttpFilterSettings,
  { listener }: FilterPlace,
  environment: FilterEnvironment,
): HttpFilter | undefined => {
  const { dice, stats, identity, series } = environment;
  switch (settings.name) {
    case faultFilterName:
      return createFaultFilter(settings.config, {
        dice,
        stats,
        statPrefix: listener.statPrefix || listener.name,
      });
    case corsFilterName:
      return createCorsFilter(dice);
    case meshStatsFilterName: {
      const isInbound = listener.direction === 'inbound';
      return createMeshStatsFilter({ isInbound, config: defaultMeshStats, identity, series });
    }
    case grpcStatsFilterName:
      return createGrpcStatsFilter(stats);
    default:
      if (!builtIn.has(settings.name)) {
        environment.log.warn('HTTP filter is not known and left out', { name: settings.name });
      }
      return undefined;
  }
};

/** Off where no route has settings for it (`HttpFilter.disabled`). */
const onlyWhereConfigured = (filter: HttpFilter): HttpFilter => ({
  ...filter,
  forRoute: (config) => (config === undefined ? undefined : filter.forRoute(config)),
});

const build = (
  settings: HttpFilterSettings,
  place: FilterPlace,
  environment: FilterEnvironment,
): HttpFilter | undefined => {
  const built =
    buildByKind(settings, place, environment) ?? buildByName(settings, place, environment);
  if (built === undefined) return undefined;
  // Routes override settings by the name the chain gives a filter.
  const filter = { ...built, name: settings.name };
  return settings.disabled ? onlyWhereConfigured(filter) : filter;
};

/** Filters of a connection manager, in the order of its chain. */
export const buildHttpFilters = (
  settings: readonly HttpFilterSettings[],
  place: FilterPlace,
  environment: FilterEnvironment,
): readonly HttpFilter[] =>
  settings.flatMap((one) => {
    const filter = build(one, place, environment);
    return filter === undefined ? [] : [filter];
  });

/** Who looks on at connections of a chain. */
export const buildTcpObservers = (
  { filters }: FilterChainTable,
  { identity, series }: FilterEnvironment,
): readonly TcpObserver[] =>
  filters.flatMap(({ name, settings }): TcpObserver[] => {
    if (settings.kind === 'mesh-stats') {
      return [new MeshTcpObserver({ settings, identity, series })];
    }
    return name === meshStatsFilterName
      ? [new MeshTcpObserver({ settings: defaultMeshStats, identity, series })]
      : [];
  });

/** Network filters whose place is elsewhere: they end the chain, or change nothing. */
const passiveNetworkFilters: ReadonlySet<string> = new Set([
  'istio.stats',
  'istio.metadata_exchange',
  'envoy.filters.network.metadata_exchange',
]);

/** What decides about connections of a chain, in the order of its filters. */
export const buildNetworkGates = (
  { filters, name: chain }: FilterChainTable,
  { stats, clusters, dice, log }: FilterEnvironment,
): readonly NetworkGate[] =>
  filters.flatMap(({ name, settings }): NetworkGate[] => {
    switch (settings.kind) {
      case 'network-rbac':
        return [createNetworkRbac(settings, stats)];
      case 'network-ext-authz':
        return [createNetworkExtAuthz(settings, { clusters, dice, stats })];
      case 'raw':
        if (!passiveNetworkFilters.has(name)) {
          log.warn('network filter is not known and left out', { name, chain });
        }
        return [];
      default:
        return [];
    }
  });
