import type { KubeObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import {
  type Config,
  compareAge,
  type ReadConfig,
  type ReadOptions,
  readConfig,
} from '../input/config.ts';
import type { Reader } from '../input/reader.ts';

/** All objects of one kind, read. Objects that were in the previous set are not read again. */
export interface ConfigSet<Spec> {
  readonly source: readonly KubeObject[];
  /** Oldest first: Istio's order for conflicts. */
  readonly configs: readonly Config<Spec>[];
  readonly diagnostics: readonly Diagnostic[];
  readonly byObject: ReadonlyMap<KubeObject, ReadConfig<Spec>>;
}

/** How a kind is read. */
export interface ConfigKind<Spec> {
  readonly kind: string;
  readonly reader: Reader<Spec | undefined>;
  readonly root?: ReadOptions<Spec>['root'];
  readonly salvage?: ReadOptions<Spec>['salvage'];
}

/** The same set when nothing changed, so that whatever is built on it can be kept. */
export const readConfigSet = <Spec>(
  { kind, reader, root = 'spec', salvage }: ConfigKind<Spec>,
  source: readonly KubeObject[],
  previous: ConfigSet<Spec> | undefined,
): ConfigSet<Spec> => {
  if (previous?.source === source) return previous;
  const byObject = new Map<KubeObject, ReadConfig<Spec>>();
  for (const object of source) {
    byObject.set(
      object,
      previous?.byObject.get(object) ?? readConfig(kind, object, reader, { root, salvage }),
    );
  }
  const read = [...byObject.values()];
  if (previous !== undefined && sameReads(read, previous)) return { ...previous, source };
  return {
    source,
    configs: read.flatMap(({ config }) => config ?? []).sort(compareAge),
    diagnostics: read.flatMap(({ diagnostics }) => diagnostics),
    byObject,
  };
};

const sameReads = <Spec>(read: readonly ReadConfig<Spec>[], previous: ConfigSet<Spec>): boolean => {
  if (read.length !== previous.byObject.size) return false;
  let index = 0;
  for (const entry of previous.byObject.values()) if (entry !== read[index++]) return false;
  return true;
};
