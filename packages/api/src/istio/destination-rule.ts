import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicySelector } from './policy-target.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** networking.istio.io Subset: the endpoints of the host that carry all `labels`. */
export interface Subset {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly trafficPolicy?: TrafficPolicy;
}

/** networking.istio.io DestinationRule. */
export interface DestinationRuleSpec {
  /** Short names resolve in the object's namespace; wildcards allowed. */
  readonly host: string;
  readonly trafficPolicy?: TrafficPolicy;
  readonly subsets?: readonly Subset[];
  readonly exportTo?: readonly string[];
  /** Client workloads of the object's own namespace. */
  readonly workloadSelector?: PolicySelector;
}

/** A networking.istio.io DestinationRule object. */
export interface DestinationRule extends KubeObject<DestinationRuleSpec, IstioStatus> {
  readonly spec: DestinationRuleSpec;
}
