import type { Readable, Writable } from 'node:stream';
import type { ExecStatus } from './exec-status.ts';

/** The client's end of exec and attach, whatever protocol it came by. */
export interface ExecClient {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Calls back with each new size of the client's terminal, also with those that came before. */
  onResize(run: (columns: number, rows: number) => void): void;
  /** Ends the outputs, reports the outcome and closes the connection. */
  finish(status: ExecStatus): Promise<void>;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
}

/** Terminal sizes beyond this are mistakes. */
const maxTerminalCells = 65_535;

/** Reads a resize message, `{"Width":80,"Height":24}`; undefined when it is none. */
export const parseTerminalSize = (text: string): readonly [number, number] | undefined => {
  let size: unknown;
  try {
    size = JSON.parse(text);
  } catch {
    // Not JSON: no size.
    return undefined;
  }
  if (typeof size !== 'object' || size === null) return undefined;
  const { Width: columns, Height: rows } = size as { Width?: unknown; Height?: unknown };
  const isSize = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= maxTerminalCells;
  return isSize(columns) && isSize(rows) ? [columns, rows] : undefined;
};

/** Terminal sizes for a listener that may come later: the last one is kept for it. */
export class TerminalSizes {
  #last: readonly [number, number] | undefined;
  #run: ((columns: number, rows: number) => void) | undefined;

  /** Anything that is not a size is ignored. */
  receive(text: string): void {
    const size = parseTerminalSize(text);
    if (size === undefined) return;
    this.#last = size;
    this.#run?.(...size);
  }

  listen(run: (columns: number, rows: number) => void): void {
    this.#run = run;
    if (this.#last !== undefined) run(...this.#last);
  }
}
