import type { ContainerState, ContainerStatus, Pod } from '@lateen/api';
import { humanDuration } from './human-duration.ts';

/** What `kubectl get pods` tells of a pod. */
export interface PodSummary {
  readonly readyContainers: number;
  readonly totalContainers: number;
  /** The STATUS column: phase, or the reason that matters most. */
  readonly reason: string;
  readonly restarts: number;
  /** Unix milliseconds of the latest end of a container that was restarted. */
  readonly lastRestartMs?: number;
}

interface Restarts {
  readonly count: number;
  readonly lastMs: number;
}

const noRestarts: Restarts = { count: 0, lastMs: 0 };

const withRestartsOf = ({ count, lastMs }: Restarts, status: ContainerStatus): Restarts => {
  const finishedMs = Date.parse(status.lastState?.terminated?.finishedAt ?? '');
  return {
    count: count + (status.restartCount ?? 0),
    lastMs: Number.isNaN(finishedMs) ? lastMs : Math.max(lastMs, finishedMs),
  };
};

const terminatedReason = ({ terminated }: ContainerState): string | undefined => {
  if (terminated === undefined) return undefined;
  if (terminated.reason !== undefined && terminated.reason !== '') return terminated.reason;
  const { signal = 0, exitCode } = terminated;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
};

const initialReason = ({ status }: Pod): string => {
  const gated = status?.conditions?.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  if (gated === true) return 'SchedulingGated';
  return status?.reason || status?.phase || 'Unknown';
};

const hasCondition = ({ status }: Pod, wanted: string): boolean =>
  status?.conditions?.some(({ type, status: state }) => type === wanted && state === 'True') ===
  true;

/** Init containers with restartPolicy Always run beside the others and count as such. */
const sidecarNames = ({ spec }: Pod): ReadonlySet<string> =>
  new Set(
    (spec?.initContainers ?? [])
      .filter((container) => container.restartPolicy === 'Always')
      .map(({ name }) => name),
  );

interface InitProgress {
  /** Set while an init container holds the pod back. */
  readonly reason?: string;
  readonly readySidecars: number;
  readonly restarts: Restarts;
  readonly sidecarRestarts: Restarts;
}

const heldBackReason = (state: ContainerState, position: number, total: number): string => {
  const ended = terminatedReason(state);
  if (ended !== undefined) return `Init:${ended}`;
  const waiting = state.waiting?.reason ?? '';
  return waiting !== '' && waiting !== 'PodInitializing'
    ? `Init:${waiting}`
    : `Init:${position}/${total}`;
};

const isDone = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0;

const initProgress = (pod: Pod, sidecars: ReadonlySet<string>): InitProgress => {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const isStartedSidecar = ({ name, started }: ContainerStatus): boolean =>
    sidecars.has(name) && started === true;
  const heldBackAt = statuses.findIndex((status) => !isDone(status) && !isStartedSidecar(status));
  const seen = heldBackAt === -1 ? statuses : statuses.slice(0, heldBackAt + 1);
  const heldBack = statuses[heldBackAt];
  const total = pod.spec?.initContainers?.length ?? 0;
  return {
    readySidecars: seen.filter(
      (status) => !isDone(status) && isStartedSidecar(status) && status.ready,
    ).length,
    restarts: seen.reduce(withRestartsOf, noRestarts),
    sidecarRestarts: seen
      .filter(({ name }) => sidecars.has(name))
      .reduce(withRestartsOf, noRestarts),
    ...(heldBack !== undefined && {
      reason: heldBackReason(heldBack.state ?? {}, heldBackAt, total),
    }),
  };
};

interface ContainerProgress {
  readonly reason?: string;
  readonly ready: number;
  readonly restarts: Restarts;
}

const containerProgress = (pod: Pod, sidecarRestarts: Restarts): ContainerProgress => {
  let restarts = sidecarRestarts;
  let ready = 0;
  let reason: string | undefined;
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts = withRestartsOf(restarts, status);
    const state = status.state ?? {};
    const own = state.waiting?.reason || terminatedReason(state);
    if (own !== undefined) reason = own;
    else if (status.ready && state.running !== undefined) ready += 1;
  }
  return { ready, restarts, ...(reason !== undefined && { reason }) };
};

const finalReason = (pod: Pod, reason: string, readyContainers: number): string => {
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (pod.status?.reason === 'NodeLost') return 'Unknown';
    const { phase } = pod.status ?? {};
    if (phase !== 'Succeeded' && phase !== 'Failed') return 'Terminating';
  }
  if (reason !== 'Completed' || readyContainers === 0) return reason;
  return hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
};

/** Summarises a pod as Kubernetes' `printPod` does. */
export const summarizePod = (pod: Pod): PodSummary => {
  const sidecars = sidecarNames(pod);
  const init = initProgress(pod, sidecars);
  const initialized = init.reason === undefined || hasCondition(pod, 'Initialized');
  const containers = initialized
    ? containerProgress(pod, init.sidecarRestarts)
    : { ready: 0, restarts: init.restarts };
  const reason = containers.reason ?? init.reason ?? initialReason(pod);
  const { count, lastMs } = containers.restarts;
  return {
    readyContainers: init.readySidecars + containers.ready,
    totalContainers: (pod.spec?.containers?.length ?? 0) + sidecars.size,
    reason: finalReason(pod, reason, containers.ready),
    restarts: count,
    ...(lastMs > 0 && { lastRestartMs: lastMs }),
  };
};

/** `3 (144m ago)`, or the bare count when no restart's time is known. */
export const restartsText = ({ restarts, lastRestartMs }: PodSummary, nowMs: number): string =>
  restarts === 0 || lastRestartMs === undefined
    ? String(restarts)
    : `${restarts} (${humanDuration(nowMs - lastRestartMs)} ago)`;
