import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ExecSession } from '@lateen/apiserver';
import { type ProcessCommand, SupervisedProcess } from '../supervision/supervised-process.ts';
import { openPseudoTerminal } from '../terminal/pseudo-terminal.ts';

const emptyStream = (): Readable => new PassThrough().end();

/** Output may take this long to end after its command: a descendant may hold it open. */
const outputDrainMs = 500;

const ended = async (stream: Readable | undefined): Promise<void> => {
  if (stream !== undefined) await finished(stream, { writable: false }).catch(() => undefined);
};

const exitAfter = async (
  child: SupervisedProcess,
  outputs: readonly (Readable | undefined)[],
): Promise<number> => {
  const done = Promise.all(outputs.map(ended));
  const { exitCode } = await child.exited;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), outputDrainMs);
  await Promise.race([done, late.promise]);
  clearTimeout(timer);
  return exitCode;
};

/**
 * Starts a command beside a container: its variables, folder and life, as there is nothing else to
 * enter. Rejects with RuntimeError `spawn-failed` or `exec-failed`.
 */
export const startExec = async (
  container: ProcessCommand,
  words: readonly string[],
  options: { readonly tty: boolean; readonly stdin: boolean },
): Promise<ExecSession> => {
  const [command = '', ...args] = words;
  const request = { ...container, command, args, stdin: options.stdin };
  if (!options.tty) {
    const child = new SupervisedProcess(request);
    return {
      stdin: child.stdin,
      stdout: child.stdout ?? emptyStream(),
      stderr: child.stderr,
      resize: () => undefined,
      exit: exitAfter(child, [child.stdout, child.stderr]),
      kill: () => child.kill(),
    };
  }
  const terminal = await openPseudoTerminal();
  const env = { TERM: 'xterm-256color', ...request.env };
  const child = new SupervisedProcess({ ...request, env, terminal: terminal.path });
  return {
    stdin: terminal.input,
    stdout: terminal.output,
    stderr: undefined,
    resize: (columns, rows) => terminal.resize(columns, rows),
    exit: exitAfter(child, [terminal.output]),
    kill: () => {
      child.kill();
      terminal.close();
    },
  };
};

/** Output kept of a command whose output is only a message. */
const maxMessageLength = 1_024;

/** Runs a command to its end, for probes and hooks; killed when it takes longer than `timeoutMs`. */
export const runToEnd = async (
  container: ProcessCommand,
  words: readonly string[],
  timeoutMs: number,
): Promise<{ exitCode: number; output: string }> => {
  const session = await startExec(container, words, { tty: false, stdin: false });
  let output = '';
  const keep = (chunk: unknown): void => {
    if (output.length < maxMessageLength) output += String(chunk).slice(0, maxMessageLength);
  };
  session.stdout.on('data', keep);
  session.stderr?.on('data', keep);
  const timer = setTimeout(() => session.kill(), timeoutMs);
  const exitCode = await session.exit;
  clearTimeout(timer);
  return { exitCode, output: output.trim() };
};
