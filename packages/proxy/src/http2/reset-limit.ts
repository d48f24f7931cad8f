/** Streams a client may reset within one second: more is an attack (CVE-2023-44487). */
const maxResetsPerSecond = 500;

/** Counts a client's resets, second by second. */
export class ResetLimit {
  #secondMs = 0;
  #resets = 0;

  /** False: too many. */
  count(nowMs: number): boolean {
    if (nowMs - this.#secondMs >= 1000) {
      this.#secondMs = nowMs;
      this.#resets = 0;
    }
    return ++this.#resets <= maxResetsPerSecond;
  }
}
