import type { Pod } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { type Informer, isKubeError, type KubeClient, resources, WorkQueue } from '@lateen/kube';
import type { EventRecorder } from './event-recorder.ts';

export interface SchedulerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly pods: Informer<Pod>;
  /** The only node there is, and its labels. */
  readonly nodeName: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
}

const fits = (pod: Pod, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);

/** Gives pods without a node the one node, if their selector allows it. Returns its end. */
export const startScheduler = (options: SchedulerOptions): (() => void) => {
  const { client, clock, log, events, pods, nodeName, nodeLabels } = options;
  const reconcile = async (key: string): Promise<void> => {
    const pod = pods.getByKey(key);
    if (pod === undefined || !isPending(pod)) return;
    if (!fits(pod, nodeLabels)) {
      const message =
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
      events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
      return;
    }
    const { name, namespace } = pod.metadata;
    try {
      const body = { spec: { nodeName } };
      await client.patch(resources.pods, { kind: 'merge', name, namespace, body });
    } catch (error) {
      if (isKubeError(error, 'not-found')) return;
      throw error;
    }
    const message = `Successfully assigned ${key} to ${nodeName}`;
    events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
  };
  const queue = new WorkQueue({ name: 'scheduler', reconcile, clock, log });
  const unsubscribe = pods.onChange(({ key, after }) => {
    if (after !== undefined && isPending(after)) queue.add(key);
  });
  return () => {
    unsubscribe();
    queue.stop();
  };
};

const isPending = ({ spec, metadata }: Pod): boolean =>
  spec.nodeName === undefined &&
  metadata.deletionTimestamp === undefined &&
  (spec.schedulerName ?? 'default-scheduler') === 'default-scheduler';
