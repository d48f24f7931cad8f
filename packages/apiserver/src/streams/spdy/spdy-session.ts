import type { Duplex } from 'node:stream';
import {
  controlFrame,
  controlTypes,
  dataFrame,
  type Frame,
  FrameError,
  FrameParser,
  finFlag,
  numbers,
} from './frame.ts';
import { HeaderCompression } from './header-block.ts';
import { SpdyStream, type StreamOwner } from './spdy-stream.ts';

/** Streams open at once: two for each forwarded connection, so this is 512 connections. */
const maxStreams = 1024;

/** Longest wait for the client to close its side. */
const maxCloseWaitMs = 5_000;

/** Status codes of RST_STREAM (SPDY/3, section 2.6.3). */
const rstReasons = { refusedStream: 3, cancel: 5 } as const;

/** The server's side of a connection. */
export interface SpdySessionOptions {
  /** The connection, after its upgrade. The session owns it. */
  readonly transport: Duplex;
  /** Bytes that came with the upgrade. */
  readonly head?: Buffer;
  /** A client opened a stream; it was accepted already. */
  readonly onStream: (stream: SpdyStream) => void;
}

/** The server's end of a SPDY/3.1 connection, as `kubectl exec` and `port-forward` speak it. */
export class SpdySession {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #parser = new FrameParser();
  readonly #compression = new HeaderCompression();
  readonly #streams = new Map<number, SpdyStream>();
  /** Streams whose reader is behind. */
  readonly #unread = new Set<number>();
  readonly #owner: StreamOwner;
  readonly #closed = Promise.withResolvers<void>();
  #working = Promise.resolve();
  #batches = 0;

  constructor({ transport, head, onStream }: SpdySessionOptions) {
    this.#transport = transport;
    this.#onStream = onStream;
    this.#owner = {
      sendData: (id, data, fin, sent) => {
        if (transport.destroyed || !transport.writable) sent(new FrameError('the session ended'));
        else transport.write(dataFrame(id, data, fin), sent);
      },
      reset: (id) => this.#sendReset(id, rstReasons.cancel),
      readMore: (id) => {
        this.#unread.delete(id);
        this.#readOn();
      },
    };
    transport.on('data', (chunk: Buffer) => this.#receive(chunk));
    transport.on('end', () => transport.end());
    // The reason does not matter: every stream ends, and its user hears of that.
    transport.on('error', () => undefined);
    transport.once('close', () => this.#end());
    if (head !== undefined && head.length > 0) this.#receive(head);
  }

  /** Resolves when the connection is gone, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Ends the connection once the client has read everything and closed its side: closing first would
   * lose what is still under way (the kernel answers unread input with a reset).
   */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#transport.destroy(), maxCloseWaitMs);
    timer.unref();
    this.#unread.clear();
    this.#readOn();
    await this.closed;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#transport.destroy();
  }

  #receive(chunk: Buffer): void {
    let frames: readonly Frame[];
    try {
      frames = this.#parser.push(chunk);
    } catch {
      // Only malformed bytes end here: nothing can follow them.
      this.#transport.destroy();
      return;
    }
    if (frames.length === 0) return;
    // Decompression is asynchronous and frames must stay in order: no more is read meanwhile.
    this.#transport.pause();
    this.#batches++;
    this.#working = this.#working
      .then(async () => {
        for (const frame of frames) await this.#handle(frame);
        this.#batches--;
        this.#readOn();
      })
      .catch(() => {
        this.#transport.destroy();
      });
  }

  #readOn(): void {
    if (this.#batches === 0 && this.#unread.size === 0) this.#transport.resume();
  }

  async #handle(frame: Frame): Promise<void> {
    if (frame.type === 'control')
      return this.#control(frame.controlType, frame.flags, frame.payload);
    const stream = this.#streams.get(frame.streamId);
    if (stream === undefined) return;
    if (!stream.receive(frame.data)) this.#unread.add(frame.streamId);
    if (frame.fin) stream.receiveFin();
  }

  async #control(type: number, flags: number, payload: Buffer): Promise<void> {
    if (type === controlTypes.synStream) return this.#open(flags, payload);
    // HEADERS and SYN_REPLY change the state of the decompressor even where their content is not needed.
    if (type === controlTypes.headers || type === controlTypes.synReply)
      await this.#compression.decompress(payload.subarray(4));
    else if (type === controlTypes.ping)
      this.#transport.write(controlFrame(controlTypes.ping, 0, payload.subarray(0, 4)));
    else if (type === controlTypes.rstStream && payload.length >= 4)
      this.#streams.get(payload.readUInt32BE(0) & 0x7fff_ffff)?.receiveReset();
  }

  async #open(flags: number, payload: Buffer): Promise<void> {
    if (payload.length < 10) throw new FrameError('SYN_STREAM is cut short');
    const id = payload.readUInt32BE(0) & 0x7fff_ffff;
    const headers = await this.#compression.decompress(payload.subarray(10));
    if (this.#transport.destroyed) return;
    if (id === 0 || this.#streams.has(id)) throw new FrameError(`stream ${id} exists`);
    if (this.#streams.size >= maxStreams) {
      this.#sendReset(id, rstReasons.refusedStream);
      return;
    }
    const stream = new SpdyStream(id, headers, this.#owner);
    this.#streams.set(id, stream);
    // A stream without a reader of its errors must not end the process.
    stream.on('error', () => undefined);
    stream.once('close', () => {
      this.#streams.delete(id);
      this.#owner.readMore(id);
    });
    const reply = Buffer.concat([numbers(id), await this.#compression.compress({})]);
    if (this.#transport.destroyed) return;
    this.#transport.write(controlFrame(controlTypes.synReply, 0, reply));
    if ((flags & finFlag) !== 0) stream.receiveFin();
    this.#onStream(stream);
  }

  #sendReset(id: number, reason: number): void {
    if (this.#transport.destroyed || !this.#transport.writable) return;
    this.#transport.write(controlFrame(controlTypes.rstStream, 0, numbers(id, reason)));
  }

  #end(): void {
    for (const stream of this.#streams.values()) stream.receiveReset();
    this.#streams.clear();
    this.#compression.close();
    this.#closed.resolve();
  }
}
