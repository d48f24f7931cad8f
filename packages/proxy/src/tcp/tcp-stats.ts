import type { Counter, Gauge } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';

/** Counters of a TCP proxy under Envoy's names (`tcp.PREFIX.*`). */
export class TcpStats {
  readonly connections: Counter;
  readonly connectionsActive: Gauge;
  readonly noRoute: Counter;
  readonly receivedBytes: Counter;
  readonly sentBytes: Counter;

  constructor(registry: StatsRegistry, statPrefix: string) {
    const scope = new StatsScope(registry, {
      prefix: `tcp.${statPrefix}`,
      family: 'envoy_tcp',
      labels: { envoy_tcp_prefix: statPrefix },
    });
    this.connections = scope.counter('downstream_cx_total');
    this.connectionsActive = scope.gauge('downstream_cx_active');
    this.noRoute = scope.counter('downstream_cx_no_route');
    this.receivedBytes = scope.counter('downstream_cx_rx_bytes_total');
    this.sentBytes = scope.counter('downstream_cx_tx_bytes_total');
  }
}
