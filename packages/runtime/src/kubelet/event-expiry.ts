import type { KubeObject } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { isKubeError, type KubeClient, resources } from '@lateen/kube';
import { reasonOf } from '../runtime-error.ts';

/** Kubernetes' --event-ttl. */
const lifetimeMs: number = 60 * 60 * 1_000;
const intervalMs: number = 5 * 60 * 1_000;

export interface EventExpiryOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
}

type TimedEvent = KubeObject & { readonly lastTimestamp?: string };

const lastSeenMs = ({ lastTimestamp, metadata }: TimedEvent): number =>
  Date.parse(lastTimestamp ?? metadata.creationTimestamp ?? '');

/** Removes events that were last seen an hour ago. */
export const expireEvents = async ({ client, clock }: EventExpiryOptions): Promise<void> => {
  const { items } = await client.list<TimedEvent>(resources.events);
  for (const event of items) {
    if (!(lastSeenMs(event) < clock.nowMs() - lifetimeMs)) continue;
    const { name, namespace } = event.metadata;
    try {
      await client.delete(resources.events, { name, namespace });
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
    }
  }
};

/** Does so every few minutes, so that the store does not grow for ever. Returns its end. */
export const startEventExpiry = (options: EventExpiryOptions): (() => void) => {
  let cancel: () => void = () => undefined;
  const round = async (): Promise<void> => {
    try {
      await expireEvents(options);
    } catch (error) {
      options.log.debug('events not expired', { reason: reasonOf(error) });
    }
    schedule();
  };
  const schedule = (): void => {
    cancel = options.clock.schedule(intervalMs, () => void round());
  };
  schedule();
  return () => cancel();
};
