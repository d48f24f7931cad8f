import type { KubeObject } from '@lateen/api';
import { BoundedQueue, type Clock, type Logger } from '@lateen/base';
import { type KubeClient, resources } from '@lateen/kube';
import { reasonOf } from '../runtime-error.ts';

/** Events waiting to be written; more are dropped: they inform, nothing depends on them. */
const maxWaiting = 1_000;
/** Distinct events whose count is remembered; the oldest are forgotten first. */
const maxRemembered = 4_096;

/** What an event says. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, as Kubernetes names it: `Started`, `BackOff`. */
  readonly reason: string;
  readonly message: string;
  /** Container the event is about. */
  readonly container?: string;
}

interface KubeEvent extends KubeObject {
  readonly count?: number;
}

interface Occurrence {
  readonly name: string;
  count: number;
}

interface Entry {
  readonly about: KubeObject;
  readonly note: EventNote;
  readonly atMs: number;
}

/** Writes core/v1 Events, the same one again as a higher count, in the background and in order. */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #component: string;
  readonly #queue = new BoundedQueue<Entry>(maxWaiting);
  readonly #known = new Map<string, Occurrence>();
  #busy = false;
  #sequence = 0;

  constructor(options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: Logger;
    /** Source shown by `kubectl describe`: `kubelet`, `default-scheduler`. */
    readonly component: string;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#component = options.component;
  }

  record(about: KubeObject, note: EventNote): void {
    this.#queue.offer({ about, note, atMs: this.#clock.nowMs() });
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let entry = this.#queue.take(); entry !== undefined; entry = this.#queue.take())
      try {
        await this.#write(entry);
      } catch (error) {
        this.#log.debug('event not written', { reason: reasonOf(error) });
      }
    this.#busy = false;
  }

  async #write({ about, note, atMs }: Entry): Promise<void> {
    const key = `${about.metadata.uid} ${note.reason} ${note.container ?? ''} ${note.message}`;
    const known = this.#known.get(key);
    if (known === undefined) return this.#create(key, { about, note, atMs });
    known.count += 1;
    const body = { count: known.count, lastTimestamp: timeOf(atMs) };
    const namespace = about.metadata.namespace ?? 'default';
    await this.#client.patch(resources.events, {
      kind: 'merge',
      name: known.name,
      namespace,
      body,
    });
  }

  async #create(key: string, { about, note, atMs }: Entry): Promise<void> {
    this.#sequence += 1;
    const suffix = `${Math.floor(atMs).toString(16)}${this.#sequence.toString(16).padStart(4, '0')}`;
    const name = `${about.metadata.name}.${suffix}`;
    this.#remember(key, { name, count: 1 });
    const event: KubeEvent & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: about.metadata.namespace ?? 'default' },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: about.metadata.name,
        ...(about.metadata.namespace !== undefined && { namespace: about.metadata.namespace }),
        ...(about.metadata.uid !== undefined && { uid: about.metadata.uid }),
        ...(note.container !== undefined && {
          fieldPath: `spec.containers{${note.container}}`,
        }),
      },
      type: note.type,
      reason: note.reason,
      message: note.message,
      source: { component: this.#component },
      reportingComponent: this.#component,
      reportingInstance: '',
      firstTimestamp: timeOf(atMs),
      lastTimestamp: timeOf(atMs),
      count: 1,
    };
    await this.#client.create(resources.events, event);
  }

  #remember(key: string, occurrence: Occurrence): void {
    this.#known.set(key, occurrence);
    if (this.#known.size <= maxRemembered) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
