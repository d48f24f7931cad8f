import { styleText } from 'node:util';

/** Where commands write: standard output and error, or a test's. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  readonly color: boolean;
}

/** One line for each step done, with the time since the start. */
export class Progress {
  readonly #output: Output;
  readonly #nowMs: () => number;
  readonly #startMs: number;

  constructor(output: Output, nowMs: () => number) {
    this.#output = output;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  done(what: string, detail: string): void {
    this.#line(this.#paint('green', '✓'), what, detail);
  }

  warn(what: string, detail: string): void {
    this.#line(this.#paint('yellow', '!'), what, detail);
  }

  #line(mark: string, what: string, detail: string): void {
    const seconds = ((this.#nowMs() - this.#startMs) / 1_000).toFixed(1);
    const time = this.#paint('dim', `${seconds.padStart(5)} s`);
    this.#output.out(`${time}  ${mark} ${what.padEnd(14)} ${detail}\n`);
  }

  #paint(style: 'green' | 'yellow' | 'dim', text: string): string {
    return this.#output.color ? styleText(style, text) : text;
  }
}
