import type { MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';

/** What a request line says, for upstreams that have none. */
export interface RequestLine {
  readonly method: string;
  readonly scheme: string;
  readonly path: string;
}

/** Sends request heads in frames instead of text. */
export interface RequestOutlet {
  sendHead(line: RequestLine, head: MessageHead): void;
}

/**
 * The server's side of one try: an HTTP/1.1 connection, or one stream of an HTTP/2 session. Bodies
 * are in HTTP/1.1 framing on this seam, but for responses that `decodeChunks` asks for as they are.
 */
export interface UpstreamConnection {
  readonly response: MessageHead;
  readonly socket: {
    readonly writableLength: number;
    once(event: 'connect', listener: () => void): unknown;
    end(): unknown;
  };
  /** `ip:port` of our side. */
  readonly localLabel: string;
  /** Set for HTTP/2. */
  readonly outlet: RequestOutlet | undefined;
  readonly connected: boolean;
  /** Requests begun on the connection. */
  readonly requests: number;
  readonly gotBytes: boolean;
  /** The response's length is not known before its end. */
  readonly isChunked: boolean;
  readonly isCloseDelimited: boolean;
  /** Of the body as handed over so far: bytes of chunked framing, which nobody counts as body. */
  readonly framingBytes: number;
  /** Set before the body: hand over data alone. */
  decodeChunks: boolean;
  /** Set before the body: trailers stay in its chunked framing. Default false: they are left out. */
  keepTrailers: boolean;
  isHeadRequest: boolean;
  requestDone: boolean;
  /** What came behind the body; only of responses without framing. */
  readonly trailers: HeaderBlock | undefined;
  begin(user: UpstreamUser): void;
  writeText(text: string): boolean;
  writeBytes(bytes: Buffer): boolean;
  /** Bytes handed over are still in use: read into another buffer. */
  retainBuffer(): void;
  resume(): void;
  becomeTunnel(): void;
  /** Ends it without telling the user. */
  destroy(): void;
}

/** Why an upstream failed its user. */
export type UpstreamFailure =
  /** Never connected: refused, unreachable, TLS handshake failed. */
  | 'connect-failure'
  | 'connect-timeout'
  /** Closed or reset after it was connected. */
  | 'reset'
  /** HTTP/2: this stream was reset by the server. */
  | 'remote-reset'
  /** HTTP/2: the server did nothing with the request (REFUSED_STREAM, or beyond its GOAWAY). */
  | 'refused-stream'
  /** The response cannot be understood. */
  | 'protocol-error'
  /** No place: circuit breaker. */
  | 'overflow';

/** Who uses a connection for one request: a try of a request, or a mirrored copy. */
export interface UpstreamUser {
  /** The connection asked for is there (only after waiting for one). */
  upstreamReady(connection: UpstreamConnection): void;
  /** `connection.response` holds a head; 1xx heads come too. */
  upstreamHead(connection: UpstreamConnection): void;
  /** Bytes of the body as framed on the wire. False: pause. */
  upstreamBody(connection: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean;
  /** All that one read brought has been handed over: nothing follows at once. */
  upstreamFlush(connection: UpstreamConnection): void;
  /** The response is complete; the connection is no longer the user's. */
  upstreamEnd(connection: UpstreamConnection): void;
  /** What was written has left: more may follow. */
  upstreamDrained(connection: UpstreamConnection): void;
  /** The connection is gone, and the response is not complete. */
  upstreamFailed(failure: UpstreamFailure, detail: string): void;
}
