import type { ClientConnection } from '../http1/client-connection.ts';
import { latin1Slice } from '../http1/latin1.ts';
import type { ServerConnection } from '../http1/server-connection.ts';
import type { ResponseFraming } from './response-hygiene.ts';

/** Bodies up to this travel as text in the write of the head: one system call for both. */
const smallBodyBytes = 4096;

/** Writes one response to the client: the head leaves with the first bytes of the body. */
export class ResponseWriter {
  readonly #connection: ServerConnection;
  #framing: ResponseFraming = 'same';
  #head = '';
  /** Body bytes so far. */
  bytesSent = 0;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
  }

  begin(head: string, framing: ResponseFraming): void {
    this.#head = head;
    this.#framing = framing;
  }

  /** Bytes of the body; false: the client is slower, pause. */
  write(upstream: ClientConnection, bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#connection;
    const length = end - start;
    this.bytesSent += length;
    const head = this.#head;
    this.#head = '';
    if (this.#framing === 'encode-chunks') {
      // Copied: rare, and the buffer is the upstream's to fill again.
      const body = latin1Slice(bytes, start, end);
      return connection.writeText(`${head}${length.toString(16)}\r\n${body}\r\n`);
    }
    if (length <= smallBodyBytes) {
      return connection.writeText(head + latin1Slice(bytes, start, end));
    }
    if (head !== '') {
      connection.socket.cork();
      connection.writeText(head);
    }
    const isWhole = start === 0 && end === bytes.length;
    const ready = connection.writeBytes(isWhole ? bytes : bytes.subarray(start, end));
    if (head !== '') connection.socket.uncork();
    if (connection.pendingBytes > 0) upstream.retainBuffer();
    return ready;
  }

  /** The head leaves even when no body has come yet. */
  flush(): void {
    if (this.#head === '') return;
    this.#connection.writeText(this.#head);
    this.#head = '';
  }

  /** The body is complete. */
  end(): void {
    if (this.#framing === 'encode-chunks') {
      this.#connection.writeText(`${this.#head}0\r\n\r\n`);
      this.#head = '';
    } else this.flush();
  }
}
