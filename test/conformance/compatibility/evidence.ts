import type { KubeObject } from '@lateen/api';
import { compareRow, refusalsOf } from '../row-comparison.ts';
import { simulatedAnswer } from '../simulated-answer.ts';
import { modesOf, type Row } from '../table.ts';
import { otherValue, withoutField, withValue } from './field-change.ts';
import { type Occurrence, occurrencesIn, type SchemaField } from './schema-field.ts';

/** So many rows are named for a field. */
const maxRows = 2;

/** Rows that show a field, by its kind and path, and by `kind path: word` for a word it may hold. */
export type Evidence = ReadonlyMap<string, readonly string[]>;

/** Key of a field in `Evidence`; with `word`, of a value. */
export const evidenceKey = (
  { kind, path }: { readonly kind: string; readonly path: string },
  word?: string,
): string => (word === undefined ? `${kind} ${path}` : `${kind} ${path}: ${word}`);

/** Answers of refused objects and of unknown callers show what is checked, not what works. */
const canShow = ({ expect }: Row): boolean =>
  expect.refused === undefined && expect.error === undefined;

/** The row that a changed mesh answers otherwise than it expects; undefined: none does. */
const firstWrong = (
  rows: readonly Row[],
  mesh: Partial<Pick<Row, 'objects' | 'config'>>,
): Row | 'refused' | undefined => {
  const group = {};
  for (const row of rows) {
    const changed: Row = { ...row, ...mesh, group };
    for (const mode of modesOf(row)) {
      const answer = simulatedAnswer(changed, mode);
      // Refused objects prove nothing: the field may be needed and yet mean nothing.
      if (typeof answer !== 'string' && refusalsOf(answer).length > 0) return 'refused';
      if (compareRow(changed, answer, mode) !== undefined) return row;
    }
  }
  return undefined;
};

const replaced = (
  { objects }: Row,
  index: number,
  change: (object: KubeObject) => KubeObject,
): readonly KubeObject[] =>
  objects.map((object, place) => (place === index ? change(object) : object));

/** What rows show, in the order of the rows. */
class Collection {
  readonly #rows = new Map<string, string[]>();
  /** Messages around fields that a row shows. */
  readonly #around = new Map<string, string[]>();

  lacks(key: string): boolean {
    return (this.#rows.get(key)?.length ?? 0) < maxRows;
  }

  add(key: string, row: Row | 'refused' | undefined, to: 'rows' | 'around' = 'rows'): void {
    if (row === undefined || row === 'refused') return;
    const target = to === 'rows' ? this.#rows : this.#around;
    const names = target.get(key) ?? [];
    if (names.length >= maxRows || names.includes(row.name)) return;
    target.set(key, [...names, row.name]);
  }

  /** A message that cannot be taken out means something when one of its fields does. */
  evidence(): Evidence {
    return new Map([...this.#around, ...this.#rows]);
  }
}

interface Place extends Occurrence {
  /** Index of the object. */
  readonly index: number;
  /** The messages around it. */
  readonly around: readonly SchemaField[];
}

const isAround = (outer: Occurrence, inner: Occurrence): boolean =>
  outer.path.length < inner.path.length &&
  outer.path.every((step, index) => step === inner.path[index]);

const placesIn = (object: KubeObject, index: number): readonly Place[] => {
  const all = occurrencesIn(object);
  return all.map((one) => ({
    ...one,
    index,
    around: all.filter((other) => isAround(other, one)).map(({ field }) => field),
  }));
};

const placesOf = (objects: readonly KubeObject[], kinds: ReadonlySet<string>): readonly Place[] =>
  objects.flatMap((object, index) => (kinds.has(object.kind) ? placesIn(object, index) : []));

/** Takes the field out, or where it cannot be missing changes it; a word it holds becomes each of the others. */
const examine = (place: Place, rows: readonly Row[], collection: Collection): void => {
  const [first] = rows;
  const { field, path, value, index } = place;
  const key = evidenceKey(field);
  const word = field.words.find((one) => one === value);
  const wordKey = word === undefined ? undefined : evidenceKey(field, word);
  const isWanted = collection.lacks(key) || (wordKey !== undefined && collection.lacks(wordKey));
  if (first === undefined || !isWanted) return;
  const tryOut = (change: (object: KubeObject) => KubeObject): Row | 'refused' | undefined =>
    firstWrong(rows, { objects: replaced(first, index, change) });
  let shown = tryOut((object) => withoutField(object, path));
  const others =
    word === undefined
      ? [otherValue(value)].filter((other) => other !== undefined && shown === 'refused')
      : field.words.filter((other) => other !== word);
  for (const other of others) {
    if (shown === undefined || shown === 'refused') {
      shown = tryOut((object) => withValue(object, path, other));
    }
  }
  collection.add(key, shown);
  for (const outer of place.around) collection.add(evidenceKey(outer), shown, 'around');
  if (wordKey !== undefined) collection.add(wordKey, shown);
};

/**
 * Which rows show which fields: a row shows a field when its expectation no longer holds without the
 * field (or, where objects without it are refused, with another value), all else being the same. It
 * shows a word when it no longer holds with another word either.
 */
export const collectEvidence = (rows: readonly Row[], kinds: ReadonlySet<string>): Evidence => {
  const collection = new Collection();
  for (const group of Map.groupBy(rows.filter(canShow), (row) => row.group).values()) {
    const [first] = group;
    // A row that does not hold shows nothing.
    if (first === undefined || firstWrong(group, {}) !== undefined) continue;
    for (const place of placesOf(first.objects, kinds)) examine(place, group, collection);
  }
  return collection.evidence();
};

/** Which rows show which parts of the mesh's configuration, by `MeshConfig key`. */
export const collectConfigEvidence = (rows: readonly Row[]): Evidence => {
  const collection = new Collection();
  for (const group of Map.groupBy(rows.filter(canShow), (row) => row.group).values()) {
    const config = group[0]?.config ?? {};
    const keys = Object.keys(config);
    if (keys.length === 0 || firstWrong(group, {}) !== undefined) continue;
    for (const key of keys) {
      const others = Object.fromEntries(Object.entries(config).filter(([name]) => name !== key));
      collection.add(`MeshConfig ${key}`, firstWrong(group, { config: others }));
    }
  }
  return collection.evidence();
};
