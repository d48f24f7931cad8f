import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  alreadyRunning,
  makeStateRoot,
  RuntimeError,
  readRunRecord,
  stateFolderAt,
} from '@lateen/runtime';
import { CommandExit } from '../command-exit.ts';
import type { Output } from '../progress.ts';
import { stopSignal } from '../stop-signal.ts';

/** How often the background process is looked at while it starts. */
const pollMs = 50;
const startTimeoutMs = 180_000;
/** What a shell reports of a command that Ctrl-C ended. */
const interruptedExit = 130;

/** Shows what the background process has printed since the last look. */
class Follower {
  readonly #path: string;
  readonly #output: Output;
  #shown = 0;

  constructor(path: string, output: Output) {
    this.#path = path;
    this.#output = output;
  }

  show(): void {
    const text = readFileSync(this.#path, 'utf8');
    this.#output.out(text.slice(this.#shown));
    this.#shown = text.length;
  }
}

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));

/**
 * Starts `lateen up` with these words in the background, shows its progress, and returns when it is
 * ready. Rejects with RuntimeError `not-ready` when it ends or takes too long, and with CommandExit when
 * somebody does not wait for it: what has begun is stopped then.
 */
export const detachedUp = async (
  words: readonly string[],
  stateDir: string,
  output: Output,
): Promise<void> => {
  const state = stateFolderAt(stateDir);
  // Here, not by the process in the background: it would begin the log of the one that runs anew.
  if (readRunRecord(state) !== undefined) throw alreadyRunning(state.root);
  makeStateRoot(state.root);
  const logPath = join(state.root, 'up.log');
  const log = openSync(logPath, 'w', 0o600);
  const main = new URL('../main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, ...words], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, LATEEN_BACKGROUND: '1' },
  });
  closeSync(log);
  const follower = new Follower(logPath, output);
  let exitCode: number | undefined;
  const ended = exitOf(child).then((code) => {
    exitCode = code;
  });
  const stop = stopSignal(false);
  const deadlineMs = performance.now() + startTimeoutMs;
  while (exitCode === undefined && performance.now() < deadlineMs && !stop.aborted) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    follower.show();
    const record = readRunRecord(state);
    if (record?.pid === child.pid && record?.phase === 'ready') {
      follower.show();
      child.unref();
      return;
    }
  }
  if (exitCode === undefined) {
    child.kill('SIGTERM');
    await ended;
  }
  if (stop.aborted) throw new CommandExit(interruptedExit, 'stopped before it was ready');
  throw new RuntimeError('not-ready', `the cluster did not come up; its output is in ${logPath}`);
};
