import type { FieldChange } from '../contract/config.ts';

/** Changes listed of one resource. */
const maxChanges = 50;

type Pair = readonly [path: string, before: unknown, after: unknown];

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

const childPath = (path: string, key: string, isList: boolean): string => {
  if (isList) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
};

const children = ([path, before, after]: Pair): readonly Pair[] => {
  const left = isContainer(before) ? (before as Readonly<Record<string, unknown>>) : {};
  const right = isContainer(after) ? (after as Readonly<Record<string, unknown>>) : {};
  const isList = Array.isArray(before) || Array.isArray(after);
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].map((key) => [childPath(path, key, isList), left[key], right[key]]);
};

/** Fields of two JSON values that differ, by path, in order; the first 50. */
export const fieldChanges = (before: unknown, after: unknown): readonly FieldChange[] => {
  const changes: FieldChange[] = [];
  const stack: Pair[] = [['', before, after]];
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    if (changes.length >= maxChanges) break;
    const [path, left, right] = pair;
    if (shown(left) === shown(right)) continue;
    // What is on one side only is told as a whole.
    if (isContainer(left) && isContainer(right)) stack.push(...children(pair).toReversed());
    else changes.push({ path, before: shown(left), after: shown(right) });
  }
  return changes;
};
