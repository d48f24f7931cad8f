/** A question that cannot be answered: one line with the likely cause and the next step. */
export class ExplainError extends Error {
  readonly code: 'bad-request' | 'bad-caller' | 'bad-file';

  constructor(code: ExplainError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ExplainError';
    this.code = code;
  }
}
