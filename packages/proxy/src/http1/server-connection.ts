import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { MessageCounts } from '../http/exchange.ts';
import { ChunkScanner, passUncut } from './chunk-scanner.ts';
import { headFlag, MessageHead, parseOutcome, parseRequestHead } from './head-parser.ts';
import { ReadBuffer } from './socket-reader.ts';

/** One request and its response as the connection sees them. */
export interface ServerExchange {
  /** Where messages of gRPC are counted; undefined: nobody asked. */
  readonly messages?: MessageCounts | undefined;
  /** The head is parsed. May answer at once. */
  begin(hasBody: boolean): void;
  /** Bytes of the body as framed on the wire. False: stop reading until `unblock`. */
  requestBody(bytes: Buffer, start: number, end: number): boolean;
  /** The request is complete. */
  requestEnd(): void;
  /** All that one read brought has been handed over. */
  requestFlush(): void;
  /** Bytes from the client after an upgrade. False: stop reading until `unblock`. */
  tunnelBytes(bytes: Buffer): boolean;
  /** The client sent its last byte after an upgrade. */
  tunnelEnd(): void;
  /** What was written to the client has left. */
  downstreamDrained(): void;
  /** The client is gone. */
  downstreamClosed(): void;
  /** The body cannot be understood. */
  requestMalformed(): void;
}

/** Why a request is refused before there is an exchange for it. */
export interface Refusal {
  readonly status: number;
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
  /** Text of the answer; default: the reason that belongs to the status. */
  readonly body?: string;
  /** The client's fault: flag `DPE`. */
  readonly isProtocolError: boolean;
}

/** What a connection needs from the listener it belongs to. */
export interface ServerConnectionHost {
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** Wait for the client to close after an answer that ends the connection; 0: none. */
  readonly delayedCloseMs: number;
  /** Trailers of requests go upstream (`enable_trailers`). */
  readonly keepsTrailers: boolean;
  /** Content-Length beside chunks is left out instead of refused. */
  readonly allowsChunkedLength: boolean;
  createExchange(connection: ServerConnection): ServerExchange;
  /** A request that cannot be parsed, or came too slowly: answers it, counts and logs it. */
  refuse(connection: ServerConnection, refusal: Refusal): void;
  connectionClosed(connection: ServerConnection): void;
  /** The client speaks HTTP/2 without having said so: true when somebody else goes on with it. */
  takesOver?(connection: ServerConnection, input: Buffer): boolean;
  nowMs(): number;
}

const state = { head: 0, body: 1, wait: 2, tunnel: 3, closing: 4 } as const;

const noBytes: Buffer = Buffer.alloc(0);
/** How an HTTP/2 connection begins (RFC 9113 section 3.4); the rest is the HTTP/2 codec's to check. */
const http2Preface = 'PRI * HTTP/2.0';
/** Bytes that are kept are copied up to this many; beyond, the buffer they were read into goes with them. */
const maxCopiedBytes = 4096;
/** Line ends skipped before a request line (RFC 9112 section 2.2 asks for one empty line). */
const maxLeadingLineEnds = 8;

const malformedHead: Refusal = {
  status: 400,
  details: 'http1.codec_error',
  isProtocolError: true,
};

/** Envoy's answers to heads that are not taken. */
const headRefusals: Readonly<Record<number, Refusal>> = {
  [parseOutcome.malformed]: malformedHead,
  [parseOutcome.invalidCharacters]: { ...malformedHead, details: 'http1.invalid_characters' },
  [parseOutcome.lengthAndChunked]: {
    ...malformedHead,
    details: 'http1.content_length_and_chunked_not_allowed',
  },
  [parseOutcome.tooManyHeaders]: {
    ...malformedHead,
    status: 431,
    details: 'http1.too_many_headers',
  },
  [parseOutcome.headTooLarge]: {
    ...malformedHead,
    status: 431,
    details: 'http1.headers_too_large',
  },
  [parseOutcome.otherVersion]: { ...malformedHead, status: 426, details: 'low_version' },
  [parseOutcome.unknownTransferCoding]: {
    ...malformedHead,
    status: 501,
    details: 'http1.invalid_transfer_encoding',
  },
};

