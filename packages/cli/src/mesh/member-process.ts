import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type RunRecord, readRunRecord, stateFolderAt } from '@lateen/runtime';
import type { Output } from '../progress.ts';
import type { MeshMember } from './mesh-members.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** How a process ended. */
export interface MemberExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The supervisor of one member: a process of its own, so that each can fail and come back alone. */
export class MemberProcess {
  readonly member: MeshMember;
  readonly exited: Promise<MemberExit>;
  exit: MemberExit | undefined = undefined;
  readonly #child: ChildProcess;

  /** `words` are those of `lateen up`; `label` stands before each line it prints. */
  constructor(
    member: MeshMember,
    words: readonly string[],
    print: { readonly output: Output; readonly label: string },
  ) {
    this.member = member;
    this.#child = spawn(process.execPath, [main, ...words], {
      // The fourth is a pipe that says when we are gone, however we went. Signals of a terminal are ours to pass on.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, LATEEN_LAUNCHER_FD: '3' },
    });
    this.#follow(this.#child.stdout, (line) => print.output.out(`${print.label}${line}\n`));
    this.#follow(this.#child.stderr, (line) => print.output.err(`${print.label}${line}\n`));
    this.exited = new Promise((resolve) => {
      const end = (exit: MemberExit): void => {
        this.exit = exit;
        resolve(exit);
      };
      this.#child.once('error', () => end({ code: 1, signal: null }));
      this.#child.once('exit', (code, signal) => end({ code, signal }));
    });
  }

  #follow(stream: Readable | null, take: (line: string) => void): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() !== '') take(line);
    });
  }

  /** What it says of itself, once it has an API server. */
  get record(): RunRecord | undefined {
    const record = readRunRecord(stateFolderAt(this.member.stateDir));
    return record?.pid === this.#child.pid ? record : undefined;
  }

  /** Asks it to stop everything; resolves when it has. */
  async stop(): Promise<void> {
    if (this.exit === undefined) this.#child.kill('SIGTERM');
    await this.exited;
  }
}
