import type { SourcePosition } from '@lateen/base';
import { isCollection, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** `spec.http[1].headers[end-user]` as keys; a key in brackets may hold any character but `]`. */
const keysOf = (path: string): readonly string[] =>
  [...path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)].map(
    ([, name, bracketed]) => name ?? bracketed ?? '',
  );

/** What of a field is meant; a value with lines of its own is found by its key anyway. */
export type FieldPart = 'key' | 'value';

interface Step {
  readonly value: Node | undefined;
  /** Where to point. */
  readonly anchor: Node | undefined;
}

const stepInto = (node: Node | undefined, key: string, part: FieldPart): Step | undefined => {
  if (isMap(node)) {
    const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === key);
    if (pair === undefined) return undefined;
    const value = isNode(pair.value) ? pair.value : undefined;
    const anchor = part === 'key' || value === undefined || isCollection(value) ? pair.key : value;
    return { value, anchor: isNode(anchor) ? anchor : undefined };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(key)];
  return isNode(item) ? { value: item, anchor: item } : undefined;
};

/** Line and column of a field, or of the deepest part of its path that is in the text. */
export const fieldPosition = (
  root: Node | undefined,
  path: string,
  lines: LineCounter,
  part: FieldPart = 'value',
): SourcePosition => {
  let node = root;
  let anchor = root;
  for (const key of keysOf(path)) {
    const step = stepInto(node, key, part);
    if (step === undefined) break;
    node = step.value;
    anchor = step.anchor ?? anchor;
  }
  const { line, col } = lines.linePos(anchor?.range?.[0] ?? 0);
  return { line, column: col };
};
