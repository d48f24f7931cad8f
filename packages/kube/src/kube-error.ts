/** What went wrong, closed: callers switch on it. */
export type KubeErrorCode =
  | 'bad-config'
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'already-exists'
  | 'conflict'
  | 'gone'
  | 'invalid'
  | 'too-many-requests'
  | 'server-error'
  | 'bad-response';

/** meta/v1 Status, the part a caller may show. */
export interface KubeStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: unknown;
}

/** What stands behind an error: the server's Status, or what the network said. */
export interface KubeErrorOptions {
  readonly status?: KubeStatus;
  readonly cause?: unknown;
}

/** The only error this package throws. */
export class KubeError extends Error {
  readonly code: KubeErrorCode;
  /** The Status the API server answered with, if it answered. */
  readonly status: KubeStatus | undefined;

  constructor(code: KubeErrorCode, message: string, options: KubeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KubeError';
    this.code = code;
    this.status = options.status;
  }
}

/** Whether an error is a KubeError, of one of these codes if any are given. */
export const isKubeError = (error: unknown, ...codes: readonly KubeErrorCode[]): boolean =>
  error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));

const codesByHttpStatus: Readonly<Record<number, KubeErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'invalid',
  409: 'conflict',
  410: 'gone',
  415: 'invalid',
  422: 'invalid',
  429: 'too-many-requests',
  504: 'timeout',
};

/** Maps an HTTP status and the Status object in its body to an error. */
export const errorFromStatus = (httpStatus: number, status: KubeStatus): KubeError => {
  const byReason = status.reason === 'AlreadyExists' ? 'already-exists' : undefined;
  const code = byReason ?? codesByHttpStatus[httpStatus] ?? 'server-error';
  return new KubeError(code, status.message ?? `the API server answered ${httpStatus}`, { status });
};
