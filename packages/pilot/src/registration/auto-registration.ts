import { status as grpcStatus } from '@grpc/grpc-js';
import type { KubeObject, WorkloadEntry, WorkloadGroup } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { SpiffeId } from '@lateen/identity';
import {
  isKubeError,
  type KubeClient,
  KubeError,
  type ObjectCache,
  resourceOfKind,
} from '@lateen/kube';
import type { ProxyDescriptor } from '@lateen/translator';
import type { Node } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  connectedAnnotation,
  controllerAnnotation,
  disconnectedAnnotation,
  entryName,
  groupAnnotation,
  registeredEntry,
} from './registered-entry.ts';

/** Node metadata by which a proxy outside Kubernetes names its WorkloadGroup. */
const groupMetadata = 'AUTO_REGISTER_GROUP';
/** Istio's PILOT_WORKLOAD_ENTRY_GRACE_PERIOD: a proxy that comes back within it keeps its entry. */
const graceMs = 10_000;
/** How often entries are looked for that were left behind. */
const sweepIntervalMs = 60_000;
/** Condition of a WorkloadEntry that health reports set. */
const healthCondition = 'Healthy';

const groups = resourceOfKind('WorkloadGroup');
const entries = resourceOfKind('WorkloadEntry');

export interface AutoRegistrationOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name under which entries say who looks after them. */
  readonly controller: string;
  /** All WorkloadEntries. */
  readonly entries: ObjectCache<KubeObject>;
}

/** A proxy that connects, and who it proved to be; undefined on the plaintext port. */
export interface ConnectingProxy {
  readonly node: Node;
  readonly proxy: ProxyDescriptor;
  readonly identity: SpiffeId | undefined;
}

/** Why a stream ends that asked to be registered. */
export interface RegistrationRefusal {
  readonly code: grpcStatus;
  readonly message: string;
}

interface EntryRef {
  readonly name: string;
  readonly namespace: string;
}

const refuse = (code: grpcStatus, message: string): RegistrationRefusal => ({ code, message });

/**
 * WorkloadEntries of proxies outside Kubernetes: made of their WorkloadGroup as they connect, gone some
 * time after they left (Istio's workload auto-registration).
 */
