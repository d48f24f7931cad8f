import type { Dice, FaultSettings, FilterConfig } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { Counter, Gauge } from '../../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';

/** Envoy's canonical name. */
export const faultFilterName = 'envoy.filters.http.fault';

const whole = 1_000_000;

/** Envoy's counters of the filter. */
interface FaultStats {
  readonly aborts: Counter;
  readonly delays: Counter;
  readonly active: Gauge;
  readonly overflow: Counter;
}

const hits = (fraction: number, dice: Dice): boolean =>
  fraction >= whole || (fraction > 0 && dice(whole) < fraction);

/** Delays and aborts a share of the requests of a route. */
class FaultOnRoute implements RequestFilter {
  readonly #settings: FaultSettings;
  readonly #dice: Dice;
  readonly #stats: FaultStats;

  constructor(settings: FaultSettings, dice: Dice, stats: FaultStats) {
    this.#settings = settings;
    this.#dice = dice;
    this.#stats = stats;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const { delay, headers, upstreamCluster, maxActive } = this.#settings;
    if (upstreamCluster !== '' && upstreamCluster !== exchange.cluster?.name) return 'continue';
    if (!headers.every((condition) => condition.holds(exchange))) return 'continue';
    if (maxActive !== undefined && this.#stats.active.value >= maxActive) {
      this.#stats.overflow.value++;
      return 'continue';
    }
    if (delay === undefined || delay.ms <= 0 || !hits(delay.fraction, this.#dice)) {
      return this.#abort(exchange);
    }
    exchange.addFlag('DI');
    this.#stats.delays.value++;
    this.#stats.active.value++;
    const { active } = this.#stats;
    const resume = (): void => {
      active.value--;
      if (this.#abort(exchange) === 'continue') exchange.resumeFilters();
    };
    exchange.schedule(delay.ms, resume, () => {
      active.value--;
    });
    return 'stop';
  }

  #abort(exchange: Exchange): FilterVerdict {
    const { abort } = this.#settings;
    if (abort === undefined || !hits(abort.fraction, this.#dice)) return 'continue';
    this.#stats.aborts.value++;
    const { status } = abort;
    exchange.localReply({
      status: 'http' in status ? status.http : 200,
      body: 'fault filter abort',
      details: 'fault_filter_abort',
      flag: 'FI',
      ...('grpc' in status && { grpcStatus: status.grpc }),
    });
    return 'stop';
  }
}

/** The fault filter of a chain; `own` are its settings for routes without any. */
export const createFaultFilter = (
  own: FilterConfig,
  options: { readonly dice: Dice; readonly stats: StatsRegistry; readonly statPrefix: string },
): HttpFilter => {
  const scope = new StatsScope(options.stats, {
    prefix: `http.${options.statPrefix}.fault`,
    family: 'envoy_http_fault',
    labels: { envoy_http_conn_manager_prefix: options.statPrefix },
  });
  const stats: FaultStats = {
    aborts: scope.counter('aborts_injected'),
    delays: scope.counter('delays_injected'),
    active: scope.gauge('active_faults'),
    overflow: scope.counter('faults_overflow'),
  };
  return {
    name: faultFilterName,
    forRoute: (config) => {
      const settings = config ?? own;
      if (settings.kind !== 'fault') return undefined;
      if (settings.delay === undefined && settings.abort === undefined) return undefined;
      return new FaultOnRoute(settings, options.dice, stats);
    },
  };
};
