import { PassThrough, type Readable } from 'node:stream';
import type { Clock } from '@lateen/base';
import { ContainerLog } from '../logs/container-log.ts';
import {
  type ProcessCommand,
  type ProcessExit,
  SupervisedProcess,
} from '../supervision/supervised-process.ts';
import { openPseudoTerminal, type PseudoTerminal } from '../terminal/pseudo-terminal.ts';

/** Output may take this long to arrive after the process has ended: what is later is lost. */
const outputDrainMs = 1_000;

export interface AttemptOptions {
  readonly command: ProcessCommand;
  readonly logPath: string;
  /** Gives the process a terminal (`tty: true` of the container). */
  readonly tty: boolean;
  readonly clock: Clock;
}

/** Output kept for somebody who is attached and does not read; what comes then is lost to them. */
const maxAttachedBytes: number = 1024 * 1024;

/** Copies what passes through `source` from now on, without ever slowing it. */
const tap = (source: Readable): Readable => {
  const copy = new PassThrough();
  const onData = (chunk: Buffer): void => {
    if (copy.writableLength < maxAttachedBytes) copy.write(chunk);
  };
  source.on('data', onData);
  source.once('close', () => copy.end());
  copy.once('close', () => source.off('data', onData));
  return copy;
};

/** One run of a container: a process and its log. */
export class ContainerAttempt {
  readonly command: ProcessCommand;
  readonly log: ContainerLog;
  readonly startedMs: number;
  readonly terminal: PseudoTerminal | undefined;
  readonly #process: SupervisedProcess;
  readonly #ended: Promise<ProcessExit>;
  readonly #clock: Clock;

  private constructor(options: AttemptOptions, terminal: PseudoTerminal | undefined) {
    this.#clock = options.clock;
    this.terminal = terminal;
    this.command = options.command;
    this.startedMs = options.clock.nowMs();
    this.#process = new SupervisedProcess({
      ...options.command,
      ...(terminal !== undefined && { terminal: terminal.path }),
    });
    this.log = new ContainerLog(options.logPath, options.clock);
    this.#ended = this.#run();
  }

  /** Rejects with RuntimeError `spawn-failed` or `exec-failed`. */
  static async start(options: AttemptOptions): Promise<ContainerAttempt> {
    return new ContainerAttempt(options, options.tty ? await openPseudoTerminal() : undefined);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Standard input, when the container asked for one. */
  get stdin(): NodeJS.WritableStream | undefined {
    return this.terminal?.input ?? this.#process.stdin;
  }

  /** What the container writes from now on. A terminal has one output only. */
  attach(): { readonly stdout: Readable; readonly stderr: Readable | undefined } {
    const source = this.terminal?.output ?? this.#process.stdout;
    const { stderr } = this.#process;
    return {
      stdout: source === undefined ? new PassThrough().end() : tap(source),
      stderr: stderr && tap(stderr),
    };
  }

  /** Resolves when the process has ended and its output is on file. */
  get ended(): Promise<ProcessExit> {
    return this.#ended;
  }

  /** SIGTERM, then SIGKILL to all of it after the grace period. */
  async stop(graceMs: number): Promise<void> {
    if (graceMs > 0) this.#process.signal('SIGTERM');
    const cancel = this.#clock.schedule(graceMs, () => this.#process.kill());
    await this.#ended;
    cancel();
  }

  kill(): void {
    this.#process.kill();
  }

  async #run(): Promise<ProcessExit> {
    const { stdout, stderr } = this.#process;
    const outputs =
      this.terminal === undefined ? { stdout, stderr } : { stdout: this.terminal.output };
    const copies = Object.entries(outputs)
      .filter((entry): entry is ['stdout' | 'stderr', Readable] => entry[1] !== undefined)
      .map(([name, source]) => this.log.copy(source, name));
    const exit = await this.#process.exited;
    // A descendant that left the group may hold the pipe open; the container has ended all the same.
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.schedule(outputDrainMs, () => late.resolve());
    await Promise.race([Promise.all(copies), late.promise]);
    cancel();
    this.terminal?.close();
    await this.log.close();
    return exit;
  }
}
