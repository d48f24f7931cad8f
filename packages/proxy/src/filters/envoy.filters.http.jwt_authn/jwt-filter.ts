import { checkTokenSignature } from '@lateen/identity';
import {
  type JwtAuthnSettings,
  type JwtEffects,
  type JwtRequirement,
  type JwtVerdict,
  type JwtWorld,
  jwtMetadata,
  verifyJwts,
  withoutParameters,
} from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { Counter } from '../../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';
import type { KeySets } from './key-sets.ts';

/** Envoy's canonical name. */
export const jwtFilterName = 'envoy.filters.http.jwt_authn';

/** What the filter needs. */
export interface JwtFilterOptions {
  readonly keys: KeySets;
  readonly stats: StatsRegistry;
  readonly statPrefix: string;
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
}

/** Keys are fetched so many times for one request: once for each provider, and once more. */
const maxFetchRounds = 8;

const isPreflight = (exchange: Exchange): boolean =>
  exchange.method === 'OPTIONS' &&
  exchange.header('origin') !== undefined &&
  exchange.header('access-control-request-method') !== undefined;

const applyEffects = (exchange: Exchange, effects: JwtEffects): void => {
  const { request } = exchange;
  for (const name of effects.removeHeaders) request.remove(name);
  for (const [name, value] of effects.addHeaders) request.append(name, value);
  if (effects.removeParameters.length > 0) {
    exchange.path = withoutParameters(exchange.path, effects.removeParameters);
  }
  exchange.writeMetadata(jwtMetadata, effects.metadata);
  if (effects.clearRouteCache) exchange.clearRoute();
};

/** Checks the tokens of the requests of a route. */
class JwtOnRoute implements RequestFilter {
  readonly #settings: JwtAuthnSettings;
  readonly #select: (exchange: Exchange) => JwtRequirement | undefined | 'refuse';
  readonly #keys: KeySets;
  readonly #counters: {
    readonly allowed: Counter;
    readonly denied: Counter;
    readonly bypassed: Counter;
  };
  readonly #world: () => JwtWorld;

  constructor(
    settings: JwtAuthnSettings,
    select: (exchange: Exchange) => JwtRequirement | undefined | 'refuse',
    options: JwtFilterOptions,
  ) {
    this.#settings = settings;
    this.#select = select;
    this.#keys = options.keys;
    const scope = new StatsScope(options.stats, {
      prefix: `http.${options.statPrefix}.jwt_authn`,
      family: 'envoy_http_jwt_authn',
      labels: { envoy_http_conn_manager_prefix: options.statPrefix },
    });
    this.#counters = {
      allowed: scope.counter('allowed'),
      denied: scope.counter('denied'),
      bypassed: scope.counter('cors_preflight_bypassed'),
    };
    this.#world = () => ({
      nowSeconds: Math.floor(options.wallMs() / 1000),
      keys: (provider) => options.keys.get(provider),
      verify: checkTokenSignature,
    });
  }

  onRequest(exchange: Exchange): FilterVerdict {
    if (this.#settings.bypassCorsPreflight && isPreflight(exchange)) {
      this.#counters.bypassed.value++;
      return 'continue';
    }
    const requirement = this.#select(exchange);
    if (requirement === undefined) {
      this.#counters.allowed.value++;
      return 'continue';
    }
    if (requirement === 'refuse') {
      this.#counters.denied.value++;
      exchange.localReply({ status: 403, body: '', details: 'jwt_authn_wrong_requirement_name' });
      return 'stop';
    }
    return this.#judge(exchange, requirement, maxFetchRounds);
  }

  #judge(exchange: Exchange, requirement: JwtRequirement, roundsLeft: number): FilterVerdict {
    const verdict = verifyJwts(this.#settings, requirement, exchange, this.#world());
    if (verdict.kind === 'keys-wanted')
      return this.#fetch(exchange, requirement, verdict, roundsLeft);
    if (verdict.kind === 'allowed') {
      this.#counters.allowed.value++;
      applyEffects(exchange, verdict.effects);
      return 'continue';
    }
    this.#counters.denied.value++;
    const { statusCode: status, body, challenge, details } = verdict;
    const headers = challenge === undefined ? [] : [['www-authenticate', challenge] as const];
    exchange.localReply({ status, body, details, headers });
    return 'stop';
  }

  #fetch(
    exchange: Exchange,
    requirement: JwtRequirement,
    { providers }: Extract<JwtVerdict, { kind: 'keys-wanted' }>,
    roundsLeft: number,
  ): FilterVerdict {
    if (roundsLeft <= 0) {
      exchange.localReply({ status: 401, body: '', details: 'jwt_authn_access_denied' });
      return 'stop';
    }
    let left = providers.length;
    let isSync = true;
    const done = (): void => {
      left--;
      if (left > 0 || isSync || exchange.isDone) return;
      if (this.#judge(exchange, requirement, roundsLeft - 1) === 'continue') {
        exchange.resumeFilters();
      }
    };
    for (const provider of providers) this.#keys.fetch(provider, done);
    isSync = false;
    return left > 0 ? 'stop' : this.#judge(exchange, requirement, roundsLeft - 1);
  }
}

/** The JWT filter of a chain; routes may name another requirement, or none. */
export const createJwtFilter = (
  settings: JwtAuthnSettings,
  options: JwtFilterOptions,
): HttpFilter => {
  const fallback = new JwtOnRoute(settings, (exchange) => settings.select(exchange), options);
  return {
    name: jwtFilterName,
    forRoute: (config) => {
      if (config?.kind !== 'jwt-authn-route') return fallback;
      const { disabled, requirement: name } = config;
      if (disabled) return undefined;
      if (name === undefined) return fallback;
      const requirement = settings.requirements.get(name) ?? 'refuse';
      return new JwtOnRoute(settings, () => requirement, options);
    },
  };
};
