import type { Clock } from '@lateen/base';
import { runProbe } from './probe-action.ts';
import type { ProbeSettings } from './probe-settings.ts';

export interface AppHealthOptions {
  readonly settings: ProbeSettings;
  readonly clock: Clock;
  /** The app became well (undefined) or unwell (why). Called first with the first certain verdict. */
  readonly onChange: (problem: string | undefined) => void;
}

/** Checks the app again and again, and tells when its health changes for certain. */
export class AppHealth {
  readonly #options: AppHealthOptions;
  #isWell: boolean | undefined;
  /** Checks in a row that went the other way. */
  #against = 0;
  #cancel: () => void;
  #isClosed = false;

  constructor(options: AppHealthOptions) {
    this.#options = options;
    const { clock, settings } = options;
    this.#cancel = clock.schedule(settings.initialDelayMs, () => void this.#check());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #check(): Promise<void> {
    const { settings, clock } = this.#options;
    const problem = await runProbe(settings.action, settings.timeoutMs);
    if (this.#isClosed) return;
    this.#judge(problem);
    this.#cancel = clock.schedule(settings.periodMs, () => void this.#check());
  }

  #judge(problem: string | undefined): void {
    const { settings, onChange } = this.#options;
    const isWell = problem === undefined;
    if (isWell === this.#isWell) {
      this.#against = 0;
      return;
    }
    this.#against += 1;
    const threshold = isWell ? settings.successThreshold : settings.failureThreshold;
    if (this.#against < threshold) return;
    this.#isWell = isWell;
    this.#against = 0;
    onChange(problem);
  }
}
