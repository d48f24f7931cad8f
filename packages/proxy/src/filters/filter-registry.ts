import type { Logger } from '@lateen/base';
import type { Dice, HttpFilterSettings, ListenerTable } from '@lateen/routing';
import type { HttpFilter } from '../http/http-filter.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import { corsFilterName, createCorsFilter } from './envoy.filters.http.cors/cors-filter.ts';
import { createFaultFilter, faultFilterName } from './envoy.filters.http.fault/fault-filter.ts';
import {
  createGrpcStatsFilter,
  grpcStatsFilterName,
} from './envoy.filters.http.grpc_stats/grpc-stats-filter.ts';
import type { MeshIdentity } from './istio.stats/mesh-identity.ts';
import { createMeshStatsFilter, meshStatsFilterName } from './istio.stats/mesh-stats-filter.ts';

/** What filters may need to work. */
export interface FilterEnvironment {
  readonly dice: Dice;
  readonly stats: StatsRegistry;
  readonly log: Logger;
  /** Who this proxy is: labels of its own workload. */
  readonly identity: MeshIdentity;
}

/** Names that are part of the chain elsewhere, or change nothing for HTTP/1.1. */
const builtIn: ReadonlySet<string> = new Set([
  'envoy.filters.http.router',
  'istio.metadata_exchange',
  'istio.alpn',
  'envoy.filters.http.peer_metadata',
  'envoy.filters.http.upstream_codec',
]);

const build = (
  settings: HttpFilterSettings,
  listener: ListenerTable,
  environment: FilterEnvironment,
): HttpFilter | undefined => {
  const { dice, stats } = environment;
  switch (settings.name) {
    case faultFilterName:
      return createFaultFilter(settings.config, {
        dice,
        stats,
        statPrefix: listener.statPrefix || listener.name,
      });
    case corsFilterName:
      return createCorsFilter(dice);
    case meshStatsFilterName:
      return createMeshStatsFilter(listener, environment.identity, stats);
    case grpcStatsFilterName:
      return createGrpcStatsFilter(stats);
    default:
      if (!builtIn.has(settings.name)) {
        environment.log.warn('HTTP filter is not known and left out', { name: settings.name });
      }
      return undefined;
  }
};

/** Filters of a connection manager, in the order of its chain. */
export const buildHttpFilters = (
  settings: readonly HttpFilterSettings[],
  listener: ListenerTable,
  environment: FilterEnvironment,
): readonly HttpFilter[] =>
  settings.flatMap((one) => {
    const filter = build(one, listener, environment);
    return filter === undefined ? [] : [filter];
  });
