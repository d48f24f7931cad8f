import { ipv4FromNumber, ipv4ToNumber, isInRange } from './ipv4.ts';
import type { AddressRange } from './network.ts';

/**
 * Gives each owner one address of a range. Addresses are handed out in a circle, so that one just
 * freed is not at once another owner's (connections to the old one would reach the new one).
 */
export class AddressPool {
  readonly #range: AddressRange;
  readonly #byOwner = new Map<string, string>();
  readonly #taken = new Set<string>();
  #next: number;

  constructor(range: AddressRange) {
    this.#range = range;
    this.#next = ipv4ToNumber(range.first);
  }

  /**
   * The owner's address; `preferred` (what it had before a restart) if free and in range.
   * Undefined when the range is used up.
   */
  claim(owner: string, preferred?: string): string | undefined {
    const known = this.#byOwner.get(owner);
    if (known !== undefined) return known;
    const usable =
      preferred !== undefined && !this.#taken.has(preferred) && isInRange(preferred, this.#range);
    const address = usable ? preferred : this.#free();
    if (address === undefined) return undefined;
    this.#byOwner.set(owner, address);
    this.#taken.add(address);
    return address;
  }

  release(owner: string): void {
    const address = this.#byOwner.get(owner);
    if (address === undefined) return;
    this.#byOwner.delete(owner);
    this.#taken.delete(address);
  }

  #free(): string | undefined {
    const first = ipv4ToNumber(this.#range.first);
    const size = ipv4ToNumber(this.#range.last) - first + 1;
    for (let tries = 0; tries < size; tries++) {
      const address = ipv4FromNumber(this.#next);
      this.#next = first + ((this.#next - first + 1) % size);
      if (!this.#taken.has(address)) return address;
    }
    return undefined;
  }
}
