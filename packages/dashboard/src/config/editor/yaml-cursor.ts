/** What is to be completed at a place in a YAML text. */
export interface YamlCursor {
  /** Keys down to the place; `-` for an item of a list. */
  readonly path: readonly string[];
  /** Set when a value is being written after `key: `. */
  readonly key: string | undefined;
  /** What is already typed of the key or the value. */
  readonly typed: string;
  /** Keys that stand beside it already. */
  readonly siblings: readonly string[];
  /** `kind` of the document; '' when there is none. */
  readonly kind: string;
}

/** A key or the dash of a list item, with how far right it stands. */
interface Entry {
  readonly indent: number;
  readonly key: string;
  readonly value: string;
}

/** Entries of one line: its dashes, then its key. A line that begins a document ends what is before it. */
const readEntries = (text: string): readonly Entry[] => {
  if (/^\s*(#|$)/.test(text)) return [];
  const entries: Entry[] = [];
  let indent = text.length - text.trimStart().length;
  let rest = text.trimStart();
  while (/^-(\s|$)/.test(rest)) {
    entries.push({ indent, key: '-', value: '' });
    const body = rest.slice(1).trimStart();
    indent += rest.length - body.length;
    rest = body;
  }
  const match = /^("?)([\w./-]+)\1:(?:\s+(.*))?$/.exec(rest);
  return [...entries, { indent, key: match?.[2] ?? '', value: match?.[3] ?? '' }];
};

const documentStart = (lines: readonly string[], row: number): number =>
  lines.slice(0, row + 1).findLastIndex((line) => /^---/.test(line)) + 1;

const documentEnd = (lines: readonly string[], row: number): number => {
  const next = lines.findIndex((line, index) => index > row && /^---/.test(line));
  return next === -1 ? lines.length : next;
};

const kindOf = (lines: readonly string[]): string => {
  const line = lines.find((each) => /^kind:\s*\w/.test(each));
  return /^kind:\s*(\w+)/.exec(line ?? '')?.[1] ?? '';
};

/** A list may stand as far left as the key that it belongs to. */
const contains = (entry: Entry, indent: number, isDash: boolean): boolean => {
  const isOpen = entry.key === '-' || (entry.key !== '' && entry.value === '');
  if (!isOpen) return false;
  return entry.indent < indent || (isDash && entry.indent === indent && entry.key !== '-');
};

const pathTo = (before: readonly Entry[], own: Entry): readonly string[] => {
  const path: string[] = [];
  let { indent } = own;
  let isDash = false;
  for (const entry of before.toReversed()) {
    if (!contains(entry, indent, isDash)) continue;
    path.unshift(entry.key);
    indent = entry.indent;
    isDash = entry.key === '-';
  }
  return path;
};

const keysBeside = (entries: readonly Entry[], indent: number): readonly string[] => {
  const end = entries.findIndex((entry) => entry.indent < indent);
  const level = end === -1 ? entries : entries.slice(0, end);
  return level.filter((entry) => entry.indent === indent && entry.key !== '').map(({ key }) => key);
};

/** Finds out what stands at a place: `row` counts from 0, `column` is the number of letters before it. */
export const yamlCursor = (text: string, row: number, column: number): YamlCursor => {
  const lines = text.split('\n');
  const line = (lines[row] ?? '').slice(0, column);
  const start = documentStart(lines, row);
  const end = documentEnd(lines, row);
  const onLine = readEntries(line);
  const own = onLine.at(-1) ?? { indent: line.length, key: '', value: '' };
  const before = [...lines.slice(start, row).flatMap(readEntries), ...onLine.slice(0, -1)];
  const after = lines.slice(row + 1, end).flatMap(readEntries);
  const isValue = own.key !== '' && /:\s/.test(line);
  return {
    path: pathTo(before, own),
    key: isValue ? own.key : undefined,
    typed: isValue ? own.value : line.slice(own.indent),
    siblings: [...keysBeside(before.toReversed(), own.indent), ...keysBeside(after, own.indent)],
    kind: kindOf(lines.slice(start, end)),
  };
};
