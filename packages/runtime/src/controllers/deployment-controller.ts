import type { Deployment, KubeObject, ReplicaSet } from '@lateen/api';
import { isKubeError, resources, WorkQueue } from '@lateen/kube';
import type { Controller, ControllerContext } from './controller-context.ts';
import { deploymentStatus, sameStatus } from './deployment-status.ts';
import { controllerReference, isControlledBy, ownerKey } from './ownership.ts';
import { planRollingUpdate, rolloutBounds } from './rolling-update.ts';
import { shortHash } from './template-hash.ts';

const hashLabel = 'pod-template-hash';
const revisionAnnotation = 'deployment.kubernetes.io/revision';
/** Kubernetes' default of `spec.revisionHistoryLimit`. */
const defaultHistoryLimit = 10;

/** Turns Deployments into ReplicaSets and moves pods from one to the next when the template changes. */
export const startDeploymentController = (context: ControllerContext): Controller => {
  const { caches, clock, log } = context;
  const queue = new WorkQueue({
    name: 'deployment',
    clock,
    log,
    reconcile: (key) => reconcile(context, key, queue),
  });
  const stops = [
    caches.deployments.onChange(({ key }) => queue.add(key)),
    caches.replicaSets.onChange(({ before, after }) => {
      const set = after ?? before;
      const owner = set && ownerKey(set, 'Deployment');
      if (owner !== undefined) queue.add(owner);
    }),
  ];
  return {
    stop: () => {
      for (const stop of stops) stop();
      queue.stop();
    },
  };
};

const reconcile = async (
  context: ControllerContext,
  key: string,
  queue: WorkQueue,
): Promise<void> => {
  const deployment = context.caches.deployments.getByKey(key);
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
  const sets = ownedSets(context, deployment);
  const hash = shortHash(deployment.spec?.template);
  let current = sets.find((set) => set.metadata.labels?.[hashLabel] === hash);
  const old = sets.filter((set) => set !== current);
  const mayRoll = deployment.spec?.paused !== true && !recreateWaits(deployment, old);
  if (current === undefined && mayRoll)
    current = await createSet(context, deployment, { hash, sets, old });
  if (current !== undefined) await roll(context, deployment, current, old);
  else await scaleDownAll(context, deployment, old);
  if (current !== undefined) await stampRevision(context, deployment, current);
  await writeStatus(context, deployment, current, old);
  await forgetHistory(context, deployment, old);
  if (mayRoll && current === undefined) queue.addAfter(key, 100);
};

const ownedSets = ({ caches }: ControllerContext, deployment: Deployment): readonly ReplicaSet[] =>
  caches.replicaSets
    .list()
    .filter(
      (set) => isControlledBy(set, deployment) && set.metadata.deletionTimestamp === undefined,
    )
    .toSorted((a, b) => revisionOf(b) - revisionOf(a));

const revisionOf = (object: KubeObject): number =>
  Number(object.metadata.annotations?.[revisionAnnotation] ?? 0);

const isRecreate = (deployment: Deployment): boolean =>
  deployment.spec?.strategy?.type === 'Recreate';

/** Recreate makes no new pod while an old one is alive. */
const recreateWaits = (deployment: Deployment, old: readonly ReplicaSet[]): boolean =>
  isRecreate(deployment) && old.some((set) => (set.status?.replicas ?? 0) > 0);

interface NewSet {
  readonly hash: string;
  readonly sets: readonly ReplicaSet[];
  readonly old: readonly ReplicaSet[];
}

