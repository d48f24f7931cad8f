import type { ForwardAction } from '@lateen/routing';
import type { UpstreamConnection } from '../../http/upstream-connection.ts';
import { latin1Slice } from '../../http1/latin1.ts';
import { RequestBody } from './request-body.ts';
import type { RouterHost } from './router-host.ts';
import { requestLine, rewriteAuthority } from './upstream-head.ts';

/** Pieces of a body up to this join the head in one write. */
const smallPieceBytes = 4096;

/** Shared by all requests without a body: nothing is ever added. */
const noBody: RequestBody = new RequestBody(false);

/** Writes one request to the connection of each try: the head leaves with the first bytes of the body. */
export class RequestWriter {
  readonly #exchange: RouterHost;
  readonly #action: ForwardAction;
  readonly #body: RequestBody;
  #path = '';
  #head = '';
  /** Undefined: the one that came is right. */
  startLine: string | undefined = undefined;

  constructor(exchange: RouterHost, action: ForwardAction) {
    this.#exchange = exchange;
    this.#action = action;
    this.#body = exchange.hasBody ? new RequestBody(action.retry !== undefined) : noBody;
  }

  /** All of the body so far is here: the request can be sent once more. */
  get isWhole(): boolean {
    return this.#body.whole;
  }

  /** The path that goes upstream, once the route has been applied. */
  setPath(path: string): void {
    this.#path = path;
    this.startLine = requestLine(this.#exchange, path);
  }

  /** Begins a try on its connection; `hostname`: the endpoint's. */
  begin(connection: UpstreamConnection, hostname: string | undefined): void {
    const { requestDone } = this.#exchange;
    this.#head = this.#open(connection, hostname);
    connection.requestDone = requestDone;
    if (requestDone || this.#body.pieces.length > 0) this.#writeKept(connection);
  }

  /** The head as text, or '' when it has gone out in frames. */
  #open(connection: UpstreamConnection, hostname: string | undefined): string {
    const exchange = this.#exchange;
    const { request } = exchange;
    if (this.#action.autoHostRewrite && hostname) {
      rewriteAuthority(exchange, this.#action, hostname);
    }
    if (exchange.virtualHost?.includeRequestAttemptCount === true) {
      request.remove('x-envoy-attempt-count');
      request.append('x-envoy-attempt-count', String(exchange.tries));
    }
    if (connection.outlet === undefined) return request.serialize(this.startLine);
    const { method, scheme } = exchange;
    connection.outlet.sendHead({ method, scheme, path: this.#path }, request);
    return '';
  }

  #writeKept(connection: UpstreamConnection): void {
    const { pieces } = this.#body;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) this.#write(connection, only);
    else {
      this.flush(connection);
      for (const piece of pieces) connection.writeBytes(piece);
    }
    this.#body.flushed();
  }

  /** A piece of the body; without a connection it is kept. False: wait. */
  body(connection: UpstreamConnection | undefined, piece: Buffer): boolean {
    this.#body.add(piece, connection !== undefined);
    return connection === undefined ? !this.#body.isFull : this.#write(connection, piece);
  }

  #write(connection: UpstreamConnection, piece: Buffer): boolean {
    const head = this.#head;
    if (head !== '' && piece.length <= smallPieceBytes) {
      this.#head = '';
      return connection.writeText(head + latin1Slice(piece, 0, piece.length));
    }
    this.flush(connection);
    return connection.writeBytes(piece);
  }

  /** The head goes out even when no body has come yet. */
  flush(connection: UpstreamConnection | undefined): void {
    if (this.#head === '') return;
    connection?.writeText(this.#head);
    this.#head = '';
  }

  /** The try is over: a head that has not left belongs to nobody. */
  endTry(): void {
    this.#head = '';
  }

  /** The response has begun: the request is not sent again. */
  end(): void {
    this.#body.drop();
  }
}