/** One HTTP/1.1 connection from a client: one request at a time, further ones wait unread. */
export class ServerConnection {
  readonly socket: net.Socket;
  readonly outlet = undefined;
  readonly request: MessageHead;
  readonly #host: ServerConnectionHost;
  /** Remembered by the connection manager: the last authority and what it led to. */
  cachedAuthority = '';
  cachedHost: unknown = undefined;
  cachedTable: unknown = undefined;
  /** Formatted once; `remote` is the address alone. */
  readonly remote: string;
  readonly remoteLabel: string;
  readonly localLabel: string;
  readonly isTls: boolean;
  requests = 0;
  /** Answer with `connection: close` and close after the response. */
  closeAfter = false;
  exchange: ServerExchange | undefined = undefined;
  #state: number = state.head;
  #input: Buffer = noBytes;
  #at = 0;
  #inputEnd = 0;
  /** Reads of a connection that is kept; its bytes are `#input` while `#isShared`. */
  #reader: ReadBuffer | undefined = undefined;
  /** The input will be overwritten by the next read. */
  #isShared = false;
  #left = 0;
  /** Line ends before this request. */
  #skipped = 0;
  #scanner: ChunkScanner | undefined = undefined;
  #blocked = false;
  #paused = false;
  #pumping = false;
  #ended = false;
  #closed = false;
  /** When the connection went idle or a head began; for time-outs. */
  sinceMs: number;
  readonly createdMs: number;
  /** From then on the connection closes as soon as it is idle; 0: it may stay. */
  drainAtMs = 0;
  /** Part of a head has come. */
  inHead = false;

