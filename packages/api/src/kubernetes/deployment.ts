import type { KubeObject } from '../object.ts';
import type { Condition } from './condition.ts';
import type { PodTemplateSpec } from './pod.ts';
import type { LabelSelector } from './selector.ts';

/** apps/v1 DeploymentStrategy; numbers are pods, strings are percentages (`25%`). */
export interface DeploymentStrategy {
  /** Default RollingUpdate. */
  readonly type?: 'Recreate' | 'RollingUpdate';
  readonly rollingUpdate?: {
    /** Default 25%, rounded down. */
    readonly maxUnavailable?: number | string;
    /** Default 25%, rounded up. */
    readonly maxSurge?: number | string;
  };
}

/** apps/v1 DeploymentSpec. */
export interface DeploymentSpec {
  /** Default 1. */
  readonly replicas?: number;
  /** Required in apps/v1; extensions/v1beta1 and apps/v1beta1 default it to the template's labels. */
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly strategy?: DeploymentStrategy;
  /** Default 0. */
  readonly minReadySeconds?: number;
  /** Default 10. */
  readonly revisionHistoryLimit?: number;
  readonly paused?: boolean;
  /** Default 600. */
  readonly progressDeadlineSeconds?: number;
}

/** apps/v1 DeploymentStatus. */
export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly conditions?: readonly Condition[];
  readonly collisionCount?: number;
}

/** apps/v1 Deployment (also served as apps/v1beta1, apps/v1beta2 and extensions/v1beta1). */
export interface Deployment extends KubeObject<DeploymentSpec, DeploymentStatus> {
  readonly spec: DeploymentSpec;
}
