import { KubeError } from '@lateen/kube';
import { CommanderError } from 'commander';
import { CommandExit } from './command-exit.ts';
import { insteadOf } from './foreign-commands.ts';
import { createProgram } from './program.ts';
import type { Output } from './progress.ts';

const usageExit = 2;
const failureExit = 1;

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code, path, message }: NodeJS.ErrnoException = error;
  if (code === 'ENOENT' && path !== undefined) return `cannot read ${path}: there is no such file`;
  return message;
};

/** Says why it ended; returns the exit code. */
const failed = (error: unknown, output: Output, env: NodeJS.ProcessEnv): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit;
  if (error instanceof CommandExit) {
    output.err(`${error.message}\n`);
    return error.exitCode;
  }
  const isAway = error instanceof KubeError && error.code === 'unreachable';
  output.err(`lateen: ${messageOf(error)}${isAway ? '; "lateen up" starts one' : ''}\n`);
  if (env['LATEEN_DEBUG'] !== undefined && error instanceof Error) output.err(`${error.stack}\n`);
  return failureExit;
};

/**
 * Runs one command line; resolves with the exit code: 0, 1 when it failed, 2 when it was not understood, or
 * one of the command's own.
 */
export const run = async (
  words: readonly string[],
  output: Output,
  env: NodeJS.ProcessEnv,
): Promise<number> => {
  const advice = insteadOf(words);
  if (advice !== undefined) {
    output.err(`${advice}\n`);
    return usageExit;
  }
  try {
    await createProgram(output, env).parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    return failed(error, output, env);
  }
};
