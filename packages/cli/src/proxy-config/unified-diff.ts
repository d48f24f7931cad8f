/** Lines around a difference, as istioctl shows. */
const contextLines = 7;

/** Texts that differ in more lines than this are shown as all removed and all added: nobody reads more. */
const maxEdits = 1_000;

type Edit = readonly [mark: ' ' | '-' | '+', line: string];

const whole = (before: readonly string[], after: readonly string[]): readonly Edit[] => [
  ...before.map((line): Edit => ['-', line]),
  ...after.map((line): Edit => ['+', line]),
];

type Lines = readonly string[];

/** Furthest place in the first text by diagonal (place in the first minus place in the second). */
type Reached = ReadonlyMap<number, number>;

/** How a diagonal is come to with one more edit: by a line added, or by one removed. */
interface Move {
  readonly isAdded: boolean;
  /** Place in the first text before the edit. */
  readonly from: number;
}

const moveTo = (reached: Reached, diagonal: number, edits: number): Move => {
  const above = reached.get(diagonal + 1) ?? -1;
  const beside = reached.get(diagonal - 1) ?? -1;
  const isAdded = diagonal === -edits || (diagonal !== edits && beside < above);
  return { isAdded, from: isAdded ? above : beside };
};

const placeAfter = ({ isAdded, from }: Move): number => (isAdded ? from : from + 1);

/** Along lines that are the same. */
const slide = (before: Lines, after: Lines, start: number, diagonal: number): number => {
  let x = start;
  while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
    x += 1;
  return x;
};

/** Places reached before each number of edits, until both texts end (Myers, 1986); undefined: too many. */
const trace = (before: Lines, after: Lines): readonly Reached[] | undefined => {
  const reached = new Map<number, number>([[1, 0]]);
  const steps: Reached[] = [];
  for (let edits = 0; edits <= maxEdits; edits++) {
    steps.push(new Map(reached));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const start = placeAfter(moveTo(reached, diagonal, edits));
      const x = slide(before, after, start, diagonal);
      reached.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return steps;
    }
  }
  return undefined;
};

/** From the end back to the start. */
const walkBack = (before: Lines, after: Lines, steps: readonly Reached[]): readonly Edit[] => {
  const edits: Edit[] = [];
  let [x, y] = [before.length, after.length];
  const back = (until: number): void => {
    while (x > until) {
      x -= 1;
      y -= 1;
      edits.push([' ', before[x] ?? '']);
    }
  };
  for (let count = steps.length - 1; count > 0; count--) {
    const move = moveTo(steps[count] as Reached, x - y, count);
    back(placeAfter(move));
    if (move.isAdded) y -= 1;
    else x -= 1;
    edits.push(move.isAdded ? ['+', after[y] ?? ''] : ['-', before[x] ?? '']);
  }
  back(0);
  return edits.reverse();
};

const editsOf = (before: readonly string[], after: readonly string[]): readonly Edit[] => {
  const steps = trace(before, after);
  return steps === undefined ? whole(before, after) : walkBack(before, after, steps);
};

interface Hunk {
  readonly start: number;
  readonly end: number;
}

/** Stretches of edits that differ, with their context; those that touch are one. */
const hunksOf = (edits: readonly Edit[]): readonly Hunk[] => {
  const hunks: Hunk[] = [];
  for (const [at, [mark]] of edits.entries()) {
    if (mark === ' ') continue;
    const [start, end] = [Math.max(0, at - contextLines), at + contextLines + 1];
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) hunks[hunks.length - 1] = { ...last, end };
    else hunks.push({ start, end });
  }
  return hunks;
};

const rangeText = (first: number, count: number): string =>
  count === 1 ? String(first + 1) : `${count === 0 ? first : first + 1},${count}`;

/** A unified diff of lines, '' when they are the same. */
export const unifiedDiff = (
  before: { readonly name: string; readonly lines: readonly string[] },
  after: { readonly name: string; readonly lines: readonly string[] },
): string => {
  const edits = editsOf(before.lines, after.lines);
  const hunks = hunksOf(edits).map(({ start, end }) => {
    const ahead = edits.slice(0, start);
    const shown = edits.slice(start, end);
    const count = (all: readonly Edit[], other: string): number =>
      all.filter(([mark]) => mark !== other).length;
    const removed = rangeText(count(ahead, '+'), count(shown, '+'));
    const added = rangeText(count(ahead, '-'), count(shown, '-'));
    const lines = shown.map(([mark, line]) => `${mark}${line}\n`).join('');
    return `@@ -${removed} +${added} @@\n${lines}`;
  });
  if (hunks.length === 0) return '';
  return `--- ${before.name}\n+++ ${after.name}\n${hunks.join('')}`;
};
