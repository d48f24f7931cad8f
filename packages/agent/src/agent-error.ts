/** What can go wrong with the world around an agent. */
export type AgentErrorCode =
  /** A flag or an environment variable does not make sense. */
  | 'bad-option'
  /** The Unix socket for secrets cannot be listened on. */
  | 'listen-failed'
  /** The certificate authority gave no usable certificate. */
  | 'no-certificate';

/** The only error this package throws. Messages never hold keys or tokens. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
  }
}
