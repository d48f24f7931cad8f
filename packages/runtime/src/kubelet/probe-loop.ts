import type { Probe } from '@lateen/api';
import type { Clock } from '@lateen/base';
import type { ProbeResult } from './probe.ts';

/** Kubernetes' defaults. */
const defaultPeriodSeconds = 10;
const defaultSuccessThreshold = 1;
const defaultFailureThreshold = 3;
/**
 * Until its first success a container is asked this often, so that it is ready within a moment of
 * listening; failures count once a period, as the user meant them.
 */
const eagerIntervalMs = 75;
/** The same for commands, which cost a process each. */
const eagerExecIntervalMs = 500;

export interface ProbeLoopOptions {
  readonly probe: Probe;
  /** Asks often before the first success: for readiness and startup, not for liveness. */
  readonly eager: boolean;
  readonly run: () => Promise<ProbeResult>;
  readonly clock: Clock;
  /** A threshold was reached: the state is now this. */
  readonly onVerdict: (healthy: boolean) => void;
  /** A failure that counts, for the `Unhealthy` event. */
  readonly onFailure: (message: string) => void;
}

/** Asks a container again and again, and says when enough answers in a row agree. */
export class ProbeLoop {
  readonly #options: ProbeLoopOptions;
  readonly #periodMs: number;
  #cancel: (() => void) | undefined;
  #stopped = false;
  #successes = 0;
  #failures = 0;
  #everSucceeded = false;
  #nextCountMs = 0;

  constructor(options: ProbeLoopOptions) {
    this.#options = options;
    this.#periodMs = (options.probe.periodSeconds ?? defaultPeriodSeconds) * 1_000;
  }

  start(): void {
    const delayMs = (this.#options.probe.initialDelaySeconds ?? 0) * 1_000;
    this.#nextCountMs = this.#options.clock.nowMs() + delayMs + this.#periodMs;
    this.#schedule(delayMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.schedule(delayMs, () => {
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const result = await this.#options.run();
    if (this.#stopped) return;
    if (result.ok) this.#succeeded();
    else this.#failed(result.message);
    this.#schedule(this.#intervalMs());
  }

  #intervalMs(): number {
    if (!this.#options.eager || this.#everSucceeded) return this.#periodMs;
    const eagerMs = this.#options.probe.exec === undefined ? eagerIntervalMs : eagerExecIntervalMs;
    return Math.min(eagerMs, this.#periodMs);
  }

  #succeeded(): void {
    this.#everSucceeded = true;
    this.#failures = 0;
    this.#successes += 1;
    const threshold = this.#options.probe.successThreshold ?? defaultSuccessThreshold;
    if (this.#successes === threshold) this.#options.onVerdict(true);
  }

  #failed(message: string): void {
    const { clock, eager, probe, onFailure, onVerdict } = this.#options;
    const waiting = eager && !this.#everSucceeded;
    if (waiting && clock.nowMs() < this.#nextCountMs) return;
    this.#nextCountMs = clock.nowMs() + this.#periodMs;
    this.#successes = 0;
    this.#failures += 1;
    onFailure(message);
    if (this.#failures === (probe.failureThreshold ?? defaultFailureThreshold)) onVerdict(false);
  }
}
