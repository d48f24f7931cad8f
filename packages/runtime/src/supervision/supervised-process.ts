import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { RuntimeError } from '../runtime-error.ts';

/**
 * Runs `"$@"` in this shell's process group beside a watcher that blocks on file descriptor 3. The
 * other end of that pipe is open in the supervisor only: when it closes, for whatever reason (also
 * `kill -9` of the supervisor), the watcher kills the whole group, itself included. The watcher holds
 * none of the container's own descriptors, so end of output still means that the container ended.
 */
const watchAndExec =
  '(read -r _ <&3; kill -9 -$$) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** As above on a terminal: opened by a session leader without one, it becomes the controlling one. */
const openTerminal = 'tty=$1; shift; exec <"$tty" >"$tty" 2>&1; ';

/** What the shell answers when the program does not exist or is not executable. */
const notFoundExit = 127;
const notExecutableExit = 126;

export interface ProcessCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Path of a terminal that becomes standard input, output and error. */
  readonly terminal?: string;
  /** Gives the process a standard input that stays open; otherwise it reads end of file. Default false. */
  readonly stdin?: boolean;
}

/** How a process ended; signals are numbers 128 + n in `exitCode`, as shells and container runtimes say it. */
export interface ProcessExit {
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/**
 * A process that cannot outlive this one: its own session and process group, tied to us by a pipe.
 * When its first process ends, all that is left of the group is killed.
 */
export class SupervisedProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited = Promise.withResolvers<ProcessExit>();
  #ended = false;

  /** @throws RuntimeError `spawn-failed` when the operating system refuses another process. */
  constructor(request: ProcessCommand) {
    const script = (request.terminal === undefined ? '' : openTerminal) + watchAndExec;
    const words = [request.command, ...request.args];
    const shellArgs = request.terminal === undefined ? words : [request.terminal, ...words];
    const output = request.terminal === undefined ? 'pipe' : 'ignore';
    const input = request.stdin === true && request.terminal === undefined ? 'pipe' : 'ignore';
    this.#child = spawn('/bin/sh', ['-c', script, 'lateen', ...shellArgs], {
      cwd: request.cwd,
      env: { ...request.env },
      detached: true,
      stdio: [input, output, output, 'pipe'],
    });
    const { pid } = this.#child;
    // Unwritable when the process ends first; the pipe carries nothing.
    this.#child.stdio[3]?.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', () => undefined);
    if (pid === undefined)
      throw new RuntimeError('spawn-failed', `cannot start a process in ${request.cwd}`);
    this.pid = pid;
    this.#child.on('exit', (code, signal) => {
      this.#ended = true;
      // What the container left running, and the watcher.
      this.#signalGroup('SIGKILL');
      const exitCode = signal === null ? (code ?? 0) : 128 + (signalNumbers[signal] ?? 0);
      this.#exited.resolve({ exitCode, signal: signal ?? undefined });
    });
  }

  /** Resolves when the first process has ended; never rejects. */
  get exited(): Promise<ProcessExit> {
    return this.#exited.promise;
  }

  get running(): boolean {
    return !this.#ended;
  }

  /** Absent on a terminal. */
  get stdout(): Readable | undefined {
    return this.#child.stdout ?? undefined;
  }

  get stderr(): Readable | undefined {
    return this.#child.stderr ?? undefined;
  }

  /** Absent unless asked for. */
  get stdin(): Writable | undefined {
    return this.#child.stdin ?? undefined;
  }

  /** To the first process alone, as container runtimes do; it decides about its children. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ended) return;
    this.#child.kill(signal);
  }

  /** Ends the whole group at once. */
  kill(): void {
    if (!this.#ended) this.#signalGroup('SIGKILL');
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

/** Whether an exit code says that the program itself could not be run. */
export const isCommandNotRun = ({ exitCode }: ProcessExit): boolean =>
  exitCode === notFoundExit || exitCode === notExecutableExit;
