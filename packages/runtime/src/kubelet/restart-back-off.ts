/** Waits between restarts of a container, as the kubelet's: 10 s doubling to 5 min. */
const firstDelayMs = 10_000;
const lastDelayMs = 300_000;
/** A container that ran this long starts again without history (twice the longest wait). */
const resetAfterMs = 600_000;

/** How long to wait before the next start. The first restart is immediate. */
export class RestartBackOff {
  #nextMs = 0;

  /** Call once for each end of the container; `ranMs` is how long it ran. */
  nextDelayMs(ranMs: number): number {
    if (ranMs >= resetAfterMs) this.#nextMs = 0;
    const delayMs = this.#nextMs;
    this.#nextMs = delayMs === 0 ? firstDelayMs : Math.min(delayMs * 2, lastDelayMs);
    return delayMs;
  }
}
