/** What can go wrong with the world around the control plane. */
export type PilotErrorCode =
  /** An address cannot be listened on: in use, or not ours. */
  | 'listen-failed'
  /** A flag or an environment variable does not make sense. */
  | 'bad-option'
  /** The Secret with the mesh's certificate authority cannot be used. */
  | 'bad-authority'
  /** A JSON Web Key Set cannot be had from where a policy says it is. */
  | 'key-set-unavailable'
  /** Stopped before it was ready. */
  | 'aborted';

/** The only error this package throws. */
export class PilotError extends Error {
  readonly code: PilotErrorCode;

  constructor(code: PilotErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PilotError';
    this.code = code;
  }
}
