import type { PortTrafficPolicy, TrafficPolicy } from '../input/traffic-policy.ts';
import type { MeshDestinationRule } from '../push-context/destination-rule-index.ts';

/** The traffic policy of one port of one subset, after all overriding. */
export type EffectivePolicy = PortTrafficPolicy &
  Pick<TrafficPolicy, 'tunnel' | 'proxyProtocol' | 'retryBudget'>;

/** Nothing set. */
const noPolicy: EffectivePolicy = {
  loadBalancer: undefined,
  connectionPool: undefined,
  outlierDetection: undefined,
  tls: undefined,
  tunnel: undefined,
  proxyProtocol: undefined,
  retryBudget: undefined,
};

/**
 * Istio's `MergeTrafficPolicy`: each block of `over` replaces that of `base` as a whole; a setting
 * for the port replaces all four blocks, those it omits becoming default.
 */
const merge = (
  base: EffectivePolicy,
  over: TrafficPolicy | undefined,
  port: number,
): EffectivePolicy => {
  if (over === undefined) return base;
  const atPort = over.portLevelSettings.find((setting) => setting.port?.number === port);
  const blocks = atPort ?? {
    loadBalancer: over.loadBalancer ?? base.loadBalancer,
    connectionPool: over.connectionPool ?? base.connectionPool,
    outlierDetection: over.outlierDetection ?? base.outlierDetection,
    tls: over.tls ?? base.tls,
  };
  return {
    loadBalancer: blocks.loadBalancer,
    connectionPool: blocks.connectionPool,
    outlierDetection: blocks.outlierDetection,
    tls: blocks.tls,
    tunnel: over.tunnel ?? base.tunnel,
    proxyProtocol: over.proxyProtocol ?? base.proxyProtocol,
    retryBudget: over.retryBudget ?? base.retryBudget,
  };
};

/** Subset '' is the whole service. Subsets the rule does not have get the rule's own policy. */
export const effectivePolicy = (
  rule: MeshDestinationRule | undefined,
  subset: string,
  port: number,
): EffectivePolicy => {
  const top = merge(noPolicy, rule?.trafficPolicy, port);
  if (subset === '') return top;
  return merge(top, rule?.subsets.find(({ name }) => name === subset)?.trafficPolicy, port);
};
