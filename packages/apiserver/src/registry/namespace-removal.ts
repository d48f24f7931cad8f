import type { Logger } from '@lateen/base';
import type { UserInfo } from '../auth/authentication.ts';
import type { ObjectStore, StoreEvent } from '../store/object-store.ts';
import type { KindRegistry, ServedKind } from './kind-registry.ts';
import type { ObjectService } from './object-service.ts';

const system: UserInfo = { username: 'system:namespace-controller', groups: ['system:masters'] };

/**
 * Empties namespaces that are being deleted and removes each when nothing is left in it. Runs on
 * store events: no polling.
 */
export class NamespaceRemoval {
  readonly #store: ObjectStore;
  readonly #registry: KindRegistry;
  readonly #objects: ObjectService;
  readonly #log: Logger;

  constructor(parts: {
    store: ObjectStore;
    registry: KindRegistry;
    objects: ObjectService;
    log: Logger;
  }) {
    this.#store = parts.store;
    this.#registry = parts.registry;
    this.#objects = parts.objects;
    this.#log = parts.log;
  }

  /** Reacts to changes from now on and takes up removals that a restart interrupted. */
  start(): () => void {
    const stop = this.#store.subscribe((event) => this.#react(event));
    for (const namespace of this.#store.list('//namespaces/'))
      if (namespace.metadata.deletionTimestamp !== undefined) this.#empty(namespace.metadata.name);
    return stop;
  }

  #react({ key, before, after }: StoreEvent): void {
    if (key.startsWith('//namespaces/')) {
      const starts =
        after?.metadata.deletionTimestamp !== undefined &&
        before?.metadata.deletionTimestamp === undefined;
      if (starts) this.#empty(after.metadata.name);
      return;
    }
    const namespace = before?.metadata.namespace;
    if (after === undefined && namespace !== undefined) this.#removeIfEmpty(namespace);
  }

  #content(namespace: string): readonly { served: ServedKind; name: string }[] {
    const seen = new Set<string>();
    return this.#registry.served().flatMap((served) => {
      if (!served.kind.namespaced || seen.has(served.storePrefix)) return [];
      seen.add(served.storePrefix);
      const objects = this.#objects.list(served, namespace);
      return objects.map(({ metadata }) => ({ served, name: metadata.name }));
    });
  }

  #empty(namespace: string): void {
    const context = {
      user: system,
      dryRun: false,
      fieldValidation: 'Ignore' as const,
      fieldManager: system.username,
      warnings: [],
    };
    for (const { served, name } of this.#content(namespace))
      this.#objects
        .delete({ served, namespace, name }, {}, context)
        .catch((error: unknown) => this.#failed(namespace, error));
    this.#removeIfEmpty(namespace);
  }

  #removeIfEmpty(namespace: string): void {
    const key = `//namespaces//${namespace}`;
    const object = this.#store.get(key);
    const leaving =
      object?.metadata.deletionTimestamp !== undefined && this.#content(namespace).length === 0;
    if (!leaving || object === undefined) return;
    this.#store.remove(key, object).catch((error: unknown) => this.#failed(namespace, error));
  }

  /** Others change the object at the same time; their change calls us again. */
  #failed(namespace: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#log.debug('namespace removal goes on later', { namespace, reason });
  }
}
