import type { StatusObject } from '../api-error.ts';
import { toApiError } from './stream-failure.ts';

/** meta/v1 Status as the error channel carries it; it has no `code`. */
export type ExecStatus = Omit<StatusObject, 'code' | 'reason' | 'kind' | 'apiVersion'> & {
  readonly reason?: string;
};

/** What kubectl reads the exit code from. */
export const exitStatus = (exitCode: number): ExecStatus =>
  exitCode === 0
    ? { metadata: {}, status: 'Success' }
    : {
        metadata: {},
        status: 'Failure',
        message: `command terminated with non-zero exit code: exit status ${exitCode}`,
        reason: 'NonZeroExitCode',
        details: {
          causes: [{ reason: 'ExitCode', message: String(exitCode), field: '' }],
        },
      };

/** For a session that broke off without an exit code. */
export const failureStatus = (error: unknown): ExecStatus => {
  const { message, code, details } = toApiError(error);
  return { metadata: {}, status: 'Failure', message, reason: code, details };
};
