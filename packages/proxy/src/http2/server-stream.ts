import type { ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { FramedDownstream } from '../http/downstream.ts';
import type { ResponseOutlet } from '../http/response-outlet.ts';
import type { UpstreamConnection } from '../http/upstream-connection.ts';
import { headFlag, MessageHead } from '../http1/head-parser.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import type { ServerExchange } from '../http1/server-connection.ts';
import { trailerText } from '../http1/trailers.ts';
import { ChunkFraming } from './chunk-framing.ts';
import { readRequest, readTrailers, responseList, trailerObject } from './head-translation.ts';
import { errorCode } from './session-limits.ts';

/** What a stream knows from its session. */
export interface StreamSession {
  readonly remote: string;
  readonly remoteLabel: string;
  readonly localLabel: string;
  readonly tls: TLSSocket | undefined;
  cachedAuthority: string;
  cachedHost: unknown;
  cachedTable: unknown;
  createExchange(stream: Http2ServerStream): ServerExchange;
  /** The request makes no sense. */
  malformed(): void;
  /** The stream is over; `reset`: by the client, before its time. */
  streamClosed(reset: boolean): void;
}

/** Pieces of a body up to this are copied, so that the upstream keeps its buffer. */
const copiedBytes = 8192;

/** One request on an HTTP/2 session, as the connection manager sees a connection. */
export class Http2ServerStream implements FramedDownstream, ResponseOutlet {
  readonly request: MessageHead = new MessageHead();
  readonly isHttp10 = false;
  readonly outlet: ResponseOutlet = this;
  closeAfter = false;
  bytesSent = 0;
  readonly #stream: ServerHttp2Stream;
  readonly #session: StreamSession;
  #exchange: ServerExchange | undefined = undefined;
  #requestDone = false;
  #isTunnel = false;
  #trailersIn: HeaderBlock | undefined = undefined;
  #trailersOut: HeaderBlock | undefined = undefined;
  #pendingHead: { readonly raw: string[]; readonly mayHaveTrailers: boolean } | undefined =
    undefined;
  #responded = false;

  constructor(stream: ServerHttp2Stream, session: StreamSession) {
    this.#stream = stream;
    this.#session = session;
  }

  get remote(): string {
    return this.#session.remote;
  }
  get remoteLabel(): string {
    return this.#session.remoteLabel;
  }
  get localLabel(): string {
    return this.#session.localLabel;
  }
  get isTls(): boolean {
    return this.#session.tls !== undefined;
  }
  get tls(): TLSSocket | undefined {
    return this.#session.tls;
  }
  get cachedAuthority(): string {
    return this.#session.cachedAuthority;
  }
  set cachedAuthority(value: string) {
    this.#session.cachedAuthority = value;
  }
  get cachedHost(): unknown {
    return this.#session.cachedHost;
  }
  set cachedHost(value: unknown) {
    this.#session.cachedHost = value;
  }
  get cachedTable(): unknown {
    return this.#session.cachedTable;
  }
  set cachedTable(value: unknown) {
    this.#session.cachedTable = value;
  }

  /** Starts the exchange. */
  start(raw: readonly string[], bodiless: boolean): void {
    const stream = this.#stream;
    stream.on('error', () => undefined);
    stream.on('close', () => this.#onClose());
    const { request } = this;
    if (!readRequest(request, raw, bodiless ? 'no-body' : 'body')) {
      this.#session.malformed();
      stream.close(errorCode.protocol);
      return;
    }
    stream.on('drain', () => this.#exchange?.downstreamDrained());
    this.#requestDone = bodiless;
    this.#answerExpectation(bodiless);
    const exchange = this.#session.createExchange(this);
    this.#exchange = exchange;
    if (bodiless) stream.resume();
    else this.#read();
    const isTunnel = request.text.startsWith('CONNECT ') || request.hasFlag(headFlag.upgrade);
    exchange.begin(!bodiless && !isTunnel);
    exchange.requestFlush();
  }

  #answerExpectation(bodiless: boolean): void {
    const { request } = this;
    if (!bodiless && /^100-continue$/i.test(request.get('expect') ?? '')) {
      this.#stream.additionalHeaders({ ':status': 100 });
    }
    request.remove('expect');
  }

  // --- request -------------------------------------------------------------------------------

  #read(): void {
    const stream = this.#stream;
    stream.on('trailers', (_headers: unknown, _flags: unknown, raw: readonly string[]) => {
      this.#trailersIn = readTrailers(raw);
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#take(chunk)) stream.pause();
    });
    stream.on('end', () => this.#onEnd());
  }

  #pass = (bytes: Buffer, start: number, end: number): boolean =>
    this.#exchange?.requestBody(bytes, start, end) ?? true;
  readonly #chunks = new ChunkFraming(this.#pass);

  get framingBytes(): number {
    return this.#chunks.framingBytes;
  }

  #take(chunk: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return true;
    if (this.#isTunnel) return exchange.tunnelBytes(chunk);
    exchange.messages?.request.read(chunk, 0, chunk.length);
    const isChunked = (this.request.flags & headFlag.chunked) !== 0;
    const ready = isChunked ? this.#chunks.pass(chunk) : this.#pass(chunk, 0, chunk.length);
    this.#exchange?.requestFlush();
    return ready;
  }

  #onEnd(): void {
    if (this.#requestDone || this.#stream.aborted || this.#stream.rstCode !== 0) return;
    this.#requestDone = true;
    if (this.#isTunnel) {
      this.#exchange?.tunnelEnd();
      return;
    }
    if ((this.request.flags & headFlag.chunked) !== 0) {
      this.#chunks.end(trailerText(this.#trailersIn));
    }
    this.#exchange?.requestEnd();
    this.#exchange?.requestFlush();
  }

  unblock(): void {
    if (this.#stream.isPaused()) this.#stream.resume();
  }

  // --- response ------------------------------------------------------------------------------

  reply(status: number, head: MessageHead, body: string): number {
    const list = responseList(status, head);
    this.bytesSent = body.length;
    if (body === '') this.#respond(list.raw, { endStream: true });
    else {
      this.#respond(list.raw, {});
      this.#stream.end(Buffer.from(body, 'latin1'));
    }
    return list.bytes;
  }

  startTunnel(status: number, _head: string, response: MessageHead | undefined): void {
    if (response === undefined) {
      this.#respond([':status', String(status)], {});
      return;
    }
    // What is 101 in HTTP/1.1 is 200 here, and the proof of the key is for who made it (RFC 8441).
    response.remove('sec-websocket-accept');
    this.#respond(responseList(200, response).raw, {});
  }

  interim(head: MessageHead): void {
    if (this.#responded || this.#isOver) return;
    this.#stream.additionalHeaders({ ...trailerObject(head), ':status': head.status });
  }

  begin(status: number, head: MessageHead, mayHaveTrailers: boolean): number {
    const list = responseList(status, head);
    this.#pendingHead = { raw: list.raw, mayHaveTrailers };
    return list.bytes;
  }

  flush(): void {
    const head = this.#pendingHead;
    if (head === undefined) return;
    this.#pendingHead = undefined;
    this.#respond(head.raw, { waitForTrailers: head.mayHaveTrailers });
    if (!head.mayHaveTrailers) return;
    this.#stream.on('wantTrailers', () => {
      const block = this.#trailersOut;
      this.#stream.sendTrailers(block === undefined ? {} : trailerObject(block));
    });
  }

  write(upstream: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    this.bytesSent += length;
    this.flush();
    if (this.#isOver || length === 0 || this.#stream.writableEnded) return true;
    const piece = bytes.subarray(start, end);
    if (length <= copiedBytes) return this.#stream.write(Buffer.from(piece));
    upstream.retainBuffer();
    return this.#stream.write(piece);
  }

  end(trailers?: HeaderBlock): void {
    const head = this.#pendingHead;
    if (head !== undefined && trailers === undefined) {
      this.#pendingHead = undefined;
      this.#respond(head.raw, { endStream: true });
      return;
    }
    this.#trailersOut = trailers;
    this.flush();
    if (!this.#isOver && !this.#stream.writableEnded) this.#stream.end();
  }

  get #isOver(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  #respond(
    raw: string[],
    options: { readonly endStream?: boolean; readonly waitForTrailers?: boolean },
  ): void {
    if (this.#isOver || this.#responded) return;
    this.#responded = true;
    try {
      this.#stream.respond(raw, { ...options, sendDate: false } as never);
    } catch {
      // A head the library refuses to send.
      this.#stream.close(errorCode.internal);
    }
  }

  /** Text is for HTTP/1.1; only tunnels begin with some, and they answer by `begin`. */
  writeText(): boolean {
    return true;
  }

  exchangeDone(): void {
    this.#exchange = undefined;
    const stream = this.#stream;
    if (this.#requestDone || this.#isOver) return;
    // An answer before the request was complete: the rest of it is not wanted.
    stream.resume();
    const close = (): void => {
      // Trailers leave one turn later.
      setImmediate(() => setImmediate(() => stream.close(errorCode.none)));
    };
    if (stream.writableFinished) close();
    else stream.once('finish', close);
  }

  becomeTunnel(): void {
    this.#isTunnel = true;
  }

  abort(): void {
    this.#exchange = undefined;
    // Not `close`: that would end the message before it resets the stream.
    if (!this.#stream.closed) this.#stream.destroy(new Error('response cut short'));
  }

  #onClose(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#session.streamClosed(exchange !== undefined);
    exchange?.downstreamClosed();
  }
}
