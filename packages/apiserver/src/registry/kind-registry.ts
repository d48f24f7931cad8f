import {
  type CustomResourceDefinition,
  type JsonSchema,
  type KindVersion,
  kindFromCrd,
  type ResourceKind,
  wholeObjectSchema,
} from '@lateen/api';

/** A kind in one of its versions, with the schema of the whole object. */
export interface ServedKind {
  readonly kind: ResourceKind;
  readonly version: KindVersion;
  /** `group/version`, or `version` in the core group. */
  readonly apiVersion: string;
  /** Of the object with apiVersion, kind and metadata. */
  readonly schema: JsonSchema;
  /** From a CRD: patches are merge patches and the schema is the user's. */
  readonly custom: boolean;
  /** `/group/plural/` of the store; several served kinds may share one. */
  readonly storePrefix: string;
}

const apiVersionOf = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** Kinds that are another group's objects under an older name (group/plural -> group/plural). */
const aliases: Readonly<Record<string, string>> = {
  'extensions/deployments': 'apps/deployments',
  'events.k8s.io/events': '/events',
};

/** Which kinds are served: the built-in ones, and those of the CRDs in the store. */
export class KindRegistry {
  readonly #builtin: readonly ResourceKind[];
  #served = new Map<string, ServedKind>();
  #kinds: readonly ResourceKind[] = [];
  #custom = new Map<string, ResourceKind>();
  #revision = 0;

  constructor(builtin: readonly ResourceKind[]) {
    this.#builtin = builtin;
    this.#rebuild();
  }

  /** Built-in kinds first, then CRDs by name. */
  get kinds(): readonly ResourceKind[] {
    return this.#kinds;
  }

  /** Changes whenever a kind does: what discovery documents are cached by. */
  get revision(): number {
    return this.#revision;
  }

  /** Every kind in every version. */
  served(): readonly ServedKind[] {
    return [...this.#served.values()];
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#served.get(`${group}/${version}/${plural}`);
  }

  /** Group and versions in use, core first. */
  groups(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const { group, versions } of this.#kinds) {
      const list = groups.get(group) ?? [];
      for (const { name } of versions) if (!list.includes(name)) list.push(name);
      groups.set(group, list);
    }
    return groups;
  }

  /** All kinds served in a group and version. */
  inGroupVersion(group: string, version: string): readonly ServedKind[] {
    return [...this.#served.values()].filter(
      (served) => served.kind.group === group && served.version.name === version,
    );
  }

  putDefinition(definition: CustomResourceDefinition): void {
    this.#custom.set(definition.metadata.name, kindFromCrd(definition));
    this.#rebuild();
  }

  removeDefinition(name: string): void {
    this.#custom.delete(name);
    this.#rebuild();
  }

  #rebuild(): void {
    const custom = [...this.#custom.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, kind]) => kind);
    const served = new Map<string, ServedKind>();
    const add = (kind: ResourceKind, isCustom: boolean): void => {
      const own = `${kind.group}/${kind.plural}`;
      const storePrefix = `/${aliases[own] ?? own}/`;
      for (const version of kind.versions)
        served.set(`${kind.group}/${version.name}/${kind.plural}`, {
          kind,
          version,
          apiVersion: apiVersionOf(kind.group, version.name),
          schema: wholeObjectSchema(version.schema),
          custom: isCustom,
          storePrefix,
        });
    };
    for (const kind of this.#builtin) add(kind, false);
    for (const kind of custom) add(kind, true);
    this.#served = served;
    this.#revision += 1;
    this.#kinds = [...this.#builtin, ...custom];
  }
}
