import type { KubeObject } from '@lateen/api';
import type { HistoryEntry } from '../contract/config.ts';
import type { ObjectChange } from '../mesh/mesh-objects.ts';
import { objectText, referenceOf } from './object-text.ts';

/** Changes kept, and characters of their texts: a day of work by hand, and no more than some megabytes. */
const maxEntries = 1_000;
const maxCharacters = 8 * 1024 * 1024;

/** What a history is narrowed to; '' does not narrow. */
export interface HistoryFilter {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly limit: number;
}

/** Who wrote last, of managedFields. */
const managerOf = ({ metadata }: KubeObject): string => {
  const fields = (metadata.managedFields ?? []) as readonly {
    readonly manager?: unknown;
    readonly time?: unknown;
    readonly subresource?: unknown;
  }[];
  const newest = fields
    .filter(({ subresource }) => subresource === undefined || subresource === '')
    .toSorted((left, right) => String(right.time ?? '').localeCompare(String(left.time ?? '')))[0];
  return typeof newest?.manager === 'string' ? newest.manager : '';
};

const textOf = (object: KubeObject | undefined): string =>
  object === undefined ? '' : objectText(object);

const changeOf = ({ before, after }: Pick<HistoryEntry, 'before' | 'after'>) => {
  if (before === '') return 'added';
  return after === '' ? 'deleted' : 'modified';
};

/** Changes of configuration as they were seen, newest last. The oldest are forgotten. */
export class ConfigHistory {
  readonly sinceMs: number;
  #entries: HistoryEntry[] = [];
  #characters = 0;
  #nextId = 1;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  /** Notes a change; undefined when nothing that people write differs (a status, a heartbeat). */
  note({ before, after }: ObjectChange, atMs: number): HistoryEntry | undefined {
    const object = after ?? before;
    if (object === undefined) return undefined;
    const texts = { before: textOf(before), after: textOf(after) };
    if (texts.before === texts.after) return undefined;
    const entry: HistoryEntry = {
      id: this.#nextId++,
      timeMs: atMs,
      change: changeOf(texts),
      object: referenceOf(object),
      resourceVersion: object.metadata.resourceVersion ?? '',
      manager: managerOf(object),
      ...texts,
    };
    this.#entries.push(entry);
    this.#characters += texts.before.length + texts.after.length;
    while (this.#entries.length > maxEntries || this.#characters > maxCharacters) {
      const [oldest] = this.#entries.splice(0, 1);
      if (oldest === undefined) break;
      this.#characters -= oldest.before.length + oldest.after.length;
    }
    return entry;
  }

  get(id: number): HistoryEntry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** When an object of these kinds was last changed, up to a time; 0: never that is known. */
  lastChangeMs(kinds: ReadonlySet<string>, atMs: number): number {
    const entry = this.#entries.findLast(
      ({ object, timeMs }) => kinds.has(object.kind) && timeMs <= atMs,
    );
    return entry?.timeMs ?? 0;
  }

  /** Newest first. */
  list({ kind, namespace, name, limit }: HistoryFilter): readonly HistoryEntry[] {
    const fits = (wanted: string, found: string): boolean => wanted === '' || wanted === found;
    return this.#entries
      .toReversed()
      .filter(
        ({ object }) =>
          fits(kind, object.kind) && fits(namespace, object.namespace) && fits(name, object.name),
      )
      .slice(0, limit);
  }
}
