import type { ListenerTable } from '@lateen/routing';
import type { Exchange, PeerFacts } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { MessageHead } from '../../http1/head-parser.ts';
import type { Counter, Histogram } from '../../stats/metric.ts';
import type { StatsRegistry } from '../../stats/registry.ts';
import { subjectNames } from '../../tls/peer-check.ts';
import { endpointFacts, type MeshIdentity, parsePeerHeader } from './mesh-identity.ts';
import { type CallFacts, meshLabels, serviceOf, unknownPeer } from './mesh-labels.ts';

/** Istio's name of the filter. */
export const meshStatsFilterName = 'istio.stats';

const metadataHeader = 'x-envoy-peer-metadata';
const idHeader = 'x-envoy-peer-metadata-id';

/** Peers remembered; their facts are decoded once. */
const maxPeers = 2048;
/** Combinations of labels found at once; more are looked up in the registry. */
const maxCalls = 8192;

/** The four metrics of one combination of labels. */
interface CallMetrics {
  readonly requests: Counter;
  readonly durationMs: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

/** Facts of peers by id, decoded once. */
class PeerCache {
  readonly #facts = new Map<string, PeerFacts>();

  /** Takes both headers off the head; undefined when there were none. */
  take(head: MessageHead): PeerFacts | undefined {
    const metadata = head.indexOf(metadataHeader);
    const id = head.indexOf(idHeader);
    if (metadata < 0 && id < 0) return undefined;
    const value = metadata < 0 ? '' : head.valueAt(metadata);
    const key = `${id < 0 ? '' : head.valueAt(id)} ${value.length}`;
    head.remove(metadataHeader);
    head.remove(idHeader);
    const known = this.#facts.get(key);
    if (known !== undefined) return known;
    const facts = parsePeerHeader(value);
    if (facts === undefined) return undefined;
    if (this.#facts.size >= maxPeers) this.#facts.clear();
    this.#facts.set(key, facts);
    return facts;
  }
}

const addIdentity = (head: MessageHead, { id, header }: MeshIdentity): void => {
  head.append(metadataHeader, header);
  head.append(idHeader, id);
};

/** To a sidecar: the client says who it is, we answer who we are. */
class InboundExchange implements RequestFilter {
  readonly #identity: MeshIdentity;
  readonly #peers: PeerCache;

  constructor(identity: MeshIdentity, peers: PeerCache) {
    this.#identity = identity;
    this.#peers = peers;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    exchange.peer = this.#peers.take(exchange.request);
    return 'continue';
  }

  onResponse(exchange: Exchange, response: MessageHead): void {
    if (exchange.peer !== undefined) addIdentity(response, this.#identity);
  }
}

/** From a sidecar or gateway: what clients claim is dropped, we say who we are, the server answers. */
class OutboundExchange implements RequestFilter {
  readonly #identity: MeshIdentity;
  readonly #peers: PeerCache;

  constructor(identity: MeshIdentity, peers: PeerCache) {
    this.#identity = identity;
    this.#peers = peers;
  }

  onRequest(exchange: Exchange): FilterVerdict {
    const { request, cluster } = exchange;
    request.remove(metadataHeader);
    request.remove(idHeader);
    // Outside the mesh nobody needs to know.
    if (cluster !== undefined && !cluster.isOriginalDestination) {
      addIdentity(request, this.#identity);
    }
    return 'continue';
  }

  onResponse(exchange: Exchange, response: MessageHead): void {
    exchange.peer = this.#peers.take(response);
  }
}

const principalOf = (exchange: Exchange): string => {
  const { tls } = exchange.connection;
  if (tls === undefined) return 'unknown';
  const uri = subjectNames(tls.getPeerCertificate()).find(({ type }) => type === 'uri');
  return uri?.value ?? 'unknown';
};

/** What tells one combination of labels from another. */
interface IdentifiedCall {
  readonly key: string;
  readonly peer: PeerFacts | undefined;
  readonly isGrpc: boolean;
  readonly grpcStatus: string;
  readonly principal: string;
}

const peerKey = (peer: PeerFacts): string =>
  `${peer['workload']} ${peer['namespace']} ${peer['version']} ${peer['cluster']}`;

/** Istio's standard metrics, and the exchange of metadata they need. */
class MeshStats {
  readonly #identity: MeshIdentity;
  readonly #stats: StatsRegistry;
  readonly #isInbound: boolean;
  readonly #calls = new Map<string, CallMetrics>();

