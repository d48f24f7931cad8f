/** Undoes what was started, last first. Every step is tried, whatever becomes of the others. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop())
      try {
        await step();
      } catch {
        // The process is about to end: what could not be closed is closed by that.
      }
  }
}
