import type { HttpFilter } from '../../http/http-filter.ts';
import type { Counter } from '../../stats/metric.ts';
import type { StatsRegistry } from '../../stats/registry.ts';

/** Envoy's canonical name. */
export const grpcStatsFilterName = 'envoy.filters.http.grpc_stats';

/** Clusters times statuses kept at most. */
const maxCounters = 4096;

/** Counts gRPC calls by cluster and status (`cluster.NAME.grpc.*`). */
export const createGrpcStatsFilter = (stats: StatsRegistry): HttpFilter => {
  const counters = new Map<string, Counter>();
  const counterOf = (cluster: string, status: string): Counter => {
    const key = `${cluster} ${status}`;
    const found = counters.get(key);
    if (found !== undefined) return found;
    const labels = { envoy_cluster_name: cluster, envoy_grpc_status: status };
    const made = stats.counter('envoy_cluster_grpc', labels, `cluster.${cluster}.grpc.${status}`);
    if (counters.size < maxCounters) counters.set(key, made);
    return made;
  };
  return {
    name: grpcStatsFilterName,
    forRoute: () => undefined,
    onComplete: (exchange) => {
      const { cluster } = exchange;
      if (cluster === undefined) return;
      const type = exchange.header('content-type');
      if (type === undefined || !type.startsWith('application/grpc')) return;
      const status = exchange.grpcStatus ?? 'unknown';
      counterOf(cluster.table.statName, status).value++;
    },
  };
};
