import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type net from 'node:net';
import type {
  RequestLine,
  RequestOutlet,
  UpstreamConnection,
  UpstreamFailure,
  UpstreamUser,
} from '../http/upstream-connection.ts';
import { ChunkScanner } from '../http1/chunk-scanner.ts';
import { headFlag, MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import { parseTrailers, trailerText } from '../http1/trailers.ts';
import { ChunkFraming } from './chunk-framing.ts';
import { readResponse, readTrailers, requestList, trailerObject } from './head-translation.ts';
import { endStreamFlag, errorCode } from './session-limits.ts';

/** What a stream needs from the session it belongs to. */
export interface ClientStreamSession {
  readonly session: ClientHttp2Session;
  readonly socket: net.Socket;
  readonly localLabel: string;
  /** The connection is gone, or going with an error. */
  readonly isBroken: boolean;
  readonly requests: number;
  streamClosed(stream: Http2ClientStream): void;
}

/** One request on an HTTP/2 session with an endpoint, as the router sees a connection. */
export class Http2ClientStream implements UpstreamConnection, RequestOutlet {
  readonly response: MessageHead = new MessageHead();
  readonly outlet: RequestOutlet = this;
  readonly connected = true;
  readonly requests: number;
  gotBytes = false;
  isChunked = false;
  readonly isCloseDelimited = false;
  decodeChunks = false;
  keepTrailers = false;
  isHeadRequest = false;
  requestDone = false;
  trailers: HeaderBlock | undefined = undefined;
  readonly #session: ClientStreamSession;
  #stream: ClientHttp2Stream | undefined = undefined;
  #user: UpstreamUser | undefined = undefined;
  /** Follows the framing of the request's body. */
  #scanner: ChunkScanner | undefined = undefined;
  #left = 0;
  #gotHead = false;
  #abort: AbortController | undefined = undefined;
  #released = false;

  constructor(session: ClientStreamSession) {
    this.#session = session;
    this.requests = session.requests;
  }

  get socket(): net.Socket {
    return this.#session.socket;
  }

  get localLabel(): string {
    return this.#session.localLabel;
  }

  begin(user: UpstreamUser): void {
    this.#user = user;
  }

  // --- request -------------------------------------------------------------------------------

  sendHead(line: RequestLine, head: MessageHead): void {
    const isChunked = (head.flags & headFlag.chunked) !== 0;
    this.#scanner = isChunked ? new ChunkScanner({ ranges: true }) : undefined;
    this.#left = Math.max(head.contentLength, 0);
    const endStream = !isChunked && this.#left === 0;
    this.requestDone = endStream;
    try {
      const { raw } = requestList(line, head);
      // A body that is cut must not look complete: only a signal resets without ending before.
      this.#abort = endStream ? undefined : new AbortController();
      const options = {
        endStream,
        waitForTrailers: isChunked,
        ...(this.#abort !== undefined && { signal: this.#abort.signal }),
      };
      this.#attach(this.#session.session.request(raw as never, options));
    } catch {
      // A head the library refuses to send.
      process.nextTick(() => this.#fail('protocol-error', 'protocol error'));
    }
  }

  #attach(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('close', () => this.#onClose());
    stream.on('drain', () => this.#user?.upstreamDrained(this));
    stream.on('headers', (_headers, flags, raw) => {
      this.#onHead(raw as unknown as readonly string[], flags);
    });
    stream.on('response', (_headers, flags, raw) => {
      this.#onHead(raw as unknown as readonly string[], flags);
    });
    stream.on('trailers', (_headers, _flags, raw) => {
      this.trailers = readTrailers(raw as unknown as readonly string[]);
    });
    stream.on('wantTrailers', () => {
      const block = parseTrailers(this.#scanner?.trailerText ?? '');
      stream.sendTrailers(block === undefined ? {} : trailerObject(block));
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#onData(chunk)) stream.pause();
    });
    stream.on('end', () => this.#onEnd());
  }

  /** Text is for HTTP/1.1: heads go by `sendHead`, bodies by `writeBytes`. */
  writeText(text: string): boolean {
    return this.writeBytes(Buffer.from(text, 'latin1'));
  }

  writeBytes(bytes: Buffer): boolean {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.writableEnded) return true;
    return this.#scanner === undefined
      ? this.#writePlain(stream, bytes)
      : this.#writeDecoded(stream, this.#scanner, bytes);
  }

  #writePlain(stream: ClientHttp2Stream, bytes: Buffer): boolean {
    this.#left -= bytes.length;
    if (this.#left > 0) return stream.write(bytes);
    this.requestDone = true;
    stream.end(bytes);
    return true;
  }

  #writeDecoded(stream: ClientHttp2Stream, scanner: ChunkScanner, bytes: Buffer): boolean {
    const behind = scanner.scan(bytes, 0, bytes.length);
    const ranges = scanner.ranges ?? [];
    let ready = true;
    for (let at = 0; at < ranges.length; at += 2) {
      ready = stream.write(bytes.subarray(ranges[at], ranges[at + 1]));
    }
    if (behind > 0) {
      this.requestDone = true;
      stream.end();
      return true;
    }
    return ready;
  }

  // --- response ------------------------------------------------------------------------------

  #onHead(raw: readonly string[], flags: number): void {
    const user = this.#user;
    if (user === undefined || this.#gotHead) return;
    this.gotBytes = true;
    const status = Number(raw[raw.indexOf(':status') + 1]);
    const bodiless = (flags & endStreamFlag) !== 0;
    const isInterim = status < 200;
    const hasBody = !this.isHeadRequest && status !== 204 && status !== 304;
    const options = { status, bodiless, framed: !isInterim && hasBody };
    const { response } = this;
    if (status === 101 || !readResponse(response, raw, options)) {
      this.#fail('protocol-error', 'protocol error');
      return;
    }
    this.#gotHead = !isInterim;
    this.isChunked = (response.flags & headFlag.chunked) !== 0;
    user.upstreamHead(this);
    if (!isInterim && !bodiless) this.#user?.upstreamFlush(this);
  }

  #pass = (bytes: Buffer, start: number, end: number): boolean =>
    this.#user?.upstreamBody(this, bytes, start, end) ?? true;
  readonly #chunks = new ChunkFraming(this.#pass);

  get framingBytes(): number {
    return this.#chunks.framingBytes;
  }

  get #encodes(): boolean {
    return this.isChunked && !this.decodeChunks;
  }

  #onData(chunk: Buffer): boolean {
    if (this.#user === undefined) return true;
    const ready = this.#encodes ? this.#chunks.pass(chunk) : this.#pass(chunk, 0, chunk.length);
    this.#user?.upstreamFlush(this);
    return ready;
  }

  #onEnd(): void {
    const stream = this.#stream;
    if (this.#user === undefined || !this.#gotHead || stream?.rstCode !== errorCode.none) return;
    if (this.#encodes) this.#chunks.end(this.#lastText());
    const user = this.#user;
    this.#user = undefined;
    // An answer before the request was complete: the rest of it is not wanted.
    if (!this.requestDone) this.#cancel(stream);
    user?.upstreamEnd(this);
  }

  /** What follows the last chunk for a receiver of HTTP/1.1. */
  #lastText(): string {
    return trailerText(this.keepTrailers ? this.trailers : undefined);
  }

  /** Buffers of the session are never used twice. */
  retainBuffer(): void {
    // Nothing to do.
  }

  resume(): void {
    if (this.#stream?.isPaused()) this.#stream.resume();
  }

  /** Upgrades are not carried over HTTP/2. */
  becomeTunnel(): void {
    // Never asked for: such requests get an HTTP/1.1 connection.
  }

  destroy(): void {
    this.#user = undefined;
    const stream = this.#stream;
    if (stream === undefined) this.#release();
    else this.#cancel(stream);
  }

  #cancel(stream: ClientHttp2Stream): void {
    if (stream.closed || stream.destroyed) return;
    if (this.requestDone || this.#abort === undefined) stream.close(errorCode.cancel);
    else this.#abort.abort();
  }

  /** The session could not be used after all. */
  fail(failure: UpstreamFailure, detail: string): void {
    this.#fail(failure, detail);
  }

  #fail(failure: UpstreamFailure, detail: string): void {
    const user = this.#user;
    this.destroy();
    user?.upstreamFailed(failure, detail);
  }

  #onClose(): void {
    this.#release();
    const user = this.#user;
    if (user === undefined) return;
    this.#user = undefined;
    const [failure, detail] = this.#describeClose();
    user.upstreamFailed(failure, detail);
  }

  #describeClose(): readonly [UpstreamFailure, string] {
    const code = this.#stream?.rstCode;
    if (code === errorCode.refusedStream) return ['refused-stream', 'remote refused stream reset'];
    if (this.#session.isBroken) return ['reset', 'connection termination'];
    if (code === errorCode.protocol) return ['protocol-error', 'protocol error'];
    return ['remote-reset', 'remote reset'];
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#session.streamClosed(this);
  }
}
