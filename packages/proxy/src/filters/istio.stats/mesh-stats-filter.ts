import { defaultMeshStats, type FilterConfig } from '@lateen/routing';
import type { HttpFilter } from '../../http/http-filter.ts';
import type { MeshIdentity } from './mesh-identity.ts';
import type { MeshSeries } from './mesh-series.ts';
import { createPeerExchange } from './peer-exchange.ts';
import { RequestMetrics } from './request-metrics.ts';

/** Istio's name of the filter. */
export const meshStatsFilterName = 'istio.stats';

/** What the filter of one listener is made of. */
export interface MeshStatsParts {
  readonly isInbound: boolean;
  /** Anything but the filter's own settings counts as none. */
  readonly config: FilterConfig;
  readonly identity: MeshIdentity;
  readonly series: MeshSeries;
}

/** The filter for one listener; its direction decides who reports. */
export const createMeshStatsFilter = ({
  isInbound,
  config,
  identity,
  series,
}: MeshStatsParts): HttpFilter => {
  const settings = config.kind === 'mesh-stats' ? config : defaultMeshStats;
  const metrics = new RequestMetrics({ settings, identity, series, isInbound });
  const begin: typeof metrics.begin = (exchange) => metrics.begin(exchange);
  const filter = createPeerExchange({ identity, isInbound, begin });
  return {
    name: meshStatsFilterName,
    forRoute: () => filter,
    onComplete: (exchange) => metrics.count(exchange),
  };
};