  constructor(socket: net.Socket, host: ServerConnectionHost, isTls: boolean) {
    this.socket = socket;
    this.#host = host;
    this.request = new MessageHead(host.maxHeaders, host.allowsChunkedLength);
    this.isTls = isTls;
    this.remote = socket.remoteAddress ?? '';
    this.remoteLabel = `${this.remote}:${socket.remotePort ?? 0}`;
    this.localLabel = `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
    this.sinceMs = host.nowMs();
    this.createdMs = this.sinceMs;
    socket.on('drain', () => this.exchange?.downstreamDrained());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose());
    socket.on('end', () => this.#onEnd());
  }

  get tls(): TLSSocket | undefined {
    return this.isTls ? (this.socket as TLSSocket) : undefined;
  }

  get isIdle(): boolean {
    return this.#state === state.head;
  }

  get isClosed(): boolean {
    return this.#closed || this.#state === state.closing;
  }

  get isHttp10(): boolean {
    return (this.request.flags & headFlag.http10) !== 0;
  }

  /** Bytes that are written but not yet taken by the kernel. */
  get pendingBytes(): number {
    return this.socket.writableLength;
  }

  /** Bytes from the client. False: reading stops until `resume`. Takes ownership of the chunk. */
  receive(chunk: Buffer): boolean {
    return this.#take(chunk, chunk.length);
  }

  /** Bytes from a buffer that the next read fills again. */
  #receiveShared(bytes: Buffer, length: number): boolean {
    this.#isShared = this.#at >= this.#inputEnd;
    return this.#take(bytes, length);
  }

  #take(bytes: Buffer, length: number): boolean {
    if (this.#at < this.#inputEnd) {
      const rest = this.#input.subarray(this.#at, this.#inputEnd);
      this.#input = Buffer.concat([rest, bytes.subarray(0, length)]);
      this.#inputEnd = this.#input.length;
    } else {
      this.#input = bytes;
      this.#inputEnd = length;
    }
    this.#at = 0;
    return this.#pump();
  }

  /** What is left of the input is kept by somebody, or until more comes. */
  #keepInput(): void {
    if (!this.#isShared) return;
    this.#isShared = false;
    if (this.#inputEnd - this.#at > maxCopiedBytes) {
      this.#reader?.release();
      return;
    }
    this.#input = Buffer.from(this.#input.subarray(this.#at, this.#inputEnd));
    this.#inputEnd = this.#input.length;
    this.#at = 0;
  }

  writeText(text: string): boolean {
    return this.socket.write(text, 'latin1');
  }

  writeBytes(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  /** The upstream takes bytes again. */
  unblock(): void {
    this.#blocked = false;
    this.#resume();
  }

  /** The response has been written whole. */
  exchangeDone(): void {
    const requestDone = this.#state === state.wait;
    this.exchange = undefined;
    if (this.closeAfter || !requestDone || this.#ended) {
      this.close();
      return;
    }
    this.#state = state.head;
    this.sinceMs = this.#host.nowMs();
    // A connection that is kept is worth a buffer.
    if (this.requests === 1 && !this.isTls) {
      const receive = (bytes: Buffer, length: number): boolean =>
        this.#receiveShared(bytes, length);
      this.#reader ??= ReadBuffer.attach(this.socket, receive);
    }
    this.#resume();
  }

  /** From now on bytes pass through as they are. */
  becomeTunnel(): void {
    this.#state = state.tunnel;
    this.#blocked = false;
    this.#resume();
  }

  /** Lets what was written arrive, then closes; what the client still sends is dropped. */
  close(): void {
    if (this.#state === state.closing || this.#closed) return;
    this.#state = state.closing;
    this.#dropInput();
    this.#blocked = false;
    this.socket.end();
    if (!this.#ended) this.#awaitClose();
    this.#resume();
  }

  /**
   * A close with unread bytes would reset the connection and destroy the response on its way, so
   * the client may close first. The wait begins anew while it still takes bytes.
   */
  #awaitClose(): void {
    const { socket } = this;
    if (this.#host.delayedCloseMs === 0) {
      socket.destroySoon();
      return;
    }
    let left = socket.writableLength;
    const timer = setInterval(() => {
      const before = left;
      left = socket.writableLength;
      if (left === 0 || left === before) socket.destroy();
    }, this.#host.delayedCloseMs);
    socket.once('close', () => clearInterval(timer));
  }

  /** Closes at once, with a reset where the response is cut short. */
  abort(): void {
    this.#state = state.closing;
    this.exchange = undefined;
    this.socket.destroy();
  }

  /** Answers what cannot be parsed, or came too slowly, and closes. */
  refuse(refusal: Refusal): void {
    this.inHead = false;
    this.closeAfter = true;
    this.request.forget();
    this.#host.refuse(this, refusal);
    this.close();
  }

  #resume(): void {
    if (this.#pumping) return;
    if (!this.#pump() || !this.#paused) return;
    this.#paused = false;
    if (!this.#closed) this.socket._read(0);
  }

  #dropInput(): void {
    this.#input = noBytes;
    this.#at = 0;
    this.#inputEnd = 0;
    this.#isShared = false;
  }

  /** Works through the input as far as the state allows; false: do not read more. */
  #pump(): boolean {
    this.#pumping = true;
    while (this.#at < this.#inputEnd && !this.#blocked) {
      if (!this.#step()) break;
    }
    this.#pumping = false;
    if (this.#at >= this.#inputEnd) this.#dropInput();
    else this.#keepInput();
    this.exchange?.requestFlush();
    const more = !this.#blocked && (this.#at >= this.#inputEnd || this.#state === state.head);
    if (!more) this.#paused = true;
    return more;
  }

  /** False: nothing more can be done with what is there. */
  #step(): boolean {
    switch (this.#state) {
      case state.head:
        return this.#readHead();
      case state.body:
        this.#keepInput();
        this.#readBody();
        return true;
      case state.wait:
        return false;
      case state.tunnel: {
        this.#keepInput();
        const bytes = this.#input.subarray(this.#at, this.#inputEnd);
        this.#at = this.#inputEnd;
        if (this.exchange?.tunnelBytes(bytes) === false) this.#blocked = true;
        return true;
      }
      default:
        this.#at = this.#inputEnd;
        return true;
    }
  }

  #skipLineEnds(): void {
    const input = this.#input;
    for (; this.#skipped < maxLeadingLineEnds; this.#skipped++) {
      const byte = input[this.#at];
      if (byte !== 13 && byte !== 10) return;
      this.#at++;
    }
  }

  #readHead(): boolean {
    this.#skipLineEnds();
    if (this.#at === this.#inputEnd) return this.#waitForHead();
    const { request } = this;
    const end = parseRequestHead(request, this.#input, this.#at, this.#inputEnd);
    if (end === parseOutcome.incomplete) return this.#waitForHead();
    if (end < 0 || end - this.#at > this.#host.maxHeadBytes) {
      this.#refuseHead(end < 0 ? end : parseOutcome.headTooLarge);
      return true;
    }
    this.#at = end;
    this.inHead = false;
    this.#skipped = 0;
    this.requests++;
    const { flags } = request;
    const isHttp10 = (flags & headFlag.http10) !== 0;
    this.closeAfter =
      (flags & headFlag.close) !== 0 || (isHttp10 && (flags & headFlag.keepAlive) === 0);
    const isChunked = (flags & headFlag.chunked) !== 0;
    const hasBody = isChunked || request.contentLength > 0;
    this.#left = request.contentLength;
    this.#scanner = isChunked
      ? new ChunkScanner({ dropsTrailers: !this.#host.keepsTrailers })
      : undefined;
    this.#state = hasBody ? state.body : state.wait;
    const exchange = this.#host.createExchange(this);
    this.exchange = exchange;
    exchange.begin(hasBody);
    return true;
  }

  #waitForHead(): boolean {
    if (this.#inputEnd - this.#at > this.#host.maxHeadBytes) {
      this.#refuseHead(parseOutcome.headTooLarge);
      return true;
    }
    if (!this.inHead && this.#at < this.#inputEnd) {
      this.inHead = true;
      this.sinceMs = this.#host.nowMs();
    }
    return false;
  }

  #refuseHead(outcome: number): void {
    if (outcome === parseOutcome.otherVersion && this.#handsOver()) return;
    this.refuse(headRefusals[outcome] ?? malformedHead);
  }

  /** An HTTP/2 preface where the first request should be: the connection is somebody else's. */
  #handsOver(): boolean {
    const input = this.#input;
    const isFirst = this.requests === 0 && this.#at === 0;
    if (!isFirst || input.toString('latin1', 0, http2Preface.length) !== http2Preface) return false;
    if (this.#host.takesOver?.(this, input) !== true) return false;
    // Not blocked: that would stop the socket, which is no longer ours.
    this.#state = state.closing;
    this.#at = this.#inputEnd;
    return true;
  }

  #readBody(): void {
    const input = this.#input;
    const start = this.#at;
    let end: number;
    let isLast: boolean;
    if (this.#scanner !== undefined) {
      const behind = this.#scanner.scan(input, start, this.#inputEnd);
      if (behind < 0) {
        this.#at = this.#inputEnd;
        this.exchange?.requestMalformed();
        return;
      }
      isLast = behind > 0;
      end = isLast ? behind : this.#inputEnd;
    } else {
      end = Math.min(this.#inputEnd, start + this.#left);
      this.#left -= end - start;
      isLast = this.#left === 0;
    }
    this.#at = end;
    if (isLast) this.#state = state.wait;
    const { exchange } = this;
    if (!this.#passBody(start, end) && !isLast) this.#blocked = true;
    if (isLast && this.exchange === exchange) exchange?.requestEnd();
  }

  get framingBytes(): number {
    return this.#scanner?.framingBytes ?? 0;
  }

  /** What is read of the body, without chunk extensions. False: the upstream is slower. */
  #passBody(start: number, end: number): boolean {
    const input = this.#input;
    const cuts = this.#scanner?.cuts;
    if (cuts === undefined || cuts.length === 0) {
      return this.exchange?.requestBody(input, start, end) !== false;
    }
    return passUncut(
      cuts,
      start,
      end,
      (from, until) => this.exchange?.requestBody(input, from, until) !== false,
    );
  }

  /** A client that closes its side during a request counts as gone: Envoy's rule for HTTP/1. */
  #onEnd(): void {
    this.#ended = true;
    if (this.#state === state.tunnel) this.exchange?.tunnelEnd();
    else if (this.#state === state.body || this.#state === state.wait) {
      const { exchange } = this;
      this.exchange = undefined;
      exchange?.downstreamClosed();
      this.abort();
    } else this.socket.end();
  }

  #onClose(): void {
    this.#closed = true;
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.downstreamClosed();
    this.#host.connectionClosed(this);
  }
}
