import type {
  AuthorizationBody,
  Dice,
  ExtAuthzRouteSettings,
  ExtAuthzSettings,
} from '@lateen/routing';
import type { ClusterDirectory } from '../../http/connection-manager.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { Counter } from '../../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';
import { type CallResult, callCluster } from '../cluster-call.ts';
import { checkCall, checkRequest, grpcOutcome } from './grpc-check.ts';
import { httpCheckRequest, httpOutcome, type SentBody } from './http-check.ts';
import type { AuthorizationOutcome } from './outcome.ts';
import { changeRequest, refusalHeaders } from './request-change.ts';

/** Envoy's canonical name. */
export const extAuthzFilterName = 'envoy.filters.http.ext_authz';

/** What the filter needs. */
export interface ExtAuthzOptions {
  readonly clusters: ClusterDirectory;
  readonly dice: Dice;
  readonly stats: StatsRegistry;
  readonly statPrefix: string;
}

/** Envoy's counters of the filter. */
interface ExtAuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
}

const whole = 1_000_000;
/** A question without a time-out of its own is given up after this. */
const noDeadlineMs = 3_600_000;

const noRouteSettings: Pick<
  ExtAuthzRouteSettings,
  'contextExtensions' | 'disableRequestBody' | 'body'
> = {
  contextExtensions: {},
  disableRequestBody: false,
  body: undefined,
};

/** Asks about the requests of a route before they go on. */
class ExtAuthzOnRoute implements RequestFilter {
  readonly #settings: ExtAuthzSettings;
  readonly #route: typeof noRouteSettings;
  readonly #options: ExtAuthzOptions;
  readonly #stats: ExtAuthzStats;

  constructor(
    settings: ExtAuthzSettings,
    route: typeof noRouteSettings,
    options: ExtAuthzOptions,
    stats: ExtAuthzStats,
  ) {
    this.#settings = settings;
    this.#route = route;
    this.#options = options;
    this.#stats = stats;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    if (!this.#isEnabled(exchange)) {
      this.#stats.disabled.value++;
      if (!this.#settings.denyAtDisable) return 'continue';
      this.#deny(exchange, this.#settings.statusOnError, 'ext_authz_denied');
      return 'stop';
    }
    const body = this.#route.disableRequestBody ? undefined : this.#bodySettings;
    if (body === undefined || !exchange.hasBody) return this.#ask(exchange, undefined);
    exchange.bufferBody(body.maxBytes, (bytes, isWhole) => {
      if (exchange.isDone) return;
      if (!isWhole && !body.allowPartial) {
        const text = 'Payload Too Large';
        exchange.localReply({ status: 413, body: text, details: 'request_payload_too_large' });
      } else if (this.#ask(exchange, { bytes, isPartial: !isWhole }) === 'continue') {
        exchange.resumeFilters();
      }
    });
    return 'stop';
  }

