/** A line of a comparison. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Longer texts are compared without looking for a best alignment: the table would be too large. */
const maxLines = 2000;

const splitLines = (text: string): string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/** Lengths of longest common subsequences of the tails, row by row. */
const tailLengths = (before: readonly string[], after: readonly string[]): Uint32Array[] => {
  const rows = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    const row = rows[i] as Uint32Array;
    const below = rows[i + 1] as Uint32Array;
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] =
        before[i] === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return rows;
};

const align = (left: readonly string[], right: readonly string[]): readonly DiffLine[] => {
  const lengths = tailLengths(left, right);
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      lines.push({ kind: 'same', text: left[i] ?? '' });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ kind: 'removed', text: left[i] ?? '' });
      i += 1;
    } else {
      lines.push({ kind: 'added', text: right[j] ?? '' });
      j += 1;
    }
  }
  return [...lines, ...all('removed', left.slice(i)), ...all('added', right.slice(j))];
};

const all = (kind: DiffLine['kind'], texts: readonly string[]): readonly DiffLine[] =>
  texts.map((text) => ({ kind, text }));

/** Compares two texts line by line, with as many lines kept as possible. */
export const diffLines = (before: string, after: string): readonly DiffLine[] => {
  const left = splitLines(before);
  const right = splitLines(after);
  if (left.length > maxLines || right.length > maxLines)
    return [...all('removed', left), ...all('added', right)];
  return align(left, right);
};

/** Only what changed, with so many lines around; a gap is undefined. */
export const onlyChanges = (
  lines: readonly DiffLine[],
  around = 3,
): readonly (DiffLine | undefined)[] => {
  const isNear = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - around), index + around + 1)
      .some(({ kind }) => kind !== 'same'),
  );
  const result: (DiffLine | undefined)[] = [];
  lines.forEach((line, index) => {
    if (isNear[index] === true) result.push(line);
    else if (result.length === 0 || result.at(-1) !== undefined) result.push(undefined);
  });
  return result;
};
