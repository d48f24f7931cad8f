import { type RbacSettings, rbacDeniedBody, rbacMetadata } from '@lateen/routing';
import type { Exchange } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { StatsRegistry } from '../../stats/registry.ts';
import { ExchangePolicyRequest } from '../policy-view.ts';
import { RbacStats } from './rbac-stats.ts';

/** Envoy's canonical name. */
export const rbacFilterName = 'envoy.filters.http.rbac';

/** Judges the requests of a route; shadow rules are noted, the others hold. */
class RbacOnRoute implements RequestFilter {
  readonly #settings: RbacSettings;
  readonly #stats: RbacStats;

  constructor(settings: RbacSettings, stats: RbacStats) {
    this.#settings = settings;
    this.#stats = stats;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const { rules, shadowRules } = this.#settings;
    const request = new ExchangePolicyRequest(exchange);
    if (shadowRules !== undefined) {
      const shadow = shadowRules.judge(request);
      this.#stats.shadow(shadow);
      exchange.writeMetadata(rbacMetadata, shadow.metadata);
    }
    if (rules === undefined) return 'continue';
    const verdict = rules.judge(request);
    exchange.writeMetadata(rbacMetadata, verdict.metadata);
    if (verdict.logHint !== undefined) {
      exchange.writeMetadata('envoy.common', { access_log_hint: verdict.logHint });
    }
    this.#stats.enforced(verdict);
    if (verdict.allowed) return 'continue';
    exchange.localReply({ status: 403, body: rbacDeniedBody, details: verdict.details });
    return 'stop';
  }
}

/** The RBAC filter of a chain; routes may have rules of their own. */
export const createRbacFilter = (
  own: RbacSettings,
  options: { readonly stats: StatsRegistry; readonly statPrefix: string },
): HttpFilter => {
  const { stats, statPrefix } = options;
  const bind = (settings: RbacSettings): RequestFilter | undefined => {
    const { rules, shadowRules, statPrefix: enforced, shadowStatPrefix: shadow } = settings;
    if (rules === undefined && shadowRules === undefined) return undefined;
    const scope = {
      prefix: `http.${statPrefix}.rbac`,
      family: 'envoy_http_rbac',
      labels: { envoy_http_conn_manager_prefix: statPrefix },
    };
    return new RbacOnRoute(settings, new RbacStats(stats, scope, { enforced, shadow }));
  };
  const fallback = bind(own);
  return {
    name: rbacFilterName,
    forRoute: (config) => (config?.kind === 'rbac' ? bind(config) : fallback),
  };
};
