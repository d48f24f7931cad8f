import type net from 'node:net';
import type { Counter, Gauge, Histogram } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope, StatusCounters } from '../stats/registry.ts';

/** Counters of a connection manager under Envoy's names (`http.PREFIX.*`). */
export class HttpStats {
  readonly connections: Counter;
  readonly connectionsActive: Gauge;
  readonly #destroyed: Counter;
  readonly #secure: Counter;
  readonly #http1: Counter;
  readonly #http2: Counter;
  readonly #receivedBytes: Counter;
  readonly #sentBytes: Counter;
  readonly #lengthMs: Histogram;
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
    this.#destroyed = scope.counter('downstream_cx_destroy');
    this.#secure = scope.counter('downstream_cx_ssl_total');
    this.#http1 = scope.counter('downstream_cx_http1_total');
    this.#http2 = scope.counter('downstream_cx_http2_total');
    this.#receivedBytes = scope.counter('downstream_cx_rx_bytes_total');
    this.#sentBytes = scope.counter('downstream_cx_tx_bytes_total');
    this.#lengthMs = scope.histogram('downstream_cx_length_ms');
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

  /** Counts a connection in. */
  opened(version: 1 | 2, isTls: boolean): void {
    this.connections.value++;
    this.connectionsActive.value++;
    (version === 1 ? this.#http1 : this.#http2).value++;
    if (isTls) this.#secure.value++;
  }

  /** What was taken for HTTP/1.1 is HTTP/2: one connection still. */
  tookOver(isTls: boolean): void {
    this.connections.value--;
    this.#http1.value--;
    if (isTls) this.#secure.value--;
  }

  /** Counts a connection out. */
  closed(socket: net.Socket, lengthMs: number): void {
    this.#destroyed.value++;
    this.#receivedBytes.value += socket.bytesRead;
    this.#sentBytes.value += socket.bytesWritten;
    this.#lengthMs.observe(lengthMs);
  }

  /** Counts a request out. */
  complete(exchange: { readonly responseCode: number; readonly durationMs: number }): void {
    this.requestsActive.value--;
    if (exchange.responseCode > 0) this.requestStatus.count(exchange.responseCode);
    this.requestTimeMs.observe(exchange.durationMs);
  }
}
