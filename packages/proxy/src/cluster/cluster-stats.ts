import type { Counter, Gauge, Histogram } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope, StatusCounters } from '../stats/registry.ts';

/** Counters of one cluster under Envoy's names (`cluster.NAME.*`). */
export class ClusterStats {
  readonly requests: Counter;
  readonly requestsActive: Gauge;
  readonly requestsCompleted: Counter;
  readonly requestStatus: StatusCounters;
  readonly requestTimeMs: Histogram;
  readonly requestTimeout: Counter;
  readonly requestPerTryTimeout: Counter;
  readonly requestPerTryIdleTimeout: Counter;
  readonly requestMaxDurationReached: Counter;
  readonly connectionIdleTimeout: Counter;
  readonly connectionMaxRequests: Counter;
  readonly requestRetry: Counter;
  readonly requestRetrySuccess: Counter;
  readonly requestRetryOverflow: Counter;
  readonly requestPendingOverflow: Counter;
  readonly requestPendingActive: Gauge;
  readonly requestReset: Counter;
  readonly connections: Counter;
  readonly connectionsActive: Gauge;
  readonly connectionsDestroyed: Counter;
  readonly http1Connections: Counter;
  readonly http2Connections: Counter;
  readonly connectFail: Counter;
  readonly connectTimeout: Counter;
  readonly connectionOverflow: Counter;
  readonly protocolError: Counter;
  readonly receivedBytes: Counter;
  readonly sentBytes: Counter;
  readonly noneHealthy: Counter;
  readonly panic: Counter;
  readonly membershipTotal: Gauge;
  readonly membershipHealthy: Gauge;
  readonly membershipDegraded: Gauge;
  readonly membershipExcluded: Gauge;
  readonly membershipChange: Counter;
  readonly #scope: StatsScope;
  #connectMs: Histogram | undefined = undefined;
  #connectionLengthMs: Histogram | undefined = undefined;
  readonly ejectionsActive: Gauge;
  readonly ejectionsTotal: Counter;
  readonly ejectionsOverflow: Counter;
  readonly requestPendingTotal: Counter;
  readonly maxDurationReached: Counter;
  readonly requestDropped: Counter;
  /** 1 while a limit of `circuit_breakers.default` is reached. */
  readonly connectionsOpen: Gauge;
  readonly requestsOpen: Gauge;
  readonly pendingOpen: Gauge;
  readonly retriesOpen: Gauge;

  constructor(registry: StatsRegistry, statName: string) {
    const scope = new StatsScope(registry, {
      prefix: `cluster.${statName}`,
      family: 'envoy_cluster',
      labels: { envoy_cluster_name: statName },
    });
    this.requests = scope.counter('upstream_rq_total');
    this.requestsActive = scope.gauge('upstream_rq_active');
    this.requestsCompleted = scope.counter('upstream_rq_completed');
    this.requestStatus = new StatusCounters(scope, 'upstream_rq', { codes: true });
    this.requestTimeMs = scope.histogram('upstream_rq_time');
    this.requestTimeout = scope.counter('upstream_rq_timeout');
    this.requestPerTryTimeout = scope.counter('upstream_rq_per_try_timeout');
    this.requestPerTryIdleTimeout = scope.counter('upstream_rq_per_try_idle_timeout');
    this.requestMaxDurationReached = scope.counter('upstream_rq_max_duration_reached');
    this.connectionIdleTimeout = scope.counter('upstream_cx_idle_timeout');
    this.connectionMaxRequests = scope.counter('upstream_cx_max_requests');
    this.requestRetry = scope.counter('upstream_rq_retry');
    this.requestRetrySuccess = scope.counter('upstream_rq_retry_success');
    this.requestRetryOverflow = scope.counter('upstream_rq_retry_overflow');
    this.requestPendingOverflow = scope.counter('upstream_rq_pending_overflow');
    this.requestPendingActive = scope.gauge('upstream_rq_pending_active');
    this.requestReset = scope.counter('upstream_rq_rx_reset');
    this.connections = scope.counter('upstream_cx_total');
    this.connectionsActive = scope.gauge('upstream_cx_active');
    this.connectionsDestroyed = scope.counter('upstream_cx_destroy');
    this.http1Connections = scope.counter('upstream_cx_http1_total');
    this.http2Connections = scope.counter('upstream_cx_http2_total');
    this.connectFail = scope.counter('upstream_cx_connect_fail');
    this.connectTimeout = scope.counter('upstream_cx_connect_timeout');
    this.connectionOverflow = scope.counter('upstream_cx_overflow');
    this.protocolError = scope.counter('upstream_cx_protocol_error');
    this.receivedBytes = scope.counter('upstream_cx_rx_bytes_total');
    this.sentBytes = scope.counter('upstream_cx_tx_bytes_total');
    this.noneHealthy = scope.counter('upstream_cx_none_healthy');
    this.panic = scope.counter('lb_healthy_panic');
    this.membershipTotal = scope.gauge('membership_total');
    this.membershipHealthy = scope.gauge('membership_healthy');
    this.membershipDegraded = scope.gauge('membership_degraded');
    this.membershipExcluded = scope.gauge('membership_excluded');
    this.membershipChange = scope.counter('membership_change');
    this.#scope = scope;
    const below = (group: string): StatsScope =>
      new StatsScope(registry, {
        prefix: `cluster.${statName}.${group}`,
        family: `envoy_cluster_${group.replaceAll('.', '_')}`,
        labels: { envoy_cluster_name: statName },
      });
    const outliers = below('outlier_detection');
    this.ejectionsActive = outliers.gauge('ejections_active');
    this.ejectionsTotal = outliers.counter('ejections_enforced_total');
    this.ejectionsOverflow = outliers.counter('ejections_overflow');
    this.requestPendingTotal = scope.counter('upstream_rq_pending_total');
    this.maxDurationReached = scope.counter('upstream_cx_max_duration_reached');
    this.requestDropped = scope.counter('upstream_rq_drop_overload');
    const breakers = below('circuit_breakers.default');
    this.connectionsOpen = breakers.gauge('cx_open');
    this.requestsOpen = breakers.gauge('rq_open');
    this.pendingOpen = breakers.gauge('rq_pending_open');
    this.retriesOpen = breakers.gauge('rq_retry_open');
  }

  // Histograms are long on every page of metrics: clusters that nobody connects to have none.

  /** How long connecting took, in milliseconds. */
  get connectMs(): Histogram {
    this.#connectMs ??= this.#scope.histogram('upstream_cx_connect_ms');
    return this.#connectMs;
  }

  /** How long connections lived. */
  get connectionLengthMs(): Histogram {
    this.#connectionLengthMs ??= this.#scope.histogram('upstream_cx_length_ms');
    return this.#connectionLengthMs;
  }
}
