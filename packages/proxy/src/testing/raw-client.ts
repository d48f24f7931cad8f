import { once } from 'node:events';
import net from 'node:net';

/** One response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A client connection under full control of the test. */
export class RawClient {
  readonly socket: net.Socket;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void)[] = [];

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#notify();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#notify();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#notify();
    });
    socket.on('error', () => undefined);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  #notify(): void {
    for (const run of this.#wake.splice(0)) run();
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  get isClosed(): boolean {
    return this.#ended;
  }

  /** Waits until a condition on the bytes holds, or the connection has ended. */
  async until(condition: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!condition(this.#bytes) && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.#bytes;
  }

  /** Everything until the other side closes. */
  async all(): Promise<Buffer> {
    return this.until(() => false);
  }

  async untilText(text: string): Promise<string> {
    return (await this.until((bytes) => bytes.includes(text))).toString('latin1');
  }

  /** Reads one response with Content-Length, chunks, or neither until close. */
  async response(options: { readonly noBody?: boolean } = {}): Promise<RawResponse> {
    const seen = await this.until((bytes) => bytes.includes('\r\n\r\n'));
    const end = seen.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`no response: ${JSON.stringify(seen.toString('latin1'))}`);
    const [start = '', ...lines] = seen.toString('latin1', 0, end).split('\r\n');
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(start.split(' ')[1]);
    const at = end + 4;
    if (options.noBody === true) this.#take(at);
    const body = options.noBody === true ? Buffer.alloc(0) : await this.#body(at, headers);
    return { status, headers, body };
  }

  #take(end: number): void {
    this.#bytes = Buffer.from(this.#bytes.subarray(end));
  }

  async #body(at: number, headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const length = headers.get('content-length');
    if (length !== undefined) {
      const end = at + Number(length);
      const bytes = await this.until((seen) => seen.length >= end);
      const body = Buffer.from(bytes.subarray(at, end));
      this.#take(end);
      return body;
    }
    if (headers.get('transfer-encoding') === 'chunked') return this.#chunks(at);
    const bytes = await this.all();
    return Buffer.from(bytes.subarray(at));
  }

  async #chunks(start: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let at = start;
    for (;;) {
      const seen = await this.until((bytes) => bytes.indexOf('\r\n', at) >= 0);
      const line = seen.indexOf('\r\n', at);
      if (line < 0) throw new Error('chunked body cut short');
      const size = Number.parseInt(seen.toString('latin1', at, line), 16);
      const end = line + 2 + size + 2;
      const bytes = await this.until((all) => all.length >= end);
      if (bytes.length < end) throw new Error('chunked body cut short');
      if (size === 0) {
        this.#take(end);
        return Buffer.concat(parts);
      }
      parts.push(Buffer.from(bytes.subarray(line + 2, line + 2 + size)));
      at = end;
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
