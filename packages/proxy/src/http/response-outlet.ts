import type { MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Takes one response to the client in frames instead of text. */
export interface ResponseOutlet {
  /** Body bytes so far. */
  readonly bytesSent: number;
  /** An answer of our own, whole. Returns the size of its head. */
  reply(status: number, head: MessageHead, body: string): number;
  /** A 1xx response. */
  interim(head: MessageHead): void;
  /** The answer behind which bytes pass: to a CONNECT, or the upstream's `response` to an upgrade. */
  startTunnel(status: number, head: string, response: MessageHead | undefined): void;
  /** The head; it leaves with the first bytes, `flush` or `end`. Returns its size. */
  begin(status: number, head: MessageHead, mayHaveTrailers: boolean): number;
  /** Bytes of the body without any framing; false: the client is slower, pause. */
  write(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean;
  flush(): void;
  end(trailers?: HeaderBlock): void;
}
