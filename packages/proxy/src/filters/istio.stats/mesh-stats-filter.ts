import type { EndpointEntry, ListenerTable } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Downstream } from '../../http/downstream.ts';
import type { Exchange, PeerFacts } from '../../http/exchange.ts';
import type { FilterVerdict, HttpFilter, RequestFilter } from '../../http/http-filter.ts';
import type { MessageHead } from '../../http1/head-parser.ts';
import type { Counter, Histogram } from '../../stats/metric.ts';
import type { StatsRegistry } from '../../stats/registry.ts';
import { type ConnectionTls, connectionTls } from '../../tls/connection-tls.ts';
import { upstreamTlsOf } from '../../tls/upstream-tls.ts';
import { endpointFacts, type MeshIdentity, parsePeerHeader } from './mesh-identity.ts';
import { type CallFacts, meshLabels, serviceOf, unknownPeer } from './mesh-labels.ts';
import { type Principals, principalsOf, securityOf } from './mesh-principals.ts';

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

const inboundTls = ({ tls }: Downstream): ConnectionTls | undefined =>
  tls === undefined ? undefined : connectionTls(tls);

/** Facts of endpoints by their metadata: parsed once. */
const factsOfEndpoints = new WeakMap<object, PeerFacts>();

const factsOfEndpoint = ({ metadata }: EndpointEntry): PeerFacts => {
  const known = factsOfEndpoints.get(metadata);
  if (known !== undefined) return known;
  const facts = endpointFacts(metadata) ?? unknownPeer;
  factsOfEndpoints.set(metadata, facts);
  return facts;
};

/** What tells one combination of labels from another, besides what the exchange says. */
interface CallSides {
  readonly peer: PeerFacts | undefined;
  readonly isGrpc: boolean;
  readonly principals: Principals;
}

/** The last combination of a cluster: most requests repeat it. */
interface LastCall {
  readonly code: number;
  readonly flags: string;
  readonly peer: PeerFacts | undefined;
  readonly principals: Principals;
  readonly metrics: CallMetrics;
}

const peerKey = (peer: PeerFacts): string =>
  `${peer['workload']} ${peer['namespace']} ${peer['version']} ${peer['cluster']}`;

/** Istio's standard metrics, and the exchange of metadata they need. */
class MeshStats {
  readonly #identity: MeshIdentity;
  readonly #stats: StatsRegistry;
  readonly #isInbound: boolean;
  readonly #calls = new Map<string, CallMetrics>();
  readonly #lastCalls = new WeakMap<Cluster, LastCall>();

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
    const { cluster, responseCode: code, flags } = exchange;
    const peer = this.#peerOf(exchange);
    const isGrpc = exchange.header('content-type')?.startsWith('application/grpc') === true;
    const principals = this.#principalsOf(exchange);
    if (cluster === undefined || cluster.isOriginalDestination || isGrpc) {
      return this.#find(exchange, { peer, isGrpc, principals });
    }
    const last = this.#lastCalls.get(cluster);
    if (last !== undefined && last.peer === peer && last.principals === principals) {
      if (last.code === code && last.flags === flags) return last.metrics;
    }
    const metrics = this.#find(exchange, { peer, isGrpc, principals });
    this.#lastCalls.set(cluster, { code, flags, peer, principals, metrics });
    return metrics;
  }

  #find(exchange: Exchange, call: CallSides): CallMetrics {
    const { cluster } = exchange;
    const { peer, isGrpc, principals } = call;
    const isKnown = cluster !== undefined && !cluster.isOriginalDestination;
    const host = isKnown ? '' : exchange.authority.slice(0, maxHostCharacters);
    const grpcStatus = isGrpc ? (exchange.grpcStatus ?? '') : '';
    const who = peer === undefined ? '' : peerKey(peer);
    const sides = `${principals.source} ${principals.destination} ${principals.isMutual}`;
    const key = `${exchange.responseCode} ${exchange.flags} ${cluster?.name ?? ''} ${host} ${isGrpc} ${grpcStatus} ${sides} ${who}`;
    const found = this.#calls.get(key);
    if (found !== undefined) return found;
    const labels = {
      ...meshLabels(this.#callFacts(exchange, call)),
      response_code: String(exchange.responseCode),
      ...(isGrpc && { grpc_response_status: grpcStatus }),
    };
    const made = this.#make(labels);
    if (this.#calls.size < maxCalls) this.#calls.set(key, made);
    return made;
  }

  #principalsOf({ connection, endpoint }: Exchange): Principals {
    if (this.#isInbound) return principalsOf(inboundTls(connection), true);
    return principalsOf(endpoint && upstreamTlsOf(endpoint), false);
  }

  /** By header; outbound else by what the control plane says of the endpoint. */
  #peerOf({ peer, endpoint }: Exchange): PeerFacts | undefined {
    if (peer !== undefined || this.#isInbound || endpoint === undefined) return peer;
    return factsOfEndpoint(endpoint.entry);
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

  #callFacts(exchange: Exchange, known: CallSides): CallFacts {
    const own = this.#identity.facts;
    const other = known.peer ?? unknownPeer;
    const isInbound = this.#isInbound;
    const { source, destination, isMutual } = known.principals;
    return {
      reporter: isInbound ? 'destination' : 'source',
      source: isInbound ? other : own,
      destination: isInbound ? own : other,
      service: serviceOf(exchange.cluster, exchange.authority.slice(0, maxHostCharacters)),
      sourcePrincipal: source,
      destinationPrincipal: destination,
      security: securityOf(isInbound, isMutual),
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
