import type { MessageCounts } from '../../http/exchange.ts';

/** Flag and length in front of each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const prefixBytes = 5;

/** Counts the messages of one direction as their bytes pass; whole messages only. */
class MessageCounter {
  count = 0;
  /** Bytes of the prefix that have come. */
  #prefix = 0;
  #length = 0;
  /** Bytes of the message that are still to come. */
  #rest = 0;

  read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, end - at);
        this.#rest -= taken;
        at += taken;
        if (this.#rest === 0) this.count++;
      } else this.#readPrefix(bytes[at++] as number);
    }
  }

  #readPrefix(byte: number): void {
    // The flag is not part of the length.
    this.#length = this.#prefix === 0 ? 0 : this.#length * 256 + byte;
    if (++this.#prefix < prefixBytes) return;
    this.#prefix = 0;
    if (this.#length === 0) this.count++;
    else this.#rest = this.#length;
  }
}

/** Messages of one call, both ways. */
export class GrpcMessages implements MessageCounts {
  readonly request: MessageCounter = new MessageCounter();
  readonly response: MessageCounter = new MessageCounter();
}
