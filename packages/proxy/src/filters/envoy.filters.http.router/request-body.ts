/** Body kept for a repetition; larger requests are not repeated. Envoy's buffer limit. */
const maxRetryBytes = 1_048_576;
/** Body read ahead while there is no connection yet. */
const maxWaitingBytes = 65_536;

/** What of a request's body must be kept: for a connection that is not there yet, or for a retry. */
export class RequestBody {
  #pieces: Buffer[] = [];
  bytes = 0;
  /** All of the body so far is here. */
  whole = true;
  #keeps: boolean;

  /** `keeps`: the body may be needed again. */
  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  /** A piece that came; `sent`: it went out already. Kept as far as it may be needed. */
  add(piece: Buffer, sent: boolean): void {
    if (sent && !this.#keeps) {
      this.whole = false;
      return;
    }
    this.bytes += piece.length;
    this.#pieces.push(piece);
    if (sent && this.bytes > maxRetryBytes) this.drop();
  }

  /** Reading on would fill memory. */
  get isFull(): boolean {
    return this.bytes >= maxWaitingBytes;
  }

  /** Everything kept has been sent. */
  flushed(): void {
    if (!this.#keeps || this.bytes > maxRetryBytes) this.drop();
  }

  /** The response has begun: no repetition any more. */
  drop(): void {
    if (this.bytes > 0) this.whole = false;
    this.#keeps = false;
    if (this.#pieces.length > 0) this.#pieces = [];
    this.bytes = 0;
  }
}
