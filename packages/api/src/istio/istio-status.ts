import type { Condition } from '../kubernetes/condition.ts';

/** meta.istio.io IstioStatus. */
export interface IstioStatus {
  readonly conditions?: readonly Condition[];
  readonly validationMessages?: readonly unknown[];
  readonly observedGeneration?: number | string;
}
