import type { KubeObject } from '../object.ts';
import type { LocalObjectReference, ObjectReference } from './object-reference.ts';

/** core/v1 ServiceAccount. */
export interface ServiceAccount extends KubeObject<never, never> {
  readonly secrets?: readonly ObjectReference[];
  readonly imagePullSecrets?: readonly LocalObjectReference[];
  readonly automountServiceAccountToken?: boolean;
}
