import type { Counter } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';

/** Envoy's counters of the TLS connections a cluster makes (`cluster.NAME.ssl.*`). */
export class UpstreamTlsStats {
  readonly #handshakes: Counter;
  readonly #reused: Counter;
  readonly #errors: Counter;
  readonly #badNames: Counter;
  readonly #badChains: Counter;
  readonly #secretsMissing: Counter;

  constructor(stats: StatsRegistry, cluster: string) {
    const labels = { envoy_cluster_name: cluster };
    const scope = new StatsScope(stats, {
      prefix: `cluster.${cluster}.ssl`,
      family: 'envoy_cluster_ssl',
      labels,
    });
    this.#handshakes = scope.counter('handshake');
    this.#reused = scope.counter('session_reused');
    this.#errors = scope.counter('connection_error');
    this.#badNames = scope.counter('fail_verify_san');
    this.#badChains = scope.counter('fail_verify_error');
    this.#secretsMissing = new StatsScope(stats, {
      prefix: `cluster.${cluster}.client_ssl_socket_factory`,
      family: 'envoy_cluster_client_ssl_socket_factory',
      labels,
    }).counter('upstream_context_secrets_not_ready');
  }

  accepted(isReused: boolean): void {
    this.#handshakes.value++;
    if (isReused) this.#reused.value++;
  }

  /** `reason` is `refusePeer`'s. */
  refused(reason: string): void {
    if (reason.includes('SAN')) this.#badNames.value++;
    else this.#badChains.value++;
  }

  failed(): void {
    this.#errors.value++;
  }

  secretMissing(): void {
    this.#secretsMissing.value++;
  }
}