  get #bodySettings(): AuthorizationBody | undefined {
    return this.#route.body ?? this.#settings.body;
  }

  #isEnabled(exchange: Exchange): boolean {
    const { enabled, enabledMetadata } = this.#settings;
    if (enabled < whole && this.#options.dice(whole) >= enabled) return false;
    if (enabledMetadata === undefined) return true;
    const { filter, path } = enabledMetadata;
    return enabledMetadata.matches(exchange.dynamicMetadata(filter, path));
  }

  #ask(exchange: Exchange, body: SentBody | undefined): FilterVerdict {
    const { service } = this.#settings;
    const { clusters, dice } = this.#options;
    const cluster = clusters.get(service.cluster);
    if (cluster === undefined) {
      return this.#apply(exchange, { kind: 'error', reason: `no cluster ${service.cluster}` });
    }
    let verdict: FilterVerdict = 'stop';
    let isSync = true;
    const answered = (result: CallResult): void => {
      if (exchange.isDone) return;
      if (!isSync) exchange.unschedule();
      verdict = this.#apply(exchange, this.#outcomeOf(result));
      if (!isSync && verdict === 'continue') exchange.resumeFilters();
    };
    const call = callCluster(cluster, { ...this.#question(exchange, body), dice }, answered);
    isSync = false;
    if (verdict === 'stop' && !exchange.isDone) {
      // The client may leave meanwhile: then nobody wants the answer.
      const giveUp = (): void => {
        call.cancel();
        answered({ failure: 'timeout' });
      };
      exchange.schedule(noDeadlineMs, giveUp, () => call.cancel());
    }
    return verdict;
  }

  #question(exchange: Exchange, body: SentBody | undefined) {
    const settings = this.#settings;
    const { service } = settings;
    if (service.kind === 'http') return httpCheckRequest(exchange, settings, service, body);
    const { contextExtensions } = this.#route;
    return checkCall(checkRequest(exchange, settings, { body, contextExtensions }), service);
  }

  #outcomeOf(result: CallResult): AuthorizationOutcome {
    const { service } = this.#settings;
    return service.kind === 'http' ? httpOutcome(result, service) : grpcOutcome(result);
  }

  #apply(exchange: Exchange, outcome: AuthorizationOutcome): FilterVerdict {
    if (outcome.kind === 'error') return this.#onError(exchange);
    if (outcome.metadata !== undefined)
      exchange.writeMetadata(extAuthzFilterName, outcome.metadata);
    if (outcome.kind === 'allowed') {
      this.#stats.ok.value++;
      if (changeRequest(exchange, outcome) && this.#settings.clearRouteCache) exchange.clearRoute();
      return 'continue';
    }
    this.#stats.denied.value++;
    const { status, body, headers } = outcome;
    exchange.localReply({
      status,
      body,
      details: 'ext_authz_denied',
      flag: 'UAEX',
      headers: refusalHeaders(headers),
    });
    return 'stop';
  }

  #onError(exchange: Exchange): FilterVerdict {
    const { failureModeAllow, failureModeAllowHeader, statusOnError } = this.#settings;
    this.#stats.error.value++;
    if (!failureModeAllow) {
      this.#deny(exchange, statusOnError, 'ext_authz_error');
      return 'stop';
    }
    this.#stats.failureModeAllowed.value++;
    if (failureModeAllowHeader) {
      exchange.request.set('x-envoy-auth-failure-mode-allowed', 'true');
    }
    return 'continue';
  }

  #deny(exchange: Exchange, status: number, details: string): void {
    exchange.localReply({ status, body: '', details, flag: 'UAEX' });
  }
}

const statsOf = ({ stats, statPrefix }: ExtAuthzOptions, own: string): ExtAuthzStats => {
  const prefix = `http.${statPrefix}.ext_authz${own === '' ? '' : `.${own}`}`;
  const scope = new StatsScope(stats, {
    prefix,
    family: 'envoy_http_ext_authz',
    labels: { envoy_http_conn_manager_prefix: statPrefix },
  });
  return {
    ok: scope.counter('ok'),
    denied: scope.counter('denied'),
    error: scope.counter('error'),
    disabled: scope.counter('disabled'),
    failureModeAllowed: scope.counter('failure_mode_allowed'),
  };
};

/** The external authorization filter of a chain. */
export const createExtAuthzFilter = (
  settings: ExtAuthzSettings,
  options: ExtAuthzOptions,
): HttpFilter => {
  const stats = statsOf(options, settings.statPrefix);
  const bind = (route: typeof noRouteSettings): RequestFilter =>
    new ExtAuthzOnRoute(settings, route, options, stats);
  const fallback = bind(noRouteSettings);
  return {
    name: extAuthzFilterName,
    forRoute: (config) => {
      if (config?.kind !== 'ext-authz-route') return fallback;
      return config.disabled ? undefined : bind(config);
    },
  };
};
