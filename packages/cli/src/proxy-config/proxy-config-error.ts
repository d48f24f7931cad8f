/** What went wrong, closed. */
export type ProxyConfigErrorCode = 'no-pod' | 'no-answer' | 'bad-answer' | 'bad-file' | 'bad-flag';

/** A proxy that cannot be asked, or whose answer cannot be read. */
export class ProxyConfigError extends Error {
  override readonly name = 'ProxyConfigError';
  readonly code: ProxyConfigErrorCode;

  constructor(code: ProxyConfigErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