  constructor(identity: MeshIdentity, stats: StatsRegistry, isInbound: boolean) {
    this.#identity = identity;
    this.#stats = stats;
    this.#isInbound = isInbound;
  }

  count(exchange: Exchange): void {
    const metrics = this.#metricsOf(exchange);
    metrics.requests.value++;
    metrics.durationMs.observe(exchange.durationMs);
    metrics.requestBytes.observe(exchange.requestHeadBytes + exchange.bytesReceived);
    metrics.responseBytes.observe(exchange.responseHeadBytes + exchange.bytesSent);
  }

  #metricsOf(exchange: Exchange): CallMetrics {
    const call = this.#identify(exchange);
    const found = this.#calls.get(call.key);
    if (found !== undefined) return found;
    const labels = {
      ...meshLabels(this.#callFacts(exchange, call)),
      response_code: String(exchange.responseCode),
      ...(call.isGrpc && { grpc_response_status: call.grpcStatus }),
    };
    const made = this.#make(labels);
    if (this.#calls.size < maxCalls) this.#calls.set(call.key, made);
    return made;
  }

  #identify(exchange: Exchange): IdentifiedCall {
    const { cluster, connection } = exchange;
    const peer = this.#peerOf(exchange);
    const isKnown = cluster !== undefined && !cluster.isOriginalDestination;
    const host = isKnown ? '' : exchange.authority.slice(0, maxHostCharacters);
    const isGrpc = exchange.header('content-type')?.startsWith('application/grpc') === true;
    const grpcStatus = isGrpc ? (exchange.response?.get('grpc-status') ?? '') : '';
    const principal = connection.isTls && this.#isInbound ? principalOf(exchange) : 'unknown';
    const who = peer === undefined ? '' : peerKey(peer);
    const key = `${exchange.responseCode} ${exchange.flags} ${cluster?.name ?? ''} ${host} ${isGrpc} ${grpcStatus} ${principal} ${who}`;
    return { key, peer, isGrpc, grpcStatus, principal };
  }

  /** By header; outbound else by what the control plane says of the endpoint. */
  #peerOf({ peer, endpoint }: Exchange): PeerFacts | undefined {
    if (peer !== undefined || this.#isInbound || endpoint === undefined) return peer;
    return endpointFacts(endpoint.entry.metadata);
  }

  #make(labels: Readonly<Record<string, string>>): CallMetrics {
    const stats = this.#stats;
    return {
      requests: stats.counter('istio_requests_total', labels),
      durationMs: stats.histogram('istio_request_duration_milliseconds', labels),
      requestBytes: stats.histogram('istio_request_bytes', labels),
      responseBytes: stats.histogram('istio_response_bytes', labels),
    };
  }

  #callFacts(exchange: Exchange, known: IdentifiedCall): CallFacts {
    const own = this.#identity.facts;
    const other = known.peer ?? unknownPeer;
    const isInbound = this.#isInbound;
    const isMutual = known.principal !== 'unknown';
    return {
      reporter: isInbound ? 'destination' : 'source',
      source: isInbound ? other : own,
      destination: isInbound ? own : other,
      service: serviceOf(exchange.cluster, exchange.authority.slice(0, maxHostCharacters)),
      sourcePrincipal: known.principal,
      destinationPrincipal: 'unknown',
      security: isInbound ? (isMutual ? 'mutual_tls' : 'none') : 'unknown',
      protocol: known.isGrpc ? 'grpc' : 'http',
      flags: exchange.flags,
    };
  }
}

/** Hosts are chosen by clients: labels keep this much of them (DNS names are shorter). */
const maxHostCharacters = 253;

/** The filter for one listener; its direction decides who reports. */
export const createMeshStatsFilter = (
  listener: ListenerTable,
  identity: MeshIdentity,
  stats: StatsRegistry,
): HttpFilter => {
  const isInbound = listener.direction === 'inbound';
  const peers = new PeerCache();
  const filter = isInbound
    ? new InboundExchange(identity, peers)
    : new OutboundExchange(identity, peers);
  const metrics = new MeshStats(identity, stats, isInbound);
  return {
    name: meshStatsFilterName,
    forRoute: () => filter,
    onComplete: (exchange) => metrics.count(exchange),
  };
};
