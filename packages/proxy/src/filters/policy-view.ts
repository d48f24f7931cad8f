import {
  metadataAt,
  type PolicyConnection,
  type PolicyRequest,
  type RequestHead,
  type TlsPeer,
} from '@lateen/routing';
import type { Downstream } from '../http/downstream.ts';
import type { Exchange } from '../http/exchange.ts';
import { type ConnectionTls, connectionTls } from '../tls/connection-tls.ts';

const noPeer: TlsPeer = { uriSans: [], dnsSans: [], subject: '' };

/** IPv4 addresses come mapped into IPv6 on sockets for both: policies name them plainly. */
export const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;

/** Both ends of a connection and what its TLS says. */
export interface ConnectionFacts {
  readonly remote: string;
  /** `address:port` of our end. */
  readonly localLabel: string;
  readonly serverName: string;
  readonly tls: ConnectionTls | undefined;
}

/** A connection as policies see it. */
export const policyConnection = (facts: ConnectionFacts): PolicyConnection => {
  const { localLabel, tls } = facts;
  const colon = localLabel.lastIndexOf(':');
  const source = plainAddress(facts.remote);
  return {
    destinationAddress: plainAddress(localLabel.slice(0, colon)),
    destinationPort: Number(localLabel.slice(colon + 1)),
    sourceAddress: source,
    directRemoteAddress: source,
    serverName: facts.serverName,
    peer: tls === undefined ? undefined : (tls.peer ?? noPeer),
  };
};

const connections = new WeakMap<object, PolicyConnection>();

const connectionOf = (connection: Downstream): PolicyConnection => {
  const key = connection.tls ?? connection;
  const known = connections.get(key);
  if (known !== undefined) return known;
  const { tls: socket, remote, localLabel } = connection;
  const tls = socket === undefined ? undefined : connectionTls(socket);
  const made = policyConnection({ remote, localLabel, tls, serverName: tls?.serverName ?? '' });
  connections.set(key, made);
  return made;
};

/** An exchange as policies see it. */
export class ExchangePolicyRequest implements PolicyRequest {
  readonly connection: PolicyConnection;
  readonly head: RequestHead;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.head = exchange;
    this.connection = connectionOf(exchange.connection);
  }

  get remoteAddress(): string {
    return plainAddress(this.#exchange.clientAddress);
  }

  headerLines(name: string): readonly string[] {
    const { request } = this.#exchange;
    const values: string[] = [];
    for (let line = request.indexOf(name); line >= 0; line = request.indexOf(name, line + 1))
      values.push(request.valueAt(line));
    return values;
  }

  dynamicMetadata(namespace: string, path: readonly string[]): unknown {
    return this.#exchange.dynamicMetadata(namespace, path);
  }

  routeMetadata(namespace: string, path: readonly string[]): unknown {
    const { route } = this.#exchange;
    return route === undefined ? undefined : metadataAt(route.metadata[namespace], path);
  }

  /** No filter sets any. */
  filterState(_key: string): undefined {
    return undefined;
  }
}
