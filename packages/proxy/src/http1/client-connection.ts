import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type {
  UpstreamConnection,
  UpstreamFailure,
  UpstreamUser,
} from '../http/upstream-connection.ts';
import { connectFailure } from '../tls/failure-reason.ts';
import { ChunkScanner, passUncut } from './chunk-scanner.ts';
import { headFlag, MessageHead, parseOutcome, parseResponseHead } from './head-parser.ts';
import type { HeaderBlock } from './header-block.ts';
import { attachReader } from './socket-reader.ts';
import { parseTrailers } from './trailers.ts';

/** Who owns a connection between requests. */
export interface ConnectionOwner {
  /** May be used again. */
  connectionIdle(connection: ClientConnection): void;
  connectionOpened(connection: ClientConnection): void;
  connectionClosed(connection: ClientConnection): void;
}

/** How a connection is made. */
export interface ConnectPlan {
  /** Opens the socket. `onread` is taken by plain sockets only. */
  open(onread: net.OnReadOpts | undefined): net.Socket;
  readonly isTls: boolean;
  readonly connectTimeoutMs: number;
}

/** One read buffer per socket: a shared one would mix bytes of different connections. */
const readBufferBytes = 65_536;
/** Head of a response: Envoy's default bound. */
const maxResponseHeadBytes = 61_440;

const framing = { none: 0, length: 1, chunked: 2, close: 3, tunnel: 4 } as const;

/** One HTTP/1.1 connection to an endpoint, used for one request at a time. */
export class ClientConnection implements UpstreamConnection {
  readonly socket: net.Socket;
  readonly outlet = undefined;
  /** Of a response whose chunks were decoded. */
  trailers: HeaderBlock | undefined = undefined;
  readonly response: MessageHead;
  readonly #owner: ConnectionOwner;
  user: UpstreamUser | undefined = undefined;
  connected = false;
  closed = false;
  /** The request has been written whole: needed before the connection may be used again. */
  requestDone = false;
  /** The request was a HEAD: the response has no body whatever it says. */
  isHeadRequest = false;
  /** Requests begun on this connection. */
  requests = 0;
  /** Set by the user in `upstreamHead` when the receiver does not know chunks. */
  decodeChunks = false;
  /** The same, when trailers may stay in chunked framing. */
  keepTrailers = false;
  /** No more requests after this one. */
  retire = false;
  /** Bytes of a response have come for the current request. */
  gotBytes = false;
  #buffer: Buffer | undefined;
  #saved: Buffer | undefined = undefined;
  #inBody = false;
  #framing: number = framing.none;
  #left = 0;
  #scanner: ChunkScanner | undefined = undefined;
  #keepAlive = true;
  #paused = false;
  #localLabel: string | undefined = undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  /** When it went idle, in milliseconds of the clock of the pool. */
  idleSinceMs = 0;

