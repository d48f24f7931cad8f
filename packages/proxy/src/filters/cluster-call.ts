import type { Dice } from '@lateen/routing';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { UpstreamConnection, UpstreamUser } from '../http/upstream-connection.ts';
import type { HeaderBlock } from '../http1/header-block.ts';
import { sendHeadText } from '../http2/head-text.ts';

/** One request of the proxy itself. */
export interface CallRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly authority: string;
  /** Lower-case names; `content-length` and `host` are added. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** For the whole call; 0: none. */
  readonly timeoutMs: number;
  readonly dice: Dice;
}

/** What came of a call. */
export type CallResult =
  | {
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Buffer;
      readonly trailers: HeaderBlock | undefined;
    }
  | { readonly failure: string };

/** Bytes of an answer at most: keys, decisions and pages of refusal are small. */
const maxAnswerBytes = 1_048_576;

const lineOf = ([name, value]: readonly [string, string]): string => `${name}: ${value}\r\n`;

/** Names and values come out of requests, and from there only well-formed ones: checked all the same. */
const isSafe = ([name, value]: readonly [string, string]): boolean =>
  /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && !/[\r\n\0]/.test(value);

const headOf = ({ method, path, authority, headers, body }: CallRequest): string => {
  const lines = headers.filter(isSafe).map(lineOf).join('');
  const length = lineOf(['content-length', String(body.length)]);
  return `${method} ${path} HTTP/1.1\r\n${lineOf(['host', authority])}${lines}${length}\r\n`;
};

class ClusterCall implements UpstreamUser {
  readonly #cluster: Cluster;
  readonly #request: CallRequest;
  readonly #done: (result: CallResult) => void;
  #endpoint: Endpoint | undefined = undefined;
  #connection: UpstreamConnection | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #status = 0;
  #headers: readonly (readonly [string, string])[] = [];
  #parts: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(cluster: Cluster, request: CallRequest, done: (result: CallResult) => void) {
    this.#cluster = cluster;
    this.#request = request;
    this.#done = done;
  }

  start(): void {
    const { dice, authority, timeoutMs } = this.#request;
    const cluster = this.#cluster;
    const endpoint = cluster.pick({ hash: undefined, dice }, undefined);
    if (endpoint === undefined || !cluster.beginRequest(endpoint, 'default')) {
      this.#finish({ failure: endpoint === undefined ? 'no healthy upstream' : 'overflow' });
      return;
    }
    this.#endpoint = endpoint;
    if (timeoutMs > 0) {
      this.#timer = setTimeout(() => this.#abort({ failure: 'timeout' }), timeoutMs);
    }
    const acquired = cluster.acquire(endpoint, this, { authority, alpn: [], protocol: 'http1' });
    if (acquired === 'overflow') this.#finish({ failure: 'overflow' });
    else if (acquired !== 'waiting') this.upstreamReady(acquired);
  }

  cancel(): void {
    this.#abort(undefined);
  }

  #abort(result: CallResult | undefined): void {
    if (this.#over) return;
    this.#cluster.cancelWaiting(this);
    const connection = this.#connection;
    this.#finish(result);
    connection?.destroy();
  }

  upstreamReady(connection: UpstreamConnection): void {
    if (this.#over) {
      connection.destroy();
      return;
    }
    const { body } = this.#request;
    this.#connection = connection;
    connection.begin(this);
    connection.isHeadRequest = this.#request.method === 'HEAD';
    connection.requestDone = body.length === 0;
    sendHeadText(connection, headOf(this.#request));
    if (body.length === 0) return;
    connection.writeBytes(body);
    connection.requestDone = true;
  }

  upstreamHead(connection: UpstreamConnection): void {
    const { response } = connection;
    if (response.status < 200) return;
    connection.decodeChunks = connection.isChunked;
    this.#status = response.status;
    this.#headers = [...response.entries()];
    this.#cluster.stats.requestStatus.count(response.status);
  }

  upstreamBody(_: UpstreamConnection, bytes: Buffer, start: number, end: number): boolean {
    this.#bytes += end - start;
    if (this.#bytes > maxAnswerBytes) this.#abort({ failure: 'the answer is too large' });
    else this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }

  upstreamFlush(): void {
    // Looked at when it is whole.
  }
  upstreamDrained(): void {
    // The body went out in one write.
  }

  upstreamEnd(connection: UpstreamConnection): void {
    const { trailers } = connection;
    const body = Buffer.concat(this.#parts);
    this.#finish({ status: this.#status, headers: this.#headers, body, trailers });
  }

  upstreamFailed(_failure: string, detail: string): void {
    this.#finish({ failure: detail });
  }

  #finish(result: CallResult | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#connection = undefined;
    this.#parts = [];
    if (this.#endpoint !== undefined) this.#cluster.endRequest(this.#endpoint);
    if (result !== undefined) this.#done(result);
  }
}

/**
 * Asks a cluster something on the proxy's own account. `done` is called once, perhaps before this
 * returns, and never after `cancel`.
 */
export const callCluster = (
  cluster: Cluster,
  request: CallRequest,
  done: (result: CallResult) => void,
): { cancel(): void } => {
  const call = new ClusterCall(cluster, request, done);
  call.start();
  return call;
};
