import type { KubeObject } from '../object.ts';

/** install.istio.io/v1alpha1 IstioOperator: kept as written; nothing here acts on it. */
export interface IstioOperator
  extends KubeObject<Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>> {}
