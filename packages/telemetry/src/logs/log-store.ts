import type { ReceivedLog } from './received-log.ts';

/** Bounds of a store. */
export interface LogLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** A quarter of an hour at fifty requests a second. */
export const defaultLogLimits: LogLimits = { maxRecords: 50_000, maxBytes: 64 * 1024 * 1024 };

/** Objects and texts of a record in memory, about. */
const bytesPerRecord = 400;
const bytesPerCharacter = 2;
/** A body longer than this is cut. */
const maxCharacters = 8_192;

const sizeOf = ({ text, attributes }: ReceivedLog): number => {
  let characters = text.length;
  for (const [name, value] of Object.entries(attributes)) characters += name.length + value.length;
  return bytesPerRecord + characters * bytesPerCharacter;
};

/** Recent records in memory. The oldest to come is forgotten first. */
export class LogStore {
  readonly #limits: LogLimits;
  /** A queue: what is before `#first` is gone. */
  #records: { readonly log: ReceivedLog; readonly bytes: number }[] = [];
  #first = 0;
  #bytes = 0;
  #evicted = 0;

  constructor(limits: LogLimits = defaultLogLimits) {
    this.#limits = limits;
  }

  add(received: ReceivedLog): void {
    const { text } = received;
    const log = text.length > maxCharacters ? { ...received, text: cut(text) } : received;
    const bytes = sizeOf(log);
    this.#records.push({ log, bytes });
    this.#bytes += bytes;
    this.#evict();
  }

  /** Records since a time that pass, oldest first. */
  list(fromMs: number, passes: (log: ReceivedLog) => boolean): readonly ReceivedLog[] {
    const found: ReceivedLog[] = [];
    for (let at = this.#first; at < this.#records.length; at++) {
      const { log } = this.#records[at] as { readonly log: ReceivedLog };
      if (log.timeMs >= fromMs && passes(log)) found.push(log);
    }
    return found.sort((left, right) => left.timeMs - right.timeMs);
  }

  /** How full it is. */
  fill(): { readonly records: number; readonly bytes: number; readonly evicted: number } {
    const records = this.#records.length - this.#first;
    return { records, bytes: this.#bytes, evicted: this.#evicted };
  }

  #evict(): void {
    const { maxRecords, maxBytes } = this.#limits;
    while (this.#records.length - this.#first > maxRecords || this.#bytes > maxBytes) {
      this.#bytes -= this.#records[this.#first]?.bytes ?? 0;
      this.#first++;
      this.#evicted++;
    }
    // Moved once for as many as there are left: a constant cost for each record.
    if (this.#first > this.#records.length / 2 && this.#first > 0) {
      this.#records = this.#records.slice(this.#first);
      this.#first = 0;
    }
  }
}

const cut = (text: string): string => `${text.slice(0, maxCharacters)}…`;
