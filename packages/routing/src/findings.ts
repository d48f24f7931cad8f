import { type Checked, type Diagnostic, hasErrors } from '@lateen/base';

/** Collects diagnostics while one message is compiled. Paths are protobuf field paths. */
export class Findings {
  readonly #diagnostics: Diagnostic[] = [];

  /** The message is refused; compilation goes on to find more. */
  error(path: string, code: string, message: string): void {
    this.#diagnostics.push({ severity: 'error', code, message, path });
  }

  /** The message is taken, with a reservation. */
  warning(path: string, code: string, message: string): void {
    this.#diagnostics.push({ severity: 'warning', code, message, path });
  }

  /** The value, unless an error was found. */
  checked<T>(value: T | undefined): Checked<T> {
    const diagnostics = this.#diagnostics;
    return { value: hasErrors(diagnostics) ? undefined : value, diagnostics };
  }
}
