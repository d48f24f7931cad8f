import type { Exchange, PeerFacts } from '../../http/exchange.ts';
import type { FilterVerdict, RequestFilter } from '../../http/http-filter.ts';
import type { MessageHead } from '../../http1/head-parser.ts';
import { type MeshIdentity, parsePeerHeader } from './mesh-identity.ts';

const metadataHeader = 'x-envoy-peer-metadata';
const idHeader = 'x-envoy-peer-metadata-id';

/** Peers remembered; their facts are decoded once. */
const maxPeers = 2048;
/** Headers of mesh proxies have about 400 characters; longer ones are decoded each time and not kept. */
const maxKeptCharacters = 2048;

interface KnownPeer {
  /** The header they were decoded from: another header with the same id is somebody else's. */
  readonly header: string;
  readonly facts: PeerFacts;
}

/** Facts of peers by id, decoded once. */
class PeerCache {
  readonly #peers = new Map<string, KnownPeer>();

  /** Takes both headers off the head; undefined when there were none. */
  take(head: MessageHead): PeerFacts | undefined {
    const metadata = head.indexOf(metadataHeader);
    const id = head.indexOf(idHeader);
    if (metadata < 0 && id < 0) return undefined;
    const value = metadata < 0 ? '' : head.valueAt(metadata);
    const key = id < 0 ? '' : head.valueAt(id);
    head.remove(metadataHeader);
    head.remove(idHeader);
    const known = this.#peers.get(key);
    if (known !== undefined && known.header === value) return known.facts;
    const facts = parsePeerHeader(value);
    if (facts === undefined || value.length > maxKeptCharacters) return facts;
    if (this.#peers.size >= maxPeers) this.#peers.clear();
    this.#peers.set(key, { header: value, facts });
    return facts;
  }
}

const addIdentity = (head: MessageHead, { id, header }: MeshIdentity): void => {
  head.append(metadataHeader, header);
  head.append(idHeader, id);
};

/** What the exchange of a listener is made of. */
export interface PeerExchangeParts {
  readonly identity: MeshIdentity;
  readonly isInbound: boolean;
  /** Told of each request. */
  readonly begin: (exchange: Exchange) => void;
}

/** With what it remembers of peers. */
interface ExchangeParts extends PeerExchangeParts {
  readonly peers: PeerCache;
}

/** To a sidecar: the client says who it is, we answer who we are. */
class InboundExchange implements RequestFilter {
  readonly #parts: ExchangeParts;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    this.#parts.begin(exchange);
    exchange.peer = this.#parts.peers.take(exchange.request);
    return 'continue';
  }

  onResponse(exchange: Exchange, response: MessageHead): void {
    if (exchange.peer !== undefined) addIdentity(response, this.#parts.identity);
  }
}

/** From a sidecar or gateway: what clients claim is dropped, we say who we are, the server answers. */
class OutboundExchange implements RequestFilter {
  readonly #parts: ExchangeParts;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const { request, cluster } = exchange;
    this.#parts.begin(exchange);
    request.remove(metadataHeader);
    request.remove(idHeader);
    // Outside the mesh nobody needs to know.
    if (cluster !== undefined && !cluster.isOriginalDestination) {
      addIdentity(request, this.#parts.identity);
    }
    return 'continue';
  }

  onResponse(exchange: Exchange, response: MessageHead): void {
    exchange.peer = this.#parts.peers.take(response);
  }
}

/** The part of the filter that exchanges who is who, for one listener. */
export const createPeerExchange = (parts: PeerExchangeParts): RequestFilter => {
  const own = { ...parts, peers: new PeerCache() };
  return own.isInbound ? new InboundExchange(own) : new OutboundExchange(own);
};