  /** `maxHeaders`: lines of a response's head; default 100, as Envoy's. */
  constructor(plan: ConnectPlan, owner: ConnectionOwner, maxHeaders?: number) {
    this.#owner = owner;
    this.response = new MessageHead(maxHeaders);
    let onread: net.OnReadOpts | undefined;
    if (!plan.isTls) {
      const first = Buffer.allocUnsafeSlow(readBufferBytes);
      this.#buffer = first;
      onread = {
        // Node asks for the first buffer before the constructor is done with `this`.
        buffer: () => this.#buffer ?? first,
        callback: (length, buffer) => this.#receive(buffer as Buffer, length, true),
      };
    }
    const socket = plan.open(onread);
    this.socket = socket;
    this.#connectTimer = setTimeout(
      () => this.#fail('connect-timeout', 'connection timeout'),
      plan.connectTimeoutMs,
    );
    socket.once(plan.isTls ? 'secureConnect' : 'connect', () => this.#onConnect());
    if (plan.isTls) {
      // Chunks go straight to the parser, without the stream's queue and an event for each.
      attachReader(socket, (chunk) => this.#receive(chunk, chunk.length, false));
    }
    socket.on('error', (error: Error) => this.#onError(error));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => this.#fail('reset', 'connection termination'));
    socket.on('drain', () => this.user?.upstreamDrained(this));
  }

  /** Takes the connection for a request. */
  begin(user: UpstreamUser): void {
    this.user = user;
    this.requests++;
    this.requestDone = false;
    this.isHeadRequest = false;
    this.decodeChunks = false;
    this.keepTrailers = false;
    this.trailers = undefined;
    this.gotBytes = false;
  }

  writeText(text: string): boolean {
    return this.socket.write(text, 'latin1');
  }

  writeBytes(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  /** The bytes handed over are still being written: the next read needs another buffer. */
  retainBuffer(): void {
    if (this.#buffer !== undefined) this.#buffer = Buffer.allocUnsafeSlow(readBufferBytes);
  }

  /** The reader is ready again. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#buffer === undefined) this.socket._read(0);
    else this.socket.resume();
  }

  /** From now on all bytes belong to the user: after 101, or a CONNECT that was answered 200. */
  becomeTunnel(): void {
    this.#framing = framing.tunnel;
    this.#inBody = true;
    this.#keepAlive = false;
  }

  /** Closes without telling the user. */
  destroy(): void {
    this.user = undefined;
    this.#close();
    this.socket.destroy();
  }

  /** `ip:port` of our side, formatted once. */
  get localLabel(): string {
    this.#localLabel ??= `${this.socket.localAddress ?? ''}:${this.socket.localPort ?? 0}`;
    return this.#localLabel;
  }

  /** TLS: the negotiated session, for statistics. */
  get tls(): TLSSocket | undefined {
    return this.#buffer === undefined ? (this.socket as TLSSocket) : undefined;
  }

  #onConnect(): void {
    // The peer's certificate was refused a moment ago: the error follows.
    if (this.socket.destroyed) return;
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.connected = true;
    this.socket.setNoDelay(true);
    this.#owner.connectionOpened(this);
  }

  #onError(error: Error): void {
    const failure = this.connected ? 'reset' : 'connect-failure';
    this.#fail(failure, this.connected ? 'connection termination' : connectFailure(error));
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.#connectTimer);
    this.#owner.connectionClosed(this);
  }

  #fail(failure: UpstreamFailure, detail: string): void {
    const user = this.user;
    this.user = undefined;
    const reason = failure === 'reset' && !this.connected ? 'connect-failure' : failure;
    this.#close();
    this.socket.destroy();
    user?.upstreamFailed(reason, detail);
  }

  #onEnd(): void {
    if (this.#inBody && (this.#framing === framing.close || this.#framing === framing.tunnel)) {
      this.#keepAlive = false;
      this.#finish();
    } else this.#fail('reset', 'connection termination');
  }

  /** Bytes from the socket. `shared`: the buffer is ours to fill again after this call. */
  #receive(buffer: Buffer, length: number, shared: boolean): boolean {
    const { user } = this;
    if (user === undefined) {
      // Nothing was asked: whatever this is, it must not answer the next request.
      this.destroy();
      return true;
    }
    this.gotBytes = true;
    if (this.#inBody) return this.#readBody(buffer, 0, length);
    if (this.#saved === undefined) return this.#readResponse(buffer, length, shared);
    const bytes = Buffer.concat([this.#saved, buffer.subarray(0, length)]);
    this.#saved = undefined;
    return this.#readResponse(bytes, bytes.length, false);
  }

  #readResponse(bytes: Buffer, length: number, shared: boolean): boolean {
    const at = this.#readHeads(bytes, length, shared);
    return at < 0 || this.#readBody(bytes, at, length);
  }

  /** Parses heads until one is final; the offset behind it, or -1 when the read is used up. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: the loop over interim heads
  #readHeads(bytes: Buffer, length: number, shared: boolean): number {
    let at = 0;
    for (;;) {
      const end = parseResponseHead(this.response, bytes, at, length);
      if (end <= 0) {
        const tooLong = end === parseOutcome.incomplete && length - at > maxResponseHeadBytes;
        if (end < 0 || tooLong) this.#fail('protocol-error', 'protocol error');
        else this.#save(bytes.subarray(at, length), shared);
        return -1;
      }
      const { status } = this.response;
      const isInterim = status < 200 && status !== 101;
      if ((isInterim || status === 204) && !this.#isBodiless()) {
        this.#fail('protocol-error', 'protocol error');
        return -1;
      }
      if (!isInterim) this.#setFraming();
      this.user?.upstreamHead(this);
      if (this.user === undefined) return -1;
      if (!isInterim) {
        this.#inBody = true;
        return end;
      }
      at = end;
      if (at === length) return -1;
    }
  }

  /** 1xx and 204 have no body and must not announce one (RFC 9110 section 8.6); 0 is let pass. */
  #isBodiless(): boolean {
    const { response } = this;
    if (response.contentLength === 0) response.remove('content-length');
    return (response.flags & headFlag.chunked) === 0 && response.contentLength <= 0;
  }

  /** Part of a head, for the next read. */
  #save(rest: Buffer, shared: boolean): void {
    this.#saved = shared ? Buffer.from(rest) : rest;
  }

