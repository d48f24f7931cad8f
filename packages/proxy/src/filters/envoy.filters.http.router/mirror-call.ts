import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { UpstreamConnection, UpstreamUser } from '../../http/upstream-connection.ts';
import { sendHeadText } from '../../http2/head-text.ts';

/** Mirrored requests in flight at most: nobody waits for them, so nobody would notice a pile. */
const maxMirrorCalls = 1024;
/** Body bytes kept for a mirror whose connection is slow; more, and the copy is given up. */
const maxMirrorBytes = 1_048_576;
/** A mirror that takes longer is given up. */
const mirrorTimeoutMs = 15_000;

let inFlight = 0;

/** A copy of a request to another cluster; its answer is read and thrown away. */
export class MirrorCall implements UpstreamUser {
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  #connection: UpstreamConnection | undefined = undefined;
  #pending: (string | Buffer)[] = [];
  #pendingBytes = 0;
  #requestDone = false;
  #over = false;
  readonly #timer: NodeJS.Timeout;
  readonly #isHead: boolean;

  private constructor(cluster: Cluster, endpoint: Endpoint, head: string) {
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#pending.push(head);
    this.#isHead = head.startsWith('HEAD ');
    inFlight++;
    this.#timer = setTimeout(() => this.abandon(), mirrorTimeoutMs);
    this.#timer.unref();
  }

  /** Undefined when there is no place or no endpoint for it. */
  static start(
    cluster: Cluster,
    options: {
      readonly head: string;
      readonly authority: string;
      readonly dice: (limit: number) => number;
    },
  ): MirrorCall | undefined {
    if (inFlight >= maxMirrorCalls) return undefined;
    const endpoint = cluster.pick({ hash: undefined, dice: options.dice }, undefined);
    if (endpoint === undefined || !cluster.beginRequest(endpoint, 'default')) return undefined;
    const call = new MirrorCall(cluster, endpoint, options.head);
    const acquired = cluster.acquire(endpoint, call, { authority: options.authority, alpn: [] });
    if (acquired === 'overflow') call.#end();
    else if (acquired !== 'waiting') call.upstreamReady(acquired);
    return call;
  }

  body(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#connection !== undefined) {
      const behind = this.#connection.socket.writableLength;
      if (behind > maxMirrorBytes) this.abandon();
      else this.#connection.writeBytes(Buffer.from(bytes));
      return;
    }
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > maxMirrorBytes) this.abandon();
    else this.#pending.push(Buffer.from(bytes));
  }

  bodyEnd(): void {
    this.#requestDone = true;
    if (this.#connection !== undefined) this.#connection.requestDone = true;
  }

  abandon(): void {
    if (this.#over) return;
    this.#cluster.cancelWaiting(this);
    const connection = this.#connection;
    this.#end();
    connection?.destroy();
  }

  upstreamReady(connection: UpstreamConnection): void {
    if (this.#over) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    connection.begin(this);
    connection.isHeadRequest = this.#isHead;
    connection.requestDone = this.#requestDone;
    for (const piece of this.#pending.splice(0)) {
      if (typeof piece === 'string') sendHeadText(connection, piece);
      else connection.writeBytes(piece);
    }
  }

  upstreamHead(connection: UpstreamConnection): void {
    const { status } = connection.response;
    if (status >= 200) this.#cluster.stats.requestStatus.count(status);
  }

  upstreamBody(): boolean {
    return true;
  }
  upstreamFlush(): void {
    // Nobody reads the answer.
  }
  upstreamDrained(): void {
    // Bodies are bounded instead of paused.
  }
  upstreamEnd(): void {
    this.#end();
  }
  upstreamFailed(): void {
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    inFlight--;
    clearTimeout(this.#timer);
    this.#connection = undefined;
    this.#pending = [];
    this.#cluster.endRequest(this.#endpoint);
  }
}
