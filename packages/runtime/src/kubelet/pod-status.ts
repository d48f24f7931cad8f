import type { Condition, Container, ContainerStatus, Pod, PodPhase, PodStatus } from '@lateen/api';
import type { PodAddresses } from './pod-field.ts';

/** What the status of a pod is made from. */
export interface PodStatusInput {
  readonly pod: Pod;
  /** Undefined until the pod has its address. */
  readonly addresses: PodAddresses | undefined;
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
  /** All init containers have done their part. */
  readonly initialized: boolean;
  readonly now: string;
  readonly startTime: string;
}

/** A status as it is sent: nulls take away what an earlier one said (JSON merge patch). */
export type PodStatusPatch = Omit<PodStatus, 'reason' | 'message'> & {
  readonly reason: string | null;
  readonly message: string | null;
};

const succeeded = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0;
const ended = ({ state }: ContainerStatus): boolean => state?.terminated !== undefined;
const neverRan = ({ state, lastState }: ContainerStatus): boolean =>
  state?.running === undefined &&
  state?.terminated === undefined &&
  lastState?.terminated === undefined;

const restarts = (pod: Pod, status: ContainerStatus): boolean => {
  const { restartPolicy = 'Always' } = pod.spec;
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && !succeeded(status));
};

/** The kubelet's getPhase. */
export const podPhase = ({
  pod,
  statuses,
  initStatuses,
  initialized,
}: PodStatusInput): PodPhase => {
  if (!initialized) {
    const failed = initStatuses.some((status) => ended(status) && !succeeded(status));
    return failed && pod.spec.restartPolicy === 'Never' ? 'Failed' : 'Pending';
  }
  if (statuses.some(neverRan)) return 'Pending';
  if (!statuses.every(ended)) return 'Running';
  const stopping = pod.metadata.deletionTimestamp !== undefined;
  if (!stopping && statuses.some((status) => restarts(pod, status))) return 'Running';
  return statuses.every(succeeded) ? 'Succeeded' : 'Failed';
};

const withDefaults = (container: Container): boolean =>
  Object.keys({ ...container.resources?.limits, ...container.resources?.requests }).length > 0;

const isGuaranteed = ({ resources = {} }: Container): boolean =>
  ['cpu', 'memory'].every((name) => {
    const limit = resources.limits?.[name];
    return limit !== undefined && String(resources.requests?.[name] ?? limit) === String(limit);
  });

/** The class Kubernetes derives from limits and requests. */
export const qosClass = ({ spec }: Pod): NonNullable<PodStatus['qosClass']> => {
  if (!spec.containers.some(withDefaults)) return 'BestEffort';
  return spec.containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
};

const names = (statuses: readonly ContainerStatus[]): string =>
  statuses.map(({ name }) => name).join(' ');

interface Finding {
  readonly type: string;
  readonly ok: boolean;
  readonly reason?: string;
  readonly message?: string;
}

const readiness = (input: PodStatusInput, phase: PodPhase): Omit<Finding, 'type'> => {
  if (phase === 'Succeeded') return { ok: false, reason: 'PodCompleted' };
  const unready = input.statuses.filter(({ ready }) => !ready);
  if (unready.length === 0 && phase === 'Running') return { ok: true };
  return {
    ok: false,
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${names(unready)}]`,
  };
};

const findings = (input: PodStatusInput, phase: PodPhase): readonly Finding[] => {
  const ready = readiness(input, phase);
  const waiting = input.initStatuses.filter((status) => !succeeded(status) && !status.ready);
  return [
    { type: 'PodReadyToStartContainers', ok: input.addresses !== undefined },
    input.initialized
      ? { type: 'Initialized', ok: true }
      : {
          type: 'Initialized',
          ok: false,
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${names(waiting)}]`,
        },
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', ok: true },
  ];
};

/** Keeps the time of a condition that has not changed sides. */
const conditions = (input: PodStatusInput, phase: PodPhase): readonly Condition[] => {
  const before = input.pod.status?.conditions ?? [];
  const own = findings(input, phase).map(({ type, ok, reason, message }): Condition => {
    const status = ok ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const same = old?.status === status && old.lastTransitionTime !== undefined;
    return {
      type,
      status,
      lastProbeTime: null,
      lastTransitionTime: same ? (old.lastTransitionTime ?? input.now) : input.now,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
    };
  });
  const foreign = before.filter(({ type }) => !own.some((condition) => condition.type === type));
  return [...own, ...foreign];
};

/** The status of a pod from those of its containers. */
export const podStatus = (input: PodStatusInput): PodStatusPatch => {
  const phase = podPhase(input);
  const { addresses, initStatuses } = input;
  return {
    phase,
    conditions: conditions(input, phase),
    containerStatuses: input.statuses,
    ...(initStatuses.length > 0 && { initContainerStatuses: initStatuses }),
    ...(addresses !== undefined && {
      hostIP: addresses.nodeAddress,
      hostIPs: [{ ip: addresses.nodeAddress }],
      podIP: addresses.podAddress,
      podIPs: [{ ip: addresses.podAddress }],
    }),
    startTime: input.startTime,
    qosClass: qosClass(input.pod),
    reason: null,
    message: null,
  };
};
