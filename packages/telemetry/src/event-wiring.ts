import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import type { ConfigHistory } from './config/config-history.ts';
import { referenceOf } from './config/object-text.ts';
import type { MeshObjects, ObjectChange } from './mesh/mesh-objects.ts';
import type { EventStream } from './server/event-stream.ts';

/** Kinds whose changes pages want to hear of, besides configuration. */
const toldKinds: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'Namespace']);
/** Between events that only say "look again". */
const quietMs = 1_000;

const changeOf = ({ before, after }: ObjectChange) => {
  if (before === undefined) return 'added';
  return after === undefined ? 'deleted' : 'modified';
};

/** Calls at most once in a while; a call in between is made up for at its end. */
export const throttled = (clock: Clock, run: () => void): (() => void) => {
  let isWaiting = false;
  let isWanted = false;
  const fire = (): void => {
    isWaiting = true;
    run();
    clock.schedule(quietMs, () => {
      isWaiting = false;
      if (!isWanted) return;
      isWanted = false;
      fire();
    });
  };
  return () => {
    if (isWaiting) isWanted = true;
    else fire();
  };
};

/** Tells pages of changed objects, and keeps the history of configuration. */
export const wireObjectEvents = (
  objects: MeshObjects,
  {
    events,
    history,
    clock,
  }: {
    readonly events: EventStream;
    readonly history: ConfigHistory;
    readonly clock: Clock;
  },
): void => {
  const proxiesChanged = throttled(clock, () =>
    events.send({ type: 'proxies', atMs: clock.nowMs() }),
  );
  const tell = (change: ObjectChange, object: KubeObject, historyId: number): void =>
    events.send({
      type: 'config',
      atMs: clock.nowMs(),
      change: changeOf(change),
      object: referenceOf(object),
      resourceVersion: object.metadata.resourceVersion ?? '',
      historyId,
    });
  objects.onChange((change) => {
    const { kind, before, after } = change;
    const object = after ?? before;
    if (object === undefined) return;
    if (!kind.isConfig) {
      if (toldKinds.has(kind.resource.kind)) tell(change, object, 0);
      return;
    }
    const entry = history.note(change, clock.nowMs());
    if (entry === undefined) return;
    tell(change, object, entry.id);
    // Istiod pushes after a change: sync states move.
    proxiesChanged();
  });
};
