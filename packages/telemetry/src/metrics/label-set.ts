/** Labels of a series by name. Equal sets of one store are the same object. */
export type LabelSet = Readonly<Record<string, string>>;

/** Values kept for sharing; past it sharing starts anew, sets in use keep theirs. */
const maxPooledValues = 100_000;

const makeSet = (pairs: readonly (readonly [string, string])[]): LabelSet => {
  // Names come from proxies: without a prototype `__proto__` is a name as any other.
  const set = Object.create(null) as Record<string, string>;
  for (const [name, value] of pairs) set[name] = value;
  return Object.freeze(set);
};

/** A text that identifies a set, whatever order its labels were written in. */
export const labelKey = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}\u0001${value}`)
    .join('\u0000');

/** Makes sets, and counts who uses them: the metrics of a call share one. */
export class LabelSets {
  readonly #sets = new Map<string, { readonly set: LabelSet; users: number }>();
  readonly #keys = new WeakMap<LabelSet, string>();
  #values = new Map<string, string>();
  /** Characters of all sets, an estimate of their memory. */
  characters = 0;

  /** The set of these labels; the caller releases it when done. */
  acquire(pairs: readonly (readonly [string, string])[]): LabelSet {
    const key = labelKey(pairs);
    const known = this.#sets.get(key);
    if (known !== undefined) {
      known.users++;
      return known.set;
    }
    const set = makeSet(pairs.map(([name, value]) => [this.#share(name), this.#share(value)]));
    this.#sets.set(key, { set, users: 1 });
    this.#keys.set(set, key);
    this.characters += key.length;
    return set;
  }

  release(set: LabelSet): void {
    const key = this.#keys.get(set);
    const known = key === undefined ? undefined : this.#sets.get(key);
    if (key === undefined || known === undefined) return;
    known.users--;
    if (known.users > 0) return;
    this.#sets.delete(key);
    this.characters -= key.length;
  }

  #share(value: string): string {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    if (this.#values.size >= maxPooledValues) this.#values = new Map();
    this.#values.set(value, value);
    return value;
  }
}
