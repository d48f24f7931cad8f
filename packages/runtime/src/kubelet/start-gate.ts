import type { Clock } from '@lateen/base';

/** A container that is not ready by then is waiting for something else than the processor. */
const maxHoldMs = 4_000;

/**
 * Lets a few containers start at a time: started all at once on few processors, each takes as long as
 * all together, and the ones that others wait for (istiod) are not first. Order is that of asking,
 * urgent ones before others.
 */
export class StartGate {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Resolves when the caller may start; it calls the function when it has started (or ended). */
  async enter(urgent: boolean): Promise<() => void> {
    if (this.#active >= this.#limit)
      await new Promise<void>((resolve) => {
        (urgent ? this.#urgent : this.#waiting).push(resolve);
      });
    else this.#active += 1;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      cancel();
      this.#leave();
    };
    const cancel = this.#clock.schedule(maxHoldMs, leave);
    return leave;
  }

  /** The place goes straight to the next in line, so that nobody slips in between. */
  #leave(): void {
    const next = this.#urgent.shift() ?? this.#waiting.shift();
    if (next === undefined) this.#active -= 1;
    else next();
  }
}
