import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
} from '@lateen/api';
import type { Clock } from '@lateen/base';
import { RuntimeError, reasonOf } from '../runtime-error.ts';
import type { ProcessCommand, ProcessExit } from '../supervision/supervised-process.ts';
import { ConfigMissing } from './config-source.ts';
import { ContainerAttempt } from './container-attempt.ts';
import { ContainerHealth } from './container-health.ts';
import type { EventNote } from './event-recorder.ts';
import type { ProbeTarget } from './probe.ts';
import { RestartBackOff } from './restart-back-off.ts';
import type { StartGate } from './start-gate.ts';

/** How long until a missing ConfigMap or image is looked for again. */
const configRetryMs = 2_000;

/** When a container that has ended is started again (core/v1 RestartPolicy). */
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface ContainerRunnerOptions {
  readonly container: Container;
  readonly restartPolicy: RestartPolicy;
  /** Words, variables and folder of the next start; rejects with ConfigMissing or RuntimeError. */
  readonly prepare: () => Promise<ProcessCommand>;
  /** Log file of a start; numbers grow with each restart. */
  readonly logPath: (attempt: number) => string;
  readonly target: ProbeTarget;
  readonly clock: Clock;
  readonly startGate: StartGate;
  /** Others wait for this container: it goes first. */
  readonly urgent: boolean;
  /** Full image name for the status. */
  readonly image: string;
  readonly restartCount: number;
  readonly lastState: ContainerState;
  /** Runs a lifecycle hook; rejects when it fails. */
  readonly runHook: (kind: 'postStart' | 'preStop') => Promise<void>;
  readonly onChange: () => void;
  readonly onEvent: (note: EventNote) => void;
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Keeps one container of a pod in the state its restart policy wants, and knows its status. */
export class ContainerRunner {
  readonly #options: ContainerRunnerOptions;
  readonly #backOff = new RestartBackOff();
  readonly #finished = Promise.withResolvers<ContainerStateTerminated>();
  readonly #firstStarted = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #lastState: ContainerState;
  #restartCount: number;
  #attempt: ContainerAttempt | undefined;
  #health: ContainerHealth | undefined;
  #loop: Promise<void> | undefined;
  #graceMs = 0;

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
    this.#restartCount = options.restartCount;
    this.#lastState = options.lastState;
  }

  get container(): Container {
    return this.#options.container;
  }

  /** The run of now or, if it has ended, the latest one. */
  get attempt(): ContainerAttempt | undefined {
    return this.#attempt;
  }

  get running(): boolean {
    return this.#state.running !== undefined;
  }

  get restartCount(): number {
    return this.#restartCount;
  }

  /** Resolves when the container has ended and will not be started again. */
  get finished(): Promise<ContainerStateTerminated> {
    return this.#finished.promise;
  }

  /** Resolves when it has started for the first time (its startup probe included). */
  get started(): Promise<void> {
    return this.#firstStarted.promise;
  }

  get status(): ContainerStatus {
    const { container, image } = this.#options;
    const running = this.running;
    return {
      name: container.name,
      state: this.#state,
      lastState: this.#lastState,
      ready: running && this.#health?.ready === true,
      restartCount: this.#restartCount,
      image,
      imageID: running || this.#attempt !== undefined ? `local://${image}` : '',
      ...(this.#attempt !== undefined && { containerID: this.#containerId() }),
      started: running && this.#health?.started === true,
    };
  }

  run(): void {
    this.#loop ??= this.#runLoop();
  }

  /** preStop hook and SIGTERM, SIGKILL after the grace period; never rejects. */
  async stop(graceMs: number): Promise<void> {
    this.#graceMs = graceMs;
    if (!this.#stop.signal.aborted && this.running) {
      this.#event('Normal', 'Killing', `Stopping container ${this.container.name}`);
      this.#health?.stop();
    }
    this.#stop.abort();
    await this.#loop;
  }

  /** Ends it at once. */
  kill(): void {
    this.#graceMs = 0;
    this.#stop.abort();
    this.#attempt?.kill();
  }

  get #stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #containerId(): string {
    return `lateen://${this.container.name}-${this.#restartCount}-${this.#attempt?.pid ?? 0}`;
  }

  #set(state: ContainerState): void {
    this.#state = state;
    this.#options.onChange();
  }

  #event(type: EventNote['type'], reason: string, message: string): void {
    this.#options.onEvent({ type, reason, message, container: this.container.name });
  }

  async #runLoop(): Promise<void> {
    let first = true;
    while (!this.#stopping) {
      const command = await this.#prepareUntilPossible();
      if (command === undefined) break;
      if (!first) this.#restartCount += 1;
      first = false;
      const ended = await this.#runOnce(command);
      if (!this.#restarts(ended)) {
        this.#finished.resolve(ended);
        return;
      }
      this.#lastState = { terminated: ended };
      await this.#waitForRestart(ended);
    }
    this.#endUnstarted();
  }

  #restarts({ exitCode }: ContainerStateTerminated): boolean {
    const { restartPolicy } = this.#options;
    if (this.#stopping) return false;
    return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
  }

  async #waitForRestart(ended: ContainerStateTerminated): Promise<void> {
    const ranMs = Date.parse(ended.finishedAt ?? '') - Date.parse(ended.startedAt ?? '');
    const delayMs = this.#backOff.nextDelayMs(Number.isNaN(ranMs) ? 0 : ranMs);
    if (delayMs === 0) return;
    const { name } = this.container;
    const message = `back-off ${delayMs / 1_000}s restarting failed container=${name}`;
    this.#event('Warning', 'BackOff', `Back-off restarting failed container ${name}`);
    this.#set({ waiting: { reason: 'CrashLoopBackOff', message } });
    await this.#pause(delayMs);
  }

  /** Sleeps until the delay is over or the container is stopped. */
  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(delayMs, resolve);
    const { signal } = this.#stop;
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /** Undefined when the container was stopped meanwhile. */
  async #prepareUntilPossible(): Promise<ProcessCommand | undefined> {
    const imageBackOff = new RestartBackOff();
    while (!this.#stopping)
      try {
        return await this.#options.prepare();
      } catch (error) {
        const delayMs = this.#notePrepareFailure(error, imageBackOff);
        await this.#pause(delayMs);
      }
    return undefined;
  }

  #notePrepareFailure(error: unknown, imageBackOff: RestartBackOff): number {
    const message = reasonOf(error);
    const name = this.container.image ?? '';
    if (error instanceof RuntimeError && error.code === 'image-unknown') {
      const delayMs = imageBackOff.nextDelayMs(0);
      if (delayMs === 0) {
        this.#event('Warning', 'Failed', `Failed to pull image "${name}": ${message}`);
        this.#event('Warning', 'Failed', 'Error: ErrImagePull');
        this.#set({ waiting: { reason: 'ErrImagePull', message } });
        return configRetryMs;
      }
      this.#event('Normal', 'BackOff', `Back-off pulling image "${name}": ${message}`);
      this.#set({
        waiting: {
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "${name}": ${message}`,
        },
      });
      return delayMs;
    }
    const missing = error instanceof ConfigMissing;
    this.#event('Warning', 'Failed', `Error: ${message}`);
    const reason = missing ? 'CreateContainerConfigError' : 'CreateContainerError';
    this.#set({ waiting: { reason, message } });
    return configRetryMs;
  }

  async #runOnce(command: ProcessCommand): Promise<ContainerStateTerminated> {
    const { clock, startGate, urgent, logPath, container } = this.#options;
    const leave = await startGate.enter(urgent);
    const startedMs = clock.nowMs();
    try {
      if (this.#stopping) return this.#terminated({ exitCode: 0, signal: undefined }, startedMs);
      const options = { command, logPath: logPath(this.#restartCount), clock };
      const attempt = await ContainerAttempt.start({ ...options, tty: container.tty === true });
      this.#attempt = attempt;
      this.#watch(attempt, leave);
      const exit = await this.#untilEnded(attempt);
      return this.#terminated(exit, startedMs);
    } catch (error) {
      this.#event('Warning', 'Failed', `Error: ${reasonOf(error)}`);
      return this.#terminated({ exitCode: 128, signal: undefined }, startedMs, error);
    } finally {
      leave();
      this.#health?.stop();
      this.#health = undefined;
    }
  }

  #watch(attempt: ContainerAttempt, leave: () => void): void {
    const { container, target, clock, onChange } = this.#options;
    const settled = (): void => {
      if (this.#health?.ready === true) leave();
      if (this.#health?.started === true) this.#firstStarted.resolve();
      onChange();
    };
    this.#health = new ContainerHealth({
      container,
      target,
      clock,
      onChange: settled,
      onDead: (probe) => {
        void this.#restartDead(attempt, probe);
      },
      onUnhealthy: (message) => this.#event('Warning', 'Unhealthy', message),
    });
    const image = container.image ?? '';
    this.#event('Normal', 'Pulled', `Container image "${image}" already present on machine`);
    this.#event('Normal', 'Created', `Created container: ${container.name}`);
    this.#event('Normal', 'Started', `Started container ${container.name}`);
    this.#set({ running: { startedAt: timeOf(attempt.startedMs) } });
    this.#health.start();
    settled();
    void this.#postStart(attempt);
  }

  async #postStart(attempt: ContainerAttempt): Promise<void> {
    if (this.container.lifecycle?.postStart === undefined) return;
    try {
      await this.#options.runHook('postStart');
    } catch (error) {
      this.#event('Warning', 'FailedPostStartHook', reasonOf(error));
      await attempt.stop(this.#graceMs);
    }
  }

  async #restartDead(attempt: ContainerAttempt, probe: string): Promise<void> {
    const { name, livenessProbe, startupProbe } = this.container;
    this.#health?.stop();
    this.#event(
      'Normal',
      'Killing',
      `Container ${name} failed ${probe.toLowerCase()} probe, will be restarted`,
    );
    const own = probe === 'Liveness' ? livenessProbe : startupProbe;
    await attempt.stop((own?.terminationGracePeriodSeconds ?? 30) * 1_000);
  }

  /** Waits for the end, bringing it about when the container is stopped. */
  async #untilEnded(attempt: ContainerAttempt): Promise<ProcessExit> {
    const { signal } = this.#stop;
    const onAbort = (): void => {
      void this.#stopAttempt(attempt);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    const exit = await attempt.ended;
    signal.removeEventListener('abort', onAbort);
    return exit;
  }

  async #stopAttempt(attempt: ContainerAttempt): Promise<void> {
    const { clock, runHook, container } = this.#options;
    const deadlineMs = clock.nowMs() + this.#graceMs;
    if (container.lifecycle?.preStop !== undefined && this.#graceMs > 0) {
      const hook = runHook('preStop').catch((error: unknown) =>
        this.#event('Warning', 'FailedPreStopHook', reasonOf(error)),
      );
      const late = Promise.withResolvers<void>();
      const cancel = clock.schedule(this.#graceMs, () => late.resolve());
      await Promise.race([hook, late.promise, attempt.ended]);
      cancel();
    }
    await attempt.stop(Math.max(0, deadlineMs - clock.nowMs()));
  }

  #terminated(exit: ProcessExit, startedMs: number, error?: unknown): ContainerStateTerminated {
    const terminated: ContainerStateTerminated = {
      exitCode: exit.exitCode,
      reason: reasonOfExit(exit, error),
      ...(error !== undefined && { message: reasonOf(error) }),
      startedAt: timeOf(startedMs),
      finishedAt: timeOf(this.#options.clock.nowMs()),
      ...(this.#attempt !== undefined && { containerID: this.#containerId() }),
    };
    this.#set({ terminated });
    return terminated;
  }

  /** Stopped before or between starts: nothing runs, and nothing will. */
  #endUnstarted(): void {
    const now = timeOf(this.#options.clock.nowMs());
    const ended = this.#lastState.terminated ?? {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container was stopped before it ran',
      finishedAt: now,
    };
    this.#set({ terminated: ended });
    this.#finished.resolve(ended);
  }
}

const reasonOfExit = ({ exitCode }: ProcessExit, error: unknown): string => {
  if (error !== undefined) return 'StartError';
  return exitCode === 0 ? 'Completed' : 'Error';
};
