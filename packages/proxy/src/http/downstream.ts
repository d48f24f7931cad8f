import type { TLSSocket } from 'node:tls';
import type { MessageHead } from '../http1/head-parser.ts';
import type { ResponseOutlet } from './response-outlet.ts';

/**
 * The client's side of one exchange: an HTTP/1.1 connection, or one stream of an HTTP/2 session.
 * Heads and bodies are in HTTP/1.1 form on this seam; HTTP/2 is translated at the edge.
 */
export interface Downstream {
  readonly request: MessageHead;
  /** The client's address alone, then with port, then ours. */
  readonly remote: string;
  readonly remoteLabel: string;
  readonly localLabel: string;
  readonly isTls: boolean;
  readonly tls: TLSSocket | undefined;
  readonly isHttp10: boolean;
  /** Set for HTTP/2: responses go out in frames. */
  readonly outlet: ResponseOutlet | undefined;
  /** No further request after this one. */
  closeAfter: boolean;
  /** Of the request's body so far: bytes of chunked framing, which nobody counts as body. */
  readonly framingBytes: number;
  /** Remembered by the connection manager: the last authority and what it led to. */
  cachedAuthority: string;
  cachedHost: unknown;
  cachedTable: unknown;
  writeText(text: string): boolean;
  /** The upstream takes bytes of the request again. */
  unblock(): void;
  /** The response has been written whole. */
  exchangeDone(): void;
  /** From now on bytes pass through as they are. */
  becomeTunnel(): void;
  /** Cuts the response short so that the client notices. */
  abort(): void;
}

/** A stream of an HTTP/2 session. */
export interface FramedDownstream extends Downstream {
  readonly outlet: ResponseOutlet;
}