export class AutoRegistration {
  readonly #options: AutoRegistrationOptions;
  /** Streams that hold an entry, by `namespace/name`: more than one while a proxy reconnects. */
  readonly #held = new Map<string, number>();
  readonly #leaving = new Map<string, () => void>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: AutoRegistrationOptions) {
    this.#options = options;
  }

  /** The entry a proxy wants; undefined for those that do not register. */
  entryOf({ node, proxy }: Pick<ConnectingProxy, 'node' | 'proxy'>): EntryRef | undefined {
    const group = node.metadata?.[groupMetadata];
    if (typeof group !== 'string' || group === '') return undefined;
    return { name: entryName(group, proxy), namespace: proxy.namespace };
  }

  /** Makes or renews the entry. A refusal says why the proxy cannot be served. */
  async connected(connecting: ConnectingProxy): Promise<RegistrationRefusal | undefined> {
    const ref = this.entryOf(connecting);
    if (ref === undefined) return undefined;
    const { node, proxy, identity } = connecting;
    const group = String(node.metadata?.[groupMetadata]);
    let found: WorkloadGroup;
    try {
      found = await this.#options.client.get<WorkloadGroup>(groups, {
        name: group,
        namespace: proxy.namespace,
      });
    } catch (error) {
      if (!isKubeError(error, 'not-found')) return this.#failed(ref, error);
      const message = `there is no WorkloadGroup "${group}" in namespace ${proxy.namespace}: apply it, or correct ${groupMetadata}`;
      return refuse(grpcStatus.FAILED_PRECONDITION, message);
    }
    const account = found.spec.template.serviceAccount;
    if (identity !== undefined && account !== undefined && identity.serviceAccount !== account) {
      const message = `WorkloadGroup "${group}" is for service account ${account}, not ${identity.serviceAccount}`;
      return refuse(grpcStatus.PERMISSION_DENIED, message);
    }
    try {
      await this.#write(registeredEntry(found, proxy, this.#registration()));
    } catch (error) {
      return this.#failed(ref, error);
    }
    const key = `${ref.namespace}/${ref.name}`;
    this.#leaving.get(key)?.();
    this.#leaving.delete(key);
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    return undefined;
  }

  /** The stream ended: the entry goes unless the proxy is back in time. */
  disconnected(left: Pick<ConnectingProxy, 'node' | 'proxy'>): void {
    const ref = this.entryOf(left);
    if (ref === undefined) return;
    const key = `${ref.namespace}/${ref.name}`;
    const others = (this.#held.get(key) ?? 1) - 1;
    if (others > 0) {
      this.#held.set(key, others);
      return;
    }
    this.#held.delete(key);
    void this.#try(ref, () => this.#annotate(ref, { [disconnectedAnnotation]: this.#now() }));
    const cancel = this.#options.clock.schedule(graceMs, () => {
      this.#leaving.delete(key);
      void this.#try(ref, () => this.#options.client.delete(entries, ref));
    });
    this.#leaving.set(key, cancel);
  }

  /** What the agent says of the app: the entry's condition `Healthy`, which decides about its endpoints. */
  async reported(
    from: Pick<ConnectingProxy, 'node' | 'proxy'>,
    problem: string | undefined,
  ): Promise<void> {
    const ref = this.entryOf(from);
    if (ref === undefined) return;
    const condition = {
      type: healthCondition,
      status: problem === undefined ? 'True' : 'False',
      lastProbeTime: this.#now(),
      lastTransitionTime: this.#now(),
      ...(problem !== undefined && { message: problem }),
    };
    const body = { status: { conditions: [condition] } };
    await this.#try(ref, () =>
      this.#options.client.patch(entries, { kind: 'merge', ...ref, body, subresource: 'status' }),
    );
  }

  /** Begins to look for entries whose proxies left while no control plane was there to end them. */
  start(): void {
    this.#cancelSweep = this.#options.clock.schedule(sweepIntervalMs, () => {
      this.#sweep();
      this.start();
    });
  }

  #sweep(): void {
    const latestMs = this.#options.clock.nowMs() - graceMs;
    for (const { metadata } of this.#options.entries.list()) {
      const { name, namespace = '', annotations = {} } = metadata;
      const leftMs = Date.parse(annotations[disconnectedAnnotation] ?? '');
      const isOurs = annotations[groupAnnotation] !== undefined && leftMs < latestMs;
      if (!isOurs || this.#held.has(`${namespace}/${name}`)) continue;
      const ref = { name, namespace };
      void this.#try(ref, () => this.#options.client.delete(entries, ref));
    }
  }

  /** Entries stay as they are: another control plane takes over, or this one when it is back. */
  stop(): void {
    this.#cancelSweep?.();
    for (const cancel of this.#leaving.values()) cancel();
    this.#leaving.clear();
  }

  #now(): string {
    return new Date(this.#options.clock.nowMs()).toISOString();
  }

  #registration() {
    return { controller: this.#options.controller, connectedAt: this.#now() };
  }

  async #write(entry: WorkloadEntry): Promise<void> {
    const { client } = this.#options;
    try {
      await client.create(entries, entry);
    } catch (error) {
      if (!isKubeError(error, 'already-exists')) throw error;
      const { name, namespace = '' } = entry.metadata;
      const registration = this.#registration();
      await this.#annotate(
        { name, namespace },
        {
          [controllerAnnotation]: registration.controller,
          [connectedAnnotation]: registration.connectedAt,
          [disconnectedAnnotation]: null,
        },
      );
    }
  }

  #annotate(ref: EntryRef, annotations: Readonly<Record<string, string | null>>): Promise<unknown> {
    const body = { metadata: { annotations } };
    return this.#options.client.patch(entries, { kind: 'merge', ...ref, body });
  }

  async #try(ref: EntryRef, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (isKubeError(error, 'not-found')) return;
      this.#failed(ref, error);
    }
  }

  #failed({ name, namespace }: EntryRef, error: unknown): RegistrationRefusal {
    const reason = error instanceof KubeError ? error.message : String(error);
    this.#options.log.error('workload entry not written', { name, namespace, reason });
    return refuse(grpcStatus.UNAVAILABLE, `WorkloadEntry ${namespace}/${name}: ${reason}`);
  }
}
