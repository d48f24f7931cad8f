import type net from 'node:net';
import type { FilterChainTable } from '@lateen/routing';
import type { PeerFacts } from '../../http/exchange.ts';
import type { Counter } from '../../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';
import type { MeshIdentity } from '../istio.stats/mesh-identity.ts';
import { encodePeerFrame, PeerFrameReader } from './peer-frame.ts';

/** After this the peer counts as unknown; half a frame then ends the connection. */
const exchangeTimeoutMs = 5_000;

/** The protocol by which connections of a chain exchange who is who; undefined: they do not. */
export const exchangeProtocolOf = ({ filters }: FilterChainTable): string | undefined => {
  for (const { settings } of filters) {
    if (settings.kind === 'metadata-exchange') return settings.protocol;
  }
  return undefined;
};

/** Envoy's counters of the filter. */
class ExchangeStats {
  readonly protocolFound: Counter;
  readonly protocolNotFound: Counter;
  readonly initialHeaderNotFound: Counter;
  readonly headerNotFound: Counter;
  readonly metadataAdded: Counter;

  constructor(stats: StatsRegistry) {
    const prefix = 'metadata_exchange';
    const scope = new StatsScope(stats, { prefix, family: `envoy_${prefix}`, labels: {} });
    this.protocolFound = scope.counter('alpn_protocol_found');
    this.protocolNotFound = scope.counter('alpn_protocol_not_found');
    this.initialHeaderNotFound = scope.counter('initial_header_not_found');
    this.headerNotFound = scope.counter('header_not_found');
    this.metadataAdded = scope.counter('metadata_added');
  }
}

/** The exchange on one connection, or none of it: bytes then pass as they come. */
export interface PeerSide {
  /** What of a chunk is the application's. */
  take(chunk: Buffer): Buffer;
  /** The stream ended: what of it was held back. */
  end(): Buffer;
  /** Called once: who the peer is, undefined where it does not say. */
  whenKnown(known: (peer: PeerFacts | undefined) => void): void;
}

const nothing: Buffer = Buffer.alloc(0);

const noExchange: PeerSide = {
  take: (chunk) => chunk,
  end: () => nothing,
  whenKnown: (known) => known(undefined),
};

/** Reads what the peer of one socket says of itself. */
class SocketExchange implements PeerSide {
  readonly #socket: net.Socket;
  readonly #stats: ExchangeStats;
  readonly #reader = new PeerFrameReader();
  readonly #timer: NodeJS.Timeout;
  #known: ((peer: PeerFacts | undefined) => void) | undefined = undefined;
  #isPending = true;

  constructor(socket: net.Socket, stats: ExchangeStats) {
    this.#socket = socket;
    this.#stats = stats;
    this.#timer = setTimeout(() => this.#giveUp(), exchangeTimeoutMs);
    this.#timer.unref();
    socket.once('close', () => this.#settle());
  }

  take(chunk: Buffer): Buffer {
    if (this.#reader.state !== 'reading') return this.#reader.take(chunk);
    const rest = this.#reader.take(chunk);
    this.#count();
    return rest;
  }

  end(): Buffer {
    if (this.#reader.state !== 'reading') return nothing;
    const rest = this.#reader.end();
    this.#count();
    return rest;
  }

  whenKnown(known: (peer: PeerFacts | undefined) => void): void {
    if (this.#isPending) this.#known = known;
    else known(this.#reader.peer);
  }

  #count(): void {
    const { state } = this.#reader;
    if (state === 'reading') return;
    if (state === 'absent') this.#stats.initialHeaderNotFound.value++;
    else if (state !== 'found') this.#stats.headerNotFound.value++;
    if (state === 'oversized') this.#socket.destroy();
    this.#settle();
  }

  /** A frame that begins later is still taken off the stream; its peer is not reported any more. */
  #giveUp(): void {
    if (this.#reader.isInside) {
      this.#stats.headerNotFound.value++;
      this.#socket.destroy();
    }
    this.#settle();
  }

  #settle(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    clearTimeout(this.#timer);
    this.#known?.(this.#reader.peer);
    this.#known = undefined;
  }
}

/** What the exchange of a chain is made of. */
export interface MetadataExchangeParts {
  readonly identity: MeshIdentity;
  readonly stats: StatsRegistry;
  /** Of the chain; undefined: clients are not asked who they are. */
  readonly protocol: string | undefined;
}

/**
 * `istio.metadata_exchange` for TCP. Both ends write who they are before their first byte, and wait
 * for nothing: what the peer says is taken off what it sends.
 */
export class MetadataExchange {
  readonly #frame: Buffer;
  readonly #stats: ExchangeStats;
  readonly #protocol: string | undefined;

  constructor({ identity, stats, protocol }: MetadataExchangeParts) {
    this.#frame = encodePeerFrame(identity);
    this.#stats = new ExchangeStats(stats);
    this.#protocol = protocol;
  }

  /** Towards a client; `agreed` is the ALPN value of its connection. */
  withClient(socket: net.Socket, agreed: string | undefined): PeerSide {
    return this.#begin(socket, this.#protocol, agreed);
  }

  /** Towards a server whose cluster does it by `protocol`. */
  withServer(
    socket: net.Socket,
    protocol: string | undefined,
    agreed: string | undefined,
  ): PeerSide {
    return this.#begin(socket, protocol, agreed);
  }

  #begin(socket: net.Socket, protocol: string | undefined, agreed: string | undefined): PeerSide {
    if (protocol === undefined) return noExchange;
    if (protocol === '' || agreed !== protocol) {
      this.#stats.protocolNotFound.value++;
      return noExchange;
    }
    this.#stats.protocolFound.value++;
    socket.write(this.#frame);
    this.#stats.metadataAdded.value++;
    return new SocketExchange(socket, this.#stats);
  }
}
