import type { Readable, Writable } from 'node:stream';
import {
  type ProcessCommand,
  type ProcessExit,
  SupervisedProcess,
} from '../supervision/supervised-process.ts';
import { openPseudoTerminal } from '../terminal/pseudo-terminal.ts';

/** A command running in a container, with its streams. */
export interface ExecSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** Absent on a terminal, where both come by one way. */
  readonly stderr: Readable | undefined;
  /** Does nothing without a terminal. */
  resize(columns: number, rows: number): void;
  readonly exited: Promise<ProcessExit>;
  /** Ends the command, when its user is gone. */
  kill(): void;
}

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
      stdout: child.stdout as Readable,
      stderr: child.stderr,
      resize: () => undefined,
      exited: child.exited,
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
    exited: child.exited,
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
  const { exitCode } = await session.exited;
  clearTimeout(timer);
  return { exitCode, output: output.trim() };
};
