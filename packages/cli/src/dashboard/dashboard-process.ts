import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddonEndpoints, StateFolder } from '@lateen/runtime';

/** A dashboard that does not listen by then is not waited for. */
const startTimeoutMs = 15_000;
/** One that ends is started again this much later; twice as long each time that it did not live for a while. */
const restartDelayMs = 2_000;
const maxRestartDelayMs = 60_000;
const steadyMs = 30_000;
const stopTimeoutMs = 3_000;

/**
 * All its stores are bounded: what would be more is a fault, which must not take the machine along. It has time: a small
 * nursery and few arenas cost some collections, and save a third of its memory.
 */
const memoryFlags = ['--max-old-space-size=768', '--max-semi-space-size=2'] as const;
const memoryEnvironment = { MALLOC_ARENA_MAX: '2' } as const;

const program = fileURLToPath(new URL('serve-main.ts', import.meta.url));

/**
 * The dashboard of a cluster as a process of its own: what it computes never keeps the API server waiting. It ends with
 * this process, whatever ends that: the channel between them closes.
 */
export class DashboardProcess {
  readonly #state: StateFolder;
  readonly #words: readonly string[];
  #port: number;
  #child: ChildProcess | undefined;
  #onMoved: (endpoints: AddonEndpoints) => void = () => undefined;
  #isStopped = false;
  #delayMs = restartDelayMs;
  #spawnedMs = 0;

  /** `port`: or the next free one. `words`: further ones for the program. */
  constructor(state: StateFolder, port: number, words: readonly string[] = []) {
    this.#state = state;
    this.#words = words;
    this.#port = port;
  }

  /**
   * Resolves with where it answers; undefined when it did not start in time (its log says why). Never rejects.
   * `onMoved` is told where it answers after each restart: its ports may have been taken meanwhile.
   */
  async start(
    onMoved: (endpoints: AddonEndpoints) => void = () => undefined,
  ): Promise<AddonEndpoints | undefined> {
    this.#onMoved = onMoved;
    const child = this.#spawn();
    const stop = AbortSignal.timeout(startTimeoutMs);
    try {
      const ended = once(child, 'exit', { signal: stop }).then(() => undefined);
      const listening = once(child, 'message', { signal: stop }).then(([message]) => message);
      const message = (await Promise.race([listening, ended])) as AddonEndpoints | undefined;
      ended.catch(() => undefined);
      listening.catch(() => undefined);
      // The same place again after a restart.
      if (message !== undefined) this.#port = Number(new URL(message.dashboard).port);
      return message;
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(timer);
  }

  #spawn(): ChildProcess {
    const { kubeconfig, cache, root } = this.#state;
    const log = openSync(join(root, 'dashboard.log'), 'a', 0o600);
    const words = ['--kubeconfig', kubeconfig, '--port', String(this.#port), '--cache', cache];
    const child = spawn(process.execPath, [...memoryFlags, program, ...words, ...this.#words], {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...memoryEnvironment },
      // A group of its own: Ctrl-C is for the supervisor, which stops it in order.
      detached: true,
    });
    this.#child = child;
    this.#spawnedMs = performance.now();
    child.on('error', () => undefined);
    child.on('exit', () => this.#restart());
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    return child;
  }

  #restart(): void {
    if (this.#isStopped) return;
    const wasSteady = performance.now() - this.#spawnedMs > steadyMs;
    this.#delayMs = wasSteady ? restartDelayMs : Math.min(this.#delayMs * 2, maxRestartDelayMs);
    setTimeout(() => {
      if (!this.#isStopped)
        this.#spawn().once('message', (message) => this.#onMoved(message as AddonEndpoints));
    }, this.#delayMs).unref();
  }
}
