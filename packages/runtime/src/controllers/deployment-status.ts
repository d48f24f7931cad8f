import type { Deployment, ReplicaSet } from '@lateen/api';
import { rolloutBounds } from './rolling-update.ts';

type Condition = NonNullable<NonNullable<Deployment['status']>['conditions']>[number];

interface Finding {
  readonly type: 'Available' | 'Progressing';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

const total = (
  sets: readonly (ReplicaSet | undefined)[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas',
): number => sets.reduce((sum, set) => sum + (set?.status?.[field] ?? 0), 0);

/** What `kubectl rollout status` and `kubectl get deploy` read. */
export const deploymentStatus = (
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  nowMs: number,
): NonNullable<Deployment['status']> => {
  const sets = [current, ...old];
  const wanted = deployment.spec?.replicas ?? 1;
  const replicas = total(sets, 'replicas');
  const availableReplicas = total(sets, 'availableReplicas');
  const updatedReplicas = total([current], 'replicas');
  const { maxUnavailable } = rolloutBounds(wanted, deployment.spec?.strategy?.rollingUpdate);
  const done = updatedReplicas === wanted && replicas === wanted && availableReplicas >= wanted;
  const setName = current?.metadata.name ?? deployment.metadata.name;
  const findings: readonly Finding[] = [
    availableReplicas >= wanted - maxUnavailable
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    done
      ? {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "${setName}" has successfully progressed.`,
        }
      : {
          type: 'Progressing',
          status: 'True',
          reason: 'ReplicaSetUpdated',
          message: `ReplicaSet "${setName}" is progressing.`,
        },
  ];
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas,
    readyReplicas: total(sets, 'readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, Math.max(wanted, replicas) - availableReplicas),
    conditions: findings.map((finding) => stamped(deployment, finding, nowMs)),
  };
};

/** Keeps the times of a condition that did not change. */
const stamped = (deployment: Deployment, finding: Finding, nowMs: number): Condition => {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const before = deployment.status?.conditions?.find(({ type }) => type === finding.type);
  const sameState = before?.status === finding.status;
  const sameAll =
    sameState && before?.reason === finding.reason && before?.message === finding.message;
  return {
    ...finding,
    lastUpdateTime: (sameAll ? before?.lastUpdateTime : undefined) ?? now,
    lastTransitionTime: (sameState ? before?.lastTransitionTime : undefined) ?? now,
  };
};

/** Absent counts are zero. */
export const sameStatus = (
  before: Deployment['status'],
  after: NonNullable<Deployment['status']>,
): boolean => {
  const counts = [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
  ] as const;
  return (
    counts.every((field) => (before?.[field] ?? 0) === (after[field] ?? 0)) &&
    JSON.stringify(after.conditions?.map(contentOf)) ===
      JSON.stringify(before?.conditions?.map(contentOf))
  );
};

const contentOf = ({ type, status, reason, message }: Condition): readonly unknown[] => [
  type,
  status,
  reason,
  message,
];
