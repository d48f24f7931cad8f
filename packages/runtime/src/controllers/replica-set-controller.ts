import type { KubeObject, Pod, ReplicaSet } from '@lateen/api';
import { isKubeError, resources, WorkQueue } from '@lateen/kube';
import type { Controller, ControllerContext } from './controller-context.ts';
import { Expectations } from './expectations.ts';
import { controllerOf, controllerReference, isControlledBy, ownerKey } from './ownership.ts';
import { isActive, isReady, msUntilAvailable } from './pod-condition.ts';

/** Pods made or removed in one round; the rest follows in the next (kube-controller-manager: 500). */
const burstReplicas = 500;

/** Keeps as many pods as each ReplicaSet asks for. */
export const startReplicaSetController = (context: ControllerContext): Controller => {
  const { caches, clock, log } = context;
  const expectations = new Expectations(clock);
  const queue = new WorkQueue({
    name: 'replicaset',
    clock,
    log,
    reconcile: (key) => reconcile(context, { key, expectations, queue }),
  });
  const stops = [
    caches.replicaSets.onChange(({ key }) => queue.add(key)),
    caches.pods.onChange(({ before, after }) => {
      const pod = after ?? before;
      const owner = pod && ownerKey(pod, 'ReplicaSet');
      if (pod === undefined || owner === undefined) return;
      if (after !== undefined) expectations.observe(owner, `create ${after.metadata.uid}`);
      if (!after || !isActive(after)) expectations.observe(owner, `delete ${pod.metadata.uid}`);
      queue.add(owner);
    }),
  ];
  return {
    stop: () => {
      for (const stop of stops) stop();
      queue.stop();
    },
  };
};

interface Round {
  readonly key: string;
  readonly expectations: Expectations;
  readonly queue: WorkQueue;
}

const reconcile = async (context: ControllerContext, round: Round): Promise<void> => {
  const { caches } = context;
  const set = caches.replicaSets.getByKey(round.key);
  if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
  const pods = await claimPods(context, set);
  const active = pods.filter(isActive);
  if (round.expectations.satisfied(round.key)) await scale(context, set, active, round);
  await writeStatus(context, set, active, round);
};

/** Pods that are the set's, including orphans its selector matches, which it adopts. */
const claimPods = async (
  { caches, client }: ControllerContext,
  set: ReplicaSet,
): Promise<readonly Pod[]> => {
  const claimed: Pod[] = [];
  for (const pod of caches.pods.list()) {
    if (pod.metadata.namespace !== set.metadata.namespace) continue;
    if (isControlledBy(pod, set)) claimed.push(pod);
    else if (controllerOf(pod) === undefined && isActive(pod) && selects(set, pod)) {
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), controllerReference(set)];
      const { name, namespace } = pod.metadata;
      const body = { metadata: { uid: pod.metadata.uid, ownerReferences } };
      claimed.push(
        await client.patch<Pod>(resources.pods, { name, namespace, kind: 'merge', body }),
      );
    }
  }
  return claimed;
};

const selects = (set: ReplicaSet, pod: Pod): boolean => {
  const wanted = Object.entries(set.spec?.selector?.matchLabels ?? {});
  return (
    wanted.length > 0 && wanted.every(([name, value]) => pod.metadata.labels?.[name] === value)
  );
};

const scale = async (
  { client }: ControllerContext,
  set: ReplicaSet,
  active: readonly Pod[],
  { key, expectations }: Round,
): Promise<void> => {
  const missing = (set.spec?.replicas ?? 1) - active.length;
  if (missing > 0) {
    const count = Math.min(missing, burstReplicas);
    const create = async (): Promise<void> => {
      const pod = await client.create<KubeObject>(resources.pods, podFor(set));
      expectations.expect(key, `create ${pod.metadata.uid}`);
    };
    await Promise.all(Array.from({ length: count }, create));
  }
  const surplus = active.toSorted(byDispensability).slice(0, Math.max(0, -missing));
  for (const { metadata } of surplus.slice(0, burstReplicas)) {
    expectations.expect(key, `delete ${metadata.uid}`);
    await client
      .delete(resources.pods, { name: metadata.name, namespace: metadata.namespace })
      .catch((error: unknown) => {
        expectations.observe(key, `delete ${metadata.uid}`);
        if (!isKubeError(error, 'not-found')) throw error;
      });
  }
};

/** First to go: unscheduled, then not ready, then the youngest (Kubernetes' ActivePods order). */
const byDispensability = (a: Pod, b: Pod): number => {
  const rank = (pod: Pod): number =>
    pod.spec?.nodeName === undefined
      ? 0
      : pod.status?.phase !== 'Running'
        ? 1
        : isReady(pod)
          ? 3
          : 2;
  const age = (pod: Pod): string => pod.metadata.creationTimestamp ?? '';
  return rank(a) - rank(b) || (age(a) < age(b) ? 1 : -1);
};

const podFor = (set: ReplicaSet): KubeObject => {
  const template = set.spec?.template;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(set)],
    } as unknown as KubeObject['metadata'],
    spec: template?.spec,
  };
};

const writeStatus = async (
  { client, clock }: ControllerContext,
  set: ReplicaSet,
  active: readonly Pod[],
  { key, queue }: Round,
): Promise<void> => {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const waits = active.map((pod) => msUntilAvailable(pod, minReadySeconds, clock.nowMs()));
  const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
  if (pending.length > 0) queue.addAfter(key, Math.min(...pending));
  const templateLabels = Object.entries(set.spec?.template?.metadata?.labels ?? {});
  const status = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) =>
      templateLabels.every(([name, value]) => pod.metadata.labels?.[name] === value),
    ).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    observedGeneration: set.metadata.generation ?? 0,
  };
  const current = { ...set.status } as Partial<typeof status>;
  const same = (Object.keys(status) as (keyof typeof status)[]).every(
    (field) => (current[field] ?? 0) === status[field],
  );
  if (same) return;
  const { name, namespace } = set.metadata;
  const request = {
    name,
    namespace,
    kind: 'merge',
    subresource: 'status',
    body: { status },
  } as const;
  await client.patch(resources.replicaSets, request);
};