  #setFraming(): void {
    const { response } = this;
    const { status, flags } = response;
    const isHttp10 = (flags & headFlag.http10) !== 0;
    this.#keepAlive =
      (flags & headFlag.close) === 0 && (!isHttp10 || (flags & headFlag.keepAlive) !== 0);
    this.#framing = framing.length;
    if (this.isHeadRequest || status === 204 || status === 304) this.#left = 0;
    else if ((flags & headFlag.chunked) !== 0) this.#framing = framing.chunked;
    else if (response.contentLength >= 0) this.#left = response.contentLength;
    else this.#framing = framing.close;
  }

  /** Whether the end of the response is the end of the connection. */
  get isCloseDelimited(): boolean {
    return this.#framing === framing.close;
  }

  get framingBytes(): number {
    return this.decodeChunks ? 0 : (this.#scanner?.framingBytes ?? 0);
  }

  /** Whether the body comes in chunks. */
  get isChunked(): boolean {
    return this.#framing === framing.chunked;
  }

  #readBody(bytes: Buffer, start: number, length: number): boolean {
    switch (this.#framing) {
      case framing.length:
        return this.#readLength(bytes, start, length);
      case framing.chunked:
        return this.#readChunks(bytes, start, length);
      default:
        return this.#hand(bytes, start, length);
    }
  }

  #readLength(bytes: Buffer, start: number, length: number): boolean {
    const taken = Math.min(this.#left, length - start);
    this.#left -= taken;
    if (start + taken < length) this.#keepAlive = false;
    if (this.#left > 0) return this.#hand(bytes, start, start + taken);
    if (taken > 0) this.user?.upstreamBody(this, bytes, start, start + taken);
    this.#finish();
    return true;
  }

  #readChunks(bytes: Buffer, start: number, length: number): boolean {
    this.#scanner ??= new ChunkScanner({
      ranges: this.decodeChunks,
      dropsTrailers: !this.decodeChunks && !this.keepTrailers,
    });
    const end = this.#scanner.scan(bytes, start, length);
    if (end < 0) {
      this.#fail('protocol-error', 'protocol error');
      return true;
    }
    const isLast = end > 0;
    const until = isLast ? end : length;
    if (until < length) this.#keepAlive = false;
    const { ranges, cuts } = this.#scanner;
    const ready =
      ranges === undefined
        ? passUncut(cuts, start, until, (from, to) => this.#pass(bytes, from, to))
        : this.#passRanges(bytes, ranges);
    if (isLast) this.#finish();
    return isLast || this.#handed(ready);
  }

  #pass(bytes: Buffer, start: number, end: number): boolean {
    return end > start ? (this.user?.upstreamBody(this, bytes, start, end) ?? true) : true;
  }

  /** Data of chunks alone: ranges are pairs of start and end. */
  #passRanges(bytes: Buffer, ranges: readonly number[]): boolean {
    let ready = true;
    for (let at = 0; at < ranges.length; at += 2) {
      ready = this.#pass(bytes, ranges[at] as number, ranges[at + 1] as number);
    }
    return ready;
  }

  #hand(bytes: Buffer, start: number, end: number): boolean {
    return this.#handed(this.#pass(bytes, start, end));
  }

  #handed(ready: boolean): boolean {
    this.user?.upstreamFlush(this);
    if (ready || this.user === undefined) return true;
    this.#paused = true;
    return false;
  }

  #finish(): void {
    const user = this.user;
    this.user = undefined;
    this.#inBody = false;
    const trailerText = this.#scanner?.trailerText;
    if (trailerText) this.trailers = parseTrailers(trailerText);
    this.#scanner = undefined;
    const reusable = this.#keepAlive && this.requestDone && !this.retire && !this.closed;
    if (reusable) this.#owner.connectionIdle(this);
    else {
      this.#close();
      this.socket.destroy();
    }
    user?.upstreamEnd(this);
  }
}
