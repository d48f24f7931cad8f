import { textEqualsName } from './byte-class.ts';

/** Places kept for each header line: line start, name end, value start, value end. */
export const marksPerLine = 4;

/** Lines a block has room for before it grows; most requests have fewer. */
const initialLines = 24;

/**
 * One message head: the text as it came plus edits. What is removed is marked, what is added is
 * kept beside; `serialize` copies the runs between. Nothing is split or rebuilt for a head that
 * only passes through. A block belongs to its connection and is reused for every message on it.
 */
export class HeaderBlock {
  /** Start line and header lines, each with CRLF, without the empty line. Latin-1. */
  text = '';
  /** Where header lines begin in `text`. */
  linesStart = 0;
  /** Header lines in `text`. */
  count = 0;
  /** Four offsets into `text` for each line; written by the parser. */
  marks: Int32Array = new Int32Array(initialLines * marksPerLine);
  /** One bit for each length of a name (modulo 32) that occurs: most lookups end here. Set by the parser. */
  nameLengths = 0;
  #removed = new Uint8Array(initialLines);
  #removedCount = 0;
  /** Slots are reused: `#addedCount` of them hold lines. */
  readonly #addedNames: string[] = [];
  readonly #addedValues: string[] = [];
  #addedCount = 0;
  /** Added lines as text, for the names and values they were made of: mostly those of the last message. */
  readonly #lines: string[] = [];
  readonly #lineNames: string[] = [];
  readonly #lineValues: string[] = [];

  /** Forgets the last message. */
  clear(): void {
    if (this.#removedCount > 0) {
      const removed = this.#removed;
      // Shorter than a call of `fill` for the few lines a head has.
      for (let line = 0; line < removed.length; line++) removed[line] = 0;
      this.#removedCount = 0;
    }
    this.#addedCount = 0;
    this.nameLengths = 0;
    this.count = 0;
    this.text = '';
  }

  /** Room for twice as many lines; the parser bounds how often. */
  grow(): void {
    const marks = new Int32Array(this.marks.length * 2);
    marks.set(this.marks);
    this.marks = marks;
    this.#removed = new Uint8Array(marks.length / marksPerLine);
  }

  /** Index of the next line of that lower-case name at or after `from`, or -1. Removed lines are not seen. */
  indexOf(name: string, from = 0): number {
    const length = name.length;
    if ((this.nameLengths & (1 << (length & 31))) === 0) return -1;
    const { marks, text, count } = this;
    const removed = this.#removed;
    for (let line = from; line < count; line++) {
      const start = marks[line * 4] as number;
      if ((marks[line * 4 + 1] as number) - start !== length || removed[line] === 1) continue;
      if (textEqualsName(text, start, name)) return line;
    }
    return -1;
  }

  /** Value of a line, without surrounding white space. */
  valueAt(line: number): string {
    return this.text.substring(
      this.marks[line * 4 + 2] as number,
      this.marks[line * 4 + 3] as number,
    );
  }

  /** The value of a line; `known` itself when they are equal, which spares a new string. */
  valueOr(line: number, known: string): string {
    const start = this.marks[line * 4 + 2] as number;
    const end = this.marks[line * 4 + 3] as number;
    if (end - start === known.length && this.text.startsWith(known, start)) return known;
    return this.text.substring(start, end);
  }

  /** Lower-case name of a line. */
  nameAt(line: number): string {
    return this.text
      .substring(this.marks[line * 4] as number, this.marks[line * 4 + 1] as number)
      .toLowerCase();
  }

  /** Value by lower-case name; several lines joined with `,`; undefined when absent. */
  get(name: string): string | undefined {
    let line = this.indexOf(name);
    let value: string | undefined;
    while (line >= 0) {
      const next = this.valueAt(line);
      value = value === undefined ? next : `${value},${next}`;
      line = this.indexOf(name, line + 1);
    }
    for (let at = 0; at < this.#addedCount; at++) {
      if (this.#addedNames[at] !== name) continue;
      const next = this.#addedValues[at] as string;
      value = value === undefined ? next : `${value},${next}`;
    }
    return value;
  }

  has(name: string): boolean {
    return this.indexOf(name) >= 0 || this.#addedIndex(name) >= 0;
  }

  /** One more line at the end. Names are lower-case. */
  append(name: string, value: string): void {
    this.#addedNames[this.#addedCount] = name;
    this.#addedValues[this.#addedCount++] = value;
  }

  #addedIndex(name: string): number {
    for (let at = 0; at < this.#addedCount; at++) if (this.#addedNames[at] === name) return at;
    return -1;
  }

  /** Replaces every line of that name by one. */
  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }

  remove(name: string): void {
    let line = this.indexOf(name);
    while (line >= 0) {
      this.removeLine(line);
      line = this.indexOf(name, line + 1);
    }
    if (this.#addedCount > 0) this.#removeAdded(name);
  }

  #removeAdded(name: string): void {
    for (let at = this.#addedIndex(name); at >= 0; at = this.#addedIndex(name)) {
      this.#addedCount--;
      for (let next = at; next < this.#addedCount; next++) {
        this.#addedNames[next] = this.#addedNames[next + 1] as string;
        this.#addedValues[next] = this.#addedValues[next + 1] as string;
      }
    }
  }

  /** Marks one line of the text as gone. */
  removeLine(line: number): void {
    if (this.#removed[line] === 1) return;
    this.#removed[line] = 1;
    this.#removedCount++;
  }

  /** Another form of a line: parsers must not differ on what it says. Goes to the end. */
  replaceLine(line: number, name: string, value: string): void {
    this.removeLine(line);
    this.append(name, value);
  }

  /** Every line that is left, in order. */
  *entries(): Generator<readonly [string, string]> {
    for (let line = 0; line < this.count; line++) {
      if (this.#removed[line] !== 1) yield [this.nameAt(line), this.valueAt(line)];
    }
    for (let at = 0; at < this.#addedCount; at++) {
      yield [this.#addedNames[at] as string, this.#addedValues[at] as string];
    }
  }

  /** The head with its edits and the final empty line. `startLine`, with CRLF, replaces the one that came. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: every message goes through here once
  serialize(startLine?: string): string {
    let out = startLine ?? '';
    let from = startLine === undefined ? 0 : this.linesStart;
    if (this.#removedCount > 0) {
      const { marks, text, count } = this;
      for (let line = 0; line < count; line++) {
        if (this.#removed[line] !== 1) continue;
        const start = marks[line * 4] as number;
        if (start > from) out += text.substring(from, start);
        from = line + 1 < count ? (marks[line * 4 + 4] as number) : text.length;
      }
    }
    if (from < this.text.length && from === 0 && startLine === undefined) out = this.text;
    else if (from < this.text.length) out += this.text.substring(from);
    for (let at = 0; at < this.#addedCount; at++) out += this.#addedLine(at);
    out += '\r\n';
    return out;
  }

  #addedLine(at: number): string {
    const name = this.#addedNames[at] as string;
    const value = this.#addedValues[at] as string;
    if (this.#lineValues[at] === value && this.#lineNames[at] === name) {
      return this.#lines[at] as string;
    }
    const line = `${name}: ${value}\r\n`;
    this.#lines[at] = line;
    this.#lineNames[at] = name;
    this.#lineValues[at] = value;
    return line;
  }
}
