import type { Container, Probe } from '@lateen/api';
import type { Clock } from '@lateen/base';
import { type ProbeTarget, runProbe } from './probe.ts';
import { ProbeLoop } from './probe-loop.ts';

export interface ContainerHealthOptions {
  readonly container: Container;
  readonly target: ProbeTarget;
  readonly clock: Clock;
  readonly onChange: () => void;
  /** Liveness or startup has failed for good: the container has to be restarted. */
  readonly onDead: (probe: 'Liveness' | 'Startup') => void;
  /** `Readiness probe failed: ...`, for the `Unhealthy` event. */
  readonly onUnhealthy: (message: string) => void;
}

/** Whether a running container has started, is ready, and lives: Kubernetes' three probes and their order. */
export class ContainerHealth {
  readonly #options: ContainerHealthOptions;
  readonly #loops: ProbeLoop[] = [];
  #started: boolean;
  #ready = false;
  #stopped = false;

  constructor(options: ContainerHealthOptions) {
    this.#options = options;
    this.#started = options.container.startupProbe === undefined;
  }

  /** True when there is no startup probe or it has succeeded. */
  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  start(): void {
    const { startupProbe } = this.#options.container;
    if (startupProbe === undefined) this.#begin();
    else
      this.#loop('Startup', startupProbe, (healthy) => {
        if (!healthy) this.#options.onDead('Startup');
        else if (!this.#started) {
          this.#loops.pop()?.stop();
          this.#started = true;
          this.#begin();
          this.#options.onChange();
        }
      });
  }

  stop(): void {
    this.#stopped = true;
    for (const loop of this.#loops) loop.stop();
    this.#ready = false;
  }

  #begin(): void {
    const { readinessProbe, livenessProbe } = this.#options.container;
    if (readinessProbe === undefined) this.#ready = true;
    else
      this.#loop('Readiness', readinessProbe, (healthy) => {
        this.#ready = healthy;
        this.#options.onChange();
      });
    if (livenessProbe !== undefined)
      this.#loop('Liveness', livenessProbe, (healthy) => {
        if (!healthy) this.#options.onDead('Liveness');
      });
  }

  #loop(kind: string, probe: Probe, onVerdict: (healthy: boolean) => void): void {
    const { clock, target, onUnhealthy } = this.#options;
    const loop = new ProbeLoop({
      probe,
      eager: kind !== 'Liveness',
      clock,
      run: () => runProbe(probe, target),
      onVerdict: (healthy) => {
        if (!this.#stopped) onVerdict(healthy);
      },
      onFailure: (message) => onUnhealthy(`${kind} probe failed: ${message}`),
    });
    this.#loops.push(loop);
    loop.start();
  }
}
