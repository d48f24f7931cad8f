import type { Pod } from '@lateen/api';

/** Whether the pod's `Ready` condition is true. */
export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
  false;

/** Whether the pod still counts: not finished and not being deleted. */
export const isActive = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status?.phase !== 'Succeeded' &&
  pod.status?.phase !== 'Failed';

/**
 * Milliseconds until a ready pod has been ready for `minReadySeconds`; 0 when available now,
 * undefined when it is not ready.
 */
export const msUntilAvailable = (
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): number | undefined => {
  const ready = pod.status?.conditions?.find(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
  if (ready === undefined) return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '') || nowMs;
  return Math.max(0, sinceMs + minReadySeconds * 1000 - nowMs);
};
