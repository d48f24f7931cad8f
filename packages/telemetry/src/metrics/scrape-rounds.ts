/** Places of rounds in columns, oldest first, with the time they cover. */
export interface RoundRange {
  readonly slots: readonly number[];
  /** When each of them was, epoch milliseconds. */
  readonly timesMs: readonly number[];
  /** Seconds from the round before the first to the last; 0 when nothing is covered. */
  readonly seconds: number;
}

const nothing: RoundRange = { slots: [], timesMs: [], seconds: 0 };

/** The times of the rounds of scrapes kept; a round is a slot in every column. */
export class ScrapeRounds {
  readonly capacity: number;
  readonly #times: Float64Array;
  /** Rounds begun since the start. */
  #count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#times = new Float64Array(capacity);
  }

  /** Number of the newest round, from 0; -1 before the first. */
  get newest(): number {
    return this.#count - 1;
  }

  /** Slot of the newest round. */
  get slot(): number {
    return this.newest % this.capacity;
  }

  get oldestMs(): number {
    return this.#count === 0 ? 0 : this.#timeOf(this.#oldest);
  }

  get newestMs(): number {
    return this.#count === 0 ? 0 : this.#timeOf(this.newest);
  }

  get #oldest(): number {
    return Math.max(0, this.#count - this.capacity);
  }

  /** Begins a round; clocks that go back are held. Returns its slot. */
  begin(atMs: number): number {
    const time = this.#count === 0 ? atMs : Math.max(atMs, this.newestMs + 1);
    this.#times[this.#count % this.capacity] = time;
    this.#count++;
    return this.slot;
  }

  #timeOf(round: number): number {
    return this.#times[round % this.capacity] as number;
  }

  /** First round later than a time; `newest + 1` when there is none. */
  #firstAfter(timeMs: number): number {
    let low = this.#oldest;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timeOf(middle) > timeMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Slot of the round in which something at that time was seen, or the newest; undefined: before what is kept. */
  slotAt(timeMs: number): number | undefined {
    if (this.#count === 0 || timeMs <= this.oldestMs) return undefined;
    const round = Math.min(this.#firstAfter(timeMs - 1), this.newest);
    return round === this.#oldest ? undefined : round % this.capacity;
  }

  /** Rounds later than `fromMs`, up to and with `toMs`. The oldest kept covers nothing: it is where counting starts. */
  range(fromMs: number, toMs: number): RoundRange {
    const first = Math.max(this.#firstAfter(fromMs), this.#oldest + 1);
    const last = this.#firstAfter(toMs) - 1;
    if (last < first) return nothing;
    const slots = Array.from(
      { length: last - first + 1 },
      (_, index) => (first + index) % this.capacity,
    );
    const timesMs = slots.map((slot) => this.#times[slot] as number);
    return { slots, timesMs, seconds: (this.#timeOf(last) - this.#timeOf(first - 1)) / 1000 };
  }
}
