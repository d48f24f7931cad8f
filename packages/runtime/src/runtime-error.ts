/** What went wrong, closed: the command line switches on it. */
export type RuntimeErrorCode =
  | 'already-running'
  | 'not-running'
  | 'network-taken'
  | 'no-free-port'
  | 'bad-image-catalog'
  | 'bad-state'
  | 'image-unknown'
  | 'invalid-container'
  | 'not-ready'
  | 'no-such-container'
  | 'spawn-failed'
  | 'exec-failed';

/** The only error this package throws. The message is one line and says what to do next. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** Text of anything thrown, for messages of events and logs. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
