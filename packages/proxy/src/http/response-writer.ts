import type { MessageHead } from '../http1/head-parser.ts';
import { latin1Slice } from '../http1/latin1.ts';
import type { ServerConnection } from '../http1/server-connection.ts';
import type { ResponseFraming } from './response-hygiene.ts';
import { reasonOf } from './status-reason.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Bodies up to this travel as text in the write of the head: one system call for both. */
const smallBodyBytes = 4096;

/** Writes one response to the client: the head leaves with the first bytes of the body. */
export class ResponseWriter {
  readonly #connection: ServerConnection;
  #framing: ResponseFraming = 'same';
  #head = '';
  /** With chunked framing, if there is any. */
  #takenBytes = 0;
  #framingBytes = 0;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
  }

  /** Body bytes so far. */
  get bytesSent(): number {
    return this.#takenBytes - this.#framingBytes;
  }

  /** An answer of our own, whole. Returns the size of its head. */
  reply(status: number, head: MessageHead, body: string): number {
    const text = head.serialize(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n`);
    this.#takenBytes = body.length;
    this.#connection.writeText(text + body);
    return text.length;
  }

  /** An interim response, as it came. */
  interim(head: MessageHead): void {
    this.#connection.writeText(head.serialize());
  }

  /** The answer behind which bytes pass as they are. */
  startTunnel(_status: number, head: string): void {
    this.#connection.writeText(head);
  }

  /** The head; it leaves with the first bytes of the body. Returns its size. */
  begin(response: MessageHead, startLine: string | undefined, framing: ResponseFraming): number {
    const head = response.serialize(startLine);
    this.#head = head;
    this.#framing = framing;
    return head.length;
  }

  /** Bytes of the body; false: the client is slower, pause. */
  write(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#connection;
    const length = end - start;
    this.#takenBytes += length;
    this.#framingBytes = upstream.framingBytes;
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
