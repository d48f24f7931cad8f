/** Somebody who wants the body before the request goes on. */
interface Waiter {
  readonly maxBytes: number;
  /** `whole`: all of the body is there; else there is more than `maxBytes`. */
  readonly ready: (body: Buffer, whole: boolean) => void;
}

/** Bytes of a request's body that came while filters hold the request. */
export class HeldBody {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #waiter: Waiter | undefined = undefined;

  /** Takes a piece; false: nobody waits for more, stop reading. */
  add(piece: Buffer): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#serve();
    return this.#waiter !== undefined;
  }

  /** The body is complete. */
  end(): void {
    this.#ended = true;
    this.#serve();
  }

  /** Calls `ready` once the body is there, or as much of it as is wanted. The bytes stay held. */
  wait(maxBytes: number, ready: Waiter['ready']): void {
    this.#waiter = { maxBytes, ready };
    this.#serve();
  }

  /** Hands all pieces over. */
  take(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #serve(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const isWhole = this.#ended && this.#bytes <= waiter.maxBytes;
    if (!isWhole && this.#bytes <= waiter.maxBytes) return;
    this.#waiter = undefined;
    const body = Buffer.concat(this.#pieces).subarray(0, waiter.maxBytes);
    waiter.ready(body, isWhole);
  }
}
