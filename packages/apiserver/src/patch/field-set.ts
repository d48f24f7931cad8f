import type { FieldPath } from './field-path.ts';
import { isJsonObject } from './json-value.ts';

/**
 * The fields one manager owns: meta/v1 FieldsV1 as nested maps. A node is owned itself when it is
 * empty or holds `.`.
 */
export type FieldSet = Map<string, FieldSet>;

const self = '.';

const owned = (node: FieldSet): boolean => node.size === 0 || node.has(self);

/** Adds a path. */
export const addField = (set: FieldSet, path: FieldPath): void => {
  let node = set;
  let isNew = true;
  for (const [depth, step] of path.entries()) {
    if (!isNew && depth > 0 && node.size === 0) node.set(self, new Map());
    const next = node.get(step);
    isNew = next === undefined;
    const child = next ?? new Map();
    if (isNew) node.set(step, child);
    node = child;
  }
  if (!isNew && !owned(node)) node.set(self, new Map());
};

/** A set of the given paths. */
export const fieldSetOf = (paths: Iterable<FieldPath>): FieldSet => {
  const set: FieldSet = new Map();
  for (const path of paths) addField(set, path);
  return set;
};

const nodeAt = (set: FieldSet, path: FieldPath): FieldSet | undefined =>
  path.reduce<FieldSet | undefined>((node, step) => node?.get(step), set);

/** Whether exactly this field is owned. */
export const hasField = (set: FieldSet, path: FieldPath): boolean => {
  const node = nodeAt(set, path);
  return node !== undefined && path.length > 0 && owned(node);
};

/** Whether this field or any below it is owned. */
export const hasFieldWithin = (set: FieldSet, path: FieldPath): boolean =>
  nodeAt(set, path) !== undefined;

/** Removes a path and the parents it leaves empty; fields below it stay. */
export const removeField = (set: FieldSet, path: FieldPath): void => {
  const [step, ...rest] = path;
  const child = step === undefined ? undefined : set.get(step);
  if (step === undefined || child === undefined) return;
  if (rest.length === 0) {
    child.delete(self);
    if (child.size === 0) set.delete(step);
    return;
  }
  if (child.size === 0) return;
  removeField(child, rest);
  if (child.size === 0) set.delete(step);
};

/** All owned paths, parents before what is below them. */
export const fieldsOf = (set: FieldSet): readonly FieldPath[] =>
  [...set]
    .filter(([step]) => step !== self)
    .flatMap(([step, node]) => [
      ...(owned(node) ? [[step]] : []),
      ...fieldsOf(node).map((path) => [step, ...path]),
    ]);

/** Reads FieldsV1; whatever is no object is taken as a leaf. */
export const parseFieldSet = (fields: unknown): FieldSet =>
  new Map(
    isJsonObject(fields)
      ? Object.entries(fields).map(([step, child]) => [step, parseFieldSet(child)] as const)
      : [],
  );

/** Writes FieldsV1. */
export const fieldSetJson = (set: FieldSet): unknown =>
  Object.fromEntries([...set].map(([step, child]) => [step, fieldSetJson(child)]));