const createSet = async (
  { client }: ControllerContext,
  deployment: Deployment,
  { hash, sets, old }: NewSet,
): Promise<ReplicaSet | undefined> => {
  const { spec, metadata } = deployment;
  const template = spec?.template;
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash };
  const matchLabels = spec?.selector?.matchLabels ?? template?.metadata?.labels ?? {};
  const revision = Math.max(0, ...sets.map(revisionOf)) + 1;
  const set = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(spec?.replicas ?? 1),
        [revisionAnnotation]: String(revision),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: plannedReplicas(deployment, { wanted: 0, available: 0 }, old).current,
      minReadySeconds: spec?.minReadySeconds ?? 0,
      selector: { ...spec?.selector, matchLabels: { ...matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
  try {
    return await client.create(resources.replicaSets, set as unknown as ReplicaSet);
  } catch (error) {
    // Made in the round before, and the cache has not shown it yet.
    if (isKubeError(error, 'already-exists')) return undefined;
    throw error;
  }
};

const countOf = (set: ReplicaSet): { wanted: number; available: number } => ({
  wanted: set.spec?.replicas ?? 1,
  available: set.status?.availableReplicas ?? 0,
});

const plannedReplicas = (
  deployment: Deployment,
  current: { wanted: number; available: number },
  old: readonly ReplicaSet[],
): { current: number; old: readonly number[] } => {
  const wanted = deployment.spec?.replicas ?? 1;
  if (isRecreate(deployment)) return { current: wanted, old: old.map(() => 0) };
  const bounds = rolloutBounds(wanted, deployment.spec?.strategy?.rollingUpdate);
  return planRollingUpdate(wanted, current, old.map(countOf), bounds);
};

const roll = async (
  context: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Promise<void> => {
  const plan =
    deployment.spec?.paused === true
      ? { current: deployment.spec.replicas ?? 1, old: old.map((set) => countOf(set).wanted) }
      : plannedReplicas(deployment, countOf(current), old);
  await setReplicas(context, current, plan.current);
  for (const [index, set] of old.entries()) await setReplicas(context, set, plan.old[index] ?? 0);
};

const scaleDownAll = async (
  context: ControllerContext,
  deployment: Deployment,
  old: readonly ReplicaSet[],
): Promise<void> => {
  if (!isRecreate(deployment)) return;
  for (const set of old) await setReplicas(context, set, 0);
};

const setReplicas = async (
  { client }: ControllerContext,
  set: ReplicaSet,
  replicas: number,
): Promise<void> => {
  if ((set.spec?.replicas ?? 1) === replicas) return;
  const { name, namespace } = set.metadata;
  const body = { spec: { replicas } };
  await client.patch(resources.replicaSets, { name, namespace, kind: 'merge', body });
};

/** An old template applied again takes the newest revision number, as `rollout undo` expects. */
const stampRevision = async (
  { client, caches }: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet,
): Promise<void> => {
  const others = caches.replicaSets
    .list()
    .filter((set) => isControlledBy(set, deployment) && set.metadata.uid !== current.metadata.uid);
  const newest = Math.max(0, ...others.map(revisionOf));
  const revision = Math.max(revisionOf(current), newest + (revisionOf(current) > newest ? 0 : 1));
  const annotations = { [revisionAnnotation]: String(revision) };
  const stamp = async (
    resource: typeof resources.deployments,
    object: KubeObject,
  ): Promise<void> => {
    if (revisionOf(object) === revision) return;
    const { name, namespace } = object.metadata;
    const body = { metadata: { annotations } };
    await client.patch(resource, { name, namespace, kind: 'merge', body });
  };
  await stamp(resources.replicaSets, current);
  await stamp(resources.deployments, deployment);
};

const writeStatus = async (
  { client, clock }: ControllerContext,
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Promise<void> => {
  const status = deploymentStatus(deployment, current, old, clock.nowMs());
  if (sameStatus(deployment.status, status)) return;
  const { name, namespace } = deployment.metadata;
  const request = {
    name,
    namespace,
    kind: 'merge',
    subresource: 'status',
    body: { status },
  } as const;
  await client.patch(resources.deployments, request);
};

const forgetHistory = async (
  { client }: ControllerContext,
  deployment: Deployment,
  old: readonly ReplicaSet[],
): Promise<void> => {
  const limit = deployment.spec?.revisionHistoryLimit ?? defaultHistoryLimit;
  const idle = old.filter((set) => set.spec?.replicas === 0 && (set.status?.replicas ?? 0) === 0);
  for (const { metadata } of idle.slice(limit))
    await client
      .delete(resources.replicaSets, { name: metadata.name, namespace: metadata.namespace })
      .catch((error: unknown) => {
        if (!isKubeError(error, 'not-found')) throw error;
      });
};
