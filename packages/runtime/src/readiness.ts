import type { Pod } from '@lateen/api';
import type { Informer } from '@lateen/kube';
import { RuntimeError } from './runtime-error.ts';

/** istiod and the gateways must be there within this time on a busy machine. */
const readyTimeoutMs = 60_000;

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ===
  true;

/** Why a pod is not ready, in a few words. */
const troubleOf = ({ metadata, status }: Pod): string => {
  const waiting = (status?.containerStatuses ?? []).find(({ ready }) => !ready);
  const reason = waiting?.state?.waiting?.reason ?? status?.phase ?? 'Pending';
  return `${metadata.name} is ${reason}`;
};

export interface ReadinessRequest {
  readonly pods: Informer<Pod>;
  readonly namespace: string;
  /** Values of the label `app`; one ready pod of each is enough. */
  readonly apps: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Waits until each app has a ready pod. Resolves early when the signal fires; rejects with
 * RuntimeError `not-ready` naming what is missing.
 */
export const untilAppsReady = async (request: ReadinessRequest): Promise<void> => {
  const { pods, namespace, apps, signal } = request;
  const { promise, resolve } = Promise.withResolvers<'ready' | 'stopped' | 'late'>();
  const podsOf = (app: string): readonly Pod[] =>
    pods
      .list()
      .filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['app'] === app,
      );
  const check = (): void => {
    if (apps.every((app) => podsOf(app).some(isReady))) resolve('ready');
  };
  const unsubscribe = pods.onChange(check);
  const timer = setTimeout(() => resolve('late'), readyTimeoutMs);
  const onAbort = (): void => resolve('stopped');
  signal.addEventListener('abort', onAbort, { once: true });
  check();
  const outcome = await promise;
  unsubscribe();
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  if (outcome !== 'late') return;
  const troubles = apps
    .filter((app) => !podsOf(app).some(isReady))
    .map((app) => podsOf(app).map(troubleOf).join(', ') || `${app} has no pod`);
  throw new RuntimeError(
    'not-ready',
    `not ready after ${readyTimeoutMs / 1_000} s: ${troubles.join('; ')}; see kubectl logs -n ${namespace}`,
  );
};
