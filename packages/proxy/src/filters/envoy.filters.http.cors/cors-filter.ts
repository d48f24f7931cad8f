import type { CorsSettings, Dice } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { MessageHead } from '../../http1/head-parser.ts';

/** Envoy's canonical name. */
export const corsFilterName = 'envoy.filters.http.cors';

const whole = 1_000_000;

/** Answers preflights and marks responses for origins the policy allows (Fetch standard, CORS). */
class CorsOnRoute implements RequestFilter {
  readonly #settings: CorsSettings;
  readonly #dice: Dice;

  constructor(settings: CorsSettings, dice: Dice) {
    this.#settings = settings;
    this.#dice = dice;
  }

  #allowed(exchange: Exchange): string | undefined {
    const origin = exchange.header('origin');
    if (origin === undefined || origin === '') return undefined;
    return this.#settings.allowOrigins.some((match) => match.matches(origin)) ? origin : undefined;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const isPreflight =
      exchange.method === 'OPTIONS' &&
      exchange.header('origin') !== undefined &&
      exchange.header('access-control-request-method') !== undefined;
    if (!isPreflight) return 'continue';
    const { enabled, forwardNotMatchingPreflights } = this.#settings;
    if (enabled < whole && this.#dice(whole) >= enabled) return 'continue';
    const origin = this.#allowed(exchange);
    if (origin === undefined && forwardNotMatchingPreflights) return 'continue';
    const headers = origin === undefined ? [] : this.#preflightHeaders(exchange, origin);
    exchange.localReply({ status: 200, body: '', details: 'cors_response', headers });
    return 'stop';
  }

  #preflightHeaders(exchange: Exchange, origin: string): (readonly [string, string])[] {
    const settings = this.#settings;
    const headers: (readonly [string, string])[] = [['access-control-allow-origin', origin]];
    const add = (name: string, value: string): void => {
      if (value !== '') headers.push([name, value]);
    };
    if (settings.allowCredentials) add('access-control-allow-credentials', 'true');
    add('access-control-allow-methods', settings.allowMethods);
    add('access-control-allow-headers', settings.allowHeaders);
    add('access-control-max-age', settings.maxAge);
    if (
      settings.allowPrivateNetworkAccess &&
      exchange.header('access-control-request-private-network') === 'true'
    ) {
      add('access-control-allow-private-network', 'true');
    }
    return headers;
  }

  onResponse(exchange: Exchange, response: MessageHead): void {
    if (response.has('access-control-allow-origin') && exchange.response === undefined) return;
    const origin = this.#allowed(exchange);
    if (origin === undefined) return;
    const { allowCredentials, exposeHeaders } = this.#settings;
    response.set('access-control-allow-origin', origin);
    if (allowCredentials) response.set('access-control-allow-credentials', 'true');
    if (exposeHeaders !== '') response.set('access-control-expose-headers', exposeHeaders);
  }
}

/** The CORS filter of a chain: policies come with routes. */
export const createCorsFilter = (dice: Dice): HttpFilter => ({
  name: corsFilterName,
  forRoute: (config) => (config?.kind === 'cors' ? new CorsOnRoute(config, dice) : undefined),
});
