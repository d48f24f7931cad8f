import type { NetworkRbacSettings } from '@lateen/routing';
import type { StatsRegistry } from '../../stats/registry.ts';
import { RbacStats } from '../envoy.filters.http.rbac/rbac-stats.ts';
import type { NetworkGate } from '../network-gate.ts';

/** Envoy's canonical name, and the namespace of what it notes. */
const networkRbacName = 'envoy.filters.network.rbac';

/**
 * The RBAC filter of connections. It judges once, before anything is connected: what it looks at does
 * not change while a connection lives, so judging every read (`CONTINUOUS`) would say the same.
 */
export const createNetworkRbac = (
  settings: NetworkRbacSettings,
  stats: StatsRegistry,
): NetworkGate => {
  const { rules, shadowRules, statPrefix, shadowStatPrefix } = settings;
  const prefix = statPrefix.replace(/\.$/, '');
  const scope = { prefix: `${prefix}.rbac`, family: 'envoy_rbac', labels: { prefix } };
  const counters = new RbacStats(stats, scope, { enforced: '', shadow: shadowStatPrefix });
  return {
    admit: (connection) => {
      const { request, metadata } = connection;
      if (shadowRules !== undefined) {
        const shadow = shadowRules.judge(request);
        counters.shadow(shadow);
        metadata.write(networkRbacName, shadow.metadata);
      }
      if (rules === undefined) return true;
      const verdict = rules.judge(request);
      counters.enforced(verdict);
      metadata.write(networkRbacName, verdict.metadata);
      if (!verdict.allowed) connection.denial = verdict.details;
      return verdict.allowed;
    },
  };
};
