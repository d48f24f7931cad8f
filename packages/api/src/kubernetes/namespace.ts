import type { KubeObject } from '../object.ts';
import type { Condition } from './condition.ts';

/** core/v1 NamespaceSpec. */
export interface NamespaceSpec {
  readonly finalizers?: readonly string[];
}

/** core/v1 NamespaceStatus. */
export interface NamespaceStatus {
  readonly phase?: 'Active' | 'Terminating';
  readonly conditions?: readonly Condition[];
}

/** core/v1 Namespace (cluster-scoped). */
export interface Namespace extends KubeObject<NamespaceSpec, NamespaceStatus> {}
