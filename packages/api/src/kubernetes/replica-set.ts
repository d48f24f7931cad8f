import type { KubeObject } from '../object.ts';
import type { Condition } from './condition.ts';
import type { PodTemplateSpec } from './pod.ts';
import type { LabelSelector } from './selector.ts';

/** apps/v1 ReplicaSetSpec. */
export interface ReplicaSetSpec {
  /** Default 1. */
  readonly replicas?: number;
  /** Default 0. */
  readonly minReadySeconds?: number;
  readonly selector: LabelSelector;
  readonly template?: PodTemplateSpec;
}

/** apps/v1 ReplicaSetStatus. */
export interface ReplicaSetStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** apps/v1 ReplicaSet. */
export interface ReplicaSet extends KubeObject<ReplicaSetSpec, ReplicaSetStatus> {
  readonly spec: ReplicaSetSpec;
}
