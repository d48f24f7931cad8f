import { typeUrls } from '@lateen/xds';
import type { Counter } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';

interface Changes {
  readonly added: Counter;
  readonly modified: Counter;
  readonly removed: Counter;
}

const changesOf = (registry: StatsRegistry, kind: 'cluster' | 'listener'): Changes => {
  const group = `${kind}_manager`;
  const scope = new StatsScope(registry, { prefix: group, family: `envoy_${group}`, labels: {} });
  return {
    added: scope.counter(`${kind}_added`),
    modified: scope.counter(`${kind}_modified`),
    removed: scope.counter(`${kind}_removed`),
  };
};

/** What became of clusters and listeners (`cluster_manager.*`, `listener_manager.*`). */
export class ManagerStats {
  readonly #changes: Readonly<Record<string, Changes>>;
  readonly #created: Counter;
  readonly #failed: Counter;

  constructor(registry: StatsRegistry) {
    this.#changes = {
      [typeUrls.cluster]: changesOf(registry, 'cluster'),
      [typeUrls.listener]: changesOf(registry, 'listener'),
    };
    this.#created = registry.counter(
      'envoy_listener_manager_listener_create_success',
      {},
      'listener_manager.listener_create_success',
    );
    this.#failed = registry.counter(
      'envoy_listener_manager_listener_create_failure',
      {},
      'listener_manager.listener_create_failure',
    );
  }

  accepted(typeUrl: string, isNew: boolean): void {
    const changes = this.#changes[typeUrl];
    if (changes === undefined) return;
    (isNew ? changes.added : changes.modified).value++;
    if (typeUrl === typeUrls.listener) this.#created.value++;
  }

  rejected(typeUrl: string): void {
    if (typeUrl === typeUrls.listener) this.#failed.value++;
  }

  removed(typeUrl: string): void {
    const changes = this.#changes[typeUrl];
    if (changes !== undefined) changes.removed.value++;
  }
}

/** Where Envoy counts updates of a type; other types are part of what asked for them. */
const groups: Readonly<Record<string, string>> = {
  [typeUrls.cluster]: 'cluster_manager.cds',
  [typeUrls.listener]: 'listener_manager.lds',
};

/** Counters of one type's responses (`cluster_manager.cds.*`, `listener_manager.lds.*`). */
export interface UpdateStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly rejected: Counter;
  /** Milliseconds since the epoch of the last one that was taken. */
  updatedAt(ms: number): void;
}

/** The counters; undefined for types whose updates are not counted. */
export const updateStats = (registry: StatsRegistry, typeUrl: string): UpdateStats | undefined => {
  const group = groups[typeUrl];
  if (group === undefined) return undefined;
  const family = `envoy_${group.replace('.', '_')}`;
  const scope = new StatsScope(registry, { prefix: group, family, labels: {} });
  const time = scope.gauge('update_time');
  return {
    attempt: scope.counter('update_attempt'),
    success: scope.counter('update_success'),
    rejected: scope.counter('update_rejected'),
    updatedAt: (ms) => {
      time.value = ms;
    },
  };
};
