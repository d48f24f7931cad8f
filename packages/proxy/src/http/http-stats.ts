import type { Counter, Gauge, Histogram } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope, StatusCounters } from '../stats/registry.ts';

/** Counters of a connection manager under Envoy's names (`http.PREFIX.*`). */
export class HttpStats {
  readonly connections: Counter;
  readonly connectionsActive: Gauge;
  readonly protocolErrors: Counter;
  readonly requests: Counter;
  readonly requestsActive: Gauge;
  readonly requestStatus: StatusCounters;
  readonly requestTimeMs: Histogram;
  readonly noRoute: Counter;
  readonly idleTimeout: Counter;
  readonly maxDurationReached: Counter;
  readonly maxRequestsReached: Counter;
  readonly headerTimeout: Counter;
  readonly requestTimeout: Counter;
  readonly streamIdleTimeout: Counter;
  readonly streamDurationReached: Counter;
  readonly pathRefused: Counter;

  constructor(registry: StatsRegistry, statPrefix: string) {
    const scope = new StatsScope(registry, {
      prefix: `http.${statPrefix}`,
      family: 'envoy_http',
      labels: { envoy_http_conn_manager_prefix: statPrefix },
    });
    this.connections = scope.counter('downstream_cx_total');
    this.connectionsActive = scope.gauge('downstream_cx_active');
    this.protocolErrors = scope.counter('downstream_cx_protocol_error');
    this.requests = scope.counter('downstream_rq_total');
    this.requestsActive = scope.gauge('downstream_rq_active');
    this.requestStatus = new StatusCounters(scope, 'downstream_rq', { codes: false });
    this.requestTimeMs = scope.histogram('downstream_rq_time');
    this.noRoute = scope.counter('no_route');
    this.idleTimeout = scope.counter('downstream_cx_idle_timeout');
    this.maxDurationReached = scope.counter('downstream_cx_max_duration_reached');
    this.maxRequestsReached = scope.counter('downstream_cx_max_requests_reached');
    this.headerTimeout = scope.counter('downstream_rq_header_timeout');
    this.requestTimeout = scope.counter('downstream_rq_timeout');
    this.streamIdleTimeout = scope.counter('downstream_rq_idle_timeout');
    this.streamDurationReached = scope.counter('downstream_rq_max_duration_reached');
    this.pathRefused = scope.counter('downstream_rq_failed_path_normalization');
  }
  /** Counts a request out. */
  complete(exchange: { readonly responseCode: number; readonly durationMs: number }): void {
    this.requestsActive.value--;
    if (exchange.responseCode > 0) this.requestStatus.count(exchange.responseCode);
    this.requestTimeMs.observe(exchange.durationMs);
  }
}
